"""Does `validate` see every fault? Corrupt copies of the valid package and see that it names each.

Each kind is one way to corrupt a copy, of which the schema or a rule speaks. A mutant is caught
when `validate` names the right file, row and field without a traceback.
"""

from __future__ import annotations

from stress.kinds import kinds_of
from stress.mutants import cells, descriptor, evidence, files, meaning, periods, rows, text

ROOMS = (cells, text, rows, periods, meaning, evidence, files, descriptor)
KINDS = kinds_of(*ROOMS, separator="-")
