"""Hostile requests against the served site: is every answer harmless?

A seeded corpus is sent over raw sockets. Every answer is judged: none of 500 and above, none
missing where something was asked in HTTP, none that leads to another site, sets a cookie, lacks a
header of the site or has one of another, is longer or shorter than it says, or shows a path,
a traceback, markup from the request, or an error of SQL. SQL in a parameter never finds more rows
than plain words do.
"""

from __future__ import annotations

from stress.hostile.attack import reproduced
from stress.hostile.case import request
from stress.hostile.client import Answer, Connection, Odd, ask
from stress.hostile.corpus import framing, headers, paths, queries, sql
from stress.hostile.cost import beside_the_worst, p99, worst_of
from stress.hostile.site import map_of, resident
from stress.kinds import kinds_of

__all__ = [
    "KINDS",
    "Answer",
    "Connection",
    "Odd",
    "ask",
    "beside_the_worst",
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
