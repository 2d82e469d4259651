"""Kill, starve and disturb every verb that writes: is anything lost or half-written?

Works on copies and clones in a temporary folder. Each time the old files must be there with their
bytes or the new ones complete, what failed must say so in one sentence, and the next run must
succeed and leave nothing behind.
"""

from __future__ import annotations

from stress.crash import at_once, disk, kills, power, releases, site
from stress.kinds import kinds_of

KINDS = kinds_of(kills, releases, disk, power, at_once, site)
