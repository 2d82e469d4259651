"""Corrupt copies of the valid package, and check that `validate` names each corruption.

Each kind is one way to break the schema or a rule in a copy. A mutant is caught if `validate` names
the right file, row and field without a traceback.
"""

from __future__ import annotations

from stress.kinds import kinds_of
from stress.mutants import cells, descriptor, evidence, files, meaning, periods, rows, text

ROOMS = (cells, text, rows, periods, meaning, evidence, files, descriptor)
KINDS = kinds_of(*ROOMS, separator="-")
