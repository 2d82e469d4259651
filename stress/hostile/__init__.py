"""Send hostile requests to the served site, and check that every answer is harmless.

A seeded corpus is sent over raw sockets. An answer is wrong if its status is 500 or above, if it is
missing although the request was HTTP, leads to another site, sets a cookie, lacks a header of the
site or has an unknown one, has another length than it says, or shows a path, a traceback, markup
from the request, or an error of SQL. SQL in a parameter must not find more rows than plain words.
"""

from __future__ import annotations

from stress.hostile.attack import reproduced
from stress.hostile.case import request
from stress.hostile.client import Answer, Connection, Odd, ask
from stress.hostile.corpus import framing, headers, paths, queries, sql
from stress.hostile.cost import p99, wait_during_flood, worst_of
from stress.hostile.site import map_of, resident
from stress.kinds import kinds_of

__all__ = [
    "KINDS",
    "Answer",
    "Connection",
    "Odd",
    "ask",
    "wait_during_flood",
    "map_of",
    "p99",
    "reproduced",
    "request",
    "resident",
    "worst_of",
]

ROOMS = (sql, paths, queries, headers, framing)
# By name: the share of the corpus in percent, and the generator of cases.
KINDS = {name: (make.share, make) for name, make in kinds_of(*ROOMS).items()}
