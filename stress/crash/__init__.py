"""Kill and disturb every verb that writes, and check that nothing is lost or half-written.

The verbs work on copies and clones in a temporary folder. Each time there must be the old files,
unchanged, or the new ones, complete; a verb that fails must say so in one sentence; and the next
run must succeed and leave nothing behind.
"""

from __future__ import annotations

from stress.crash import at_once, disk, kills, power, releases, site
from stress.kinds import kinds_of

KINDS = kinds_of(kills, releases, disk, power, at_once, site)
