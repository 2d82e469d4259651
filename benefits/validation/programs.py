"""Rules on programs: each is coded once."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from itertools import combinations

from benefits.periods import meet, span
from benefits.validation.coverage import same_people
from benefits.validation.registry import located, readable, rule

# What a name has in brackets at its end is its abbreviation.
ABBREVIATION = re.compile(r"\s*\([^()]*\)\s*$")


def normal_name(name: str) -> str:
    """Return a name without accents, capitals, punctuation, and the abbreviation at its end."""
    plain = unicodedata.normalize("NFKD", ABBREVIATION.sub("", name) or name).casefold()
    words = re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))
    return " ".join(words)


@rule(
    "program-once", "keep one program, and move the coverage rows and citations of the other to it"
)
def program_once(package):
    """Check that no two programs of a jurisdiction are the same."""
    if not readable(package, "programs", "coverage"):
        return
    groups, rows = defaultdict(list), defaultdict(list)
    for _, line, row in located(package, "programs"):
        if row["jurisdiction"] and row["name"]:
            groups[row["jurisdiction"]].append((line, row))
    for row in package.rows("coverage"):
        rows[row["program"]].append(row)
    table = package.tables["programs"]
    for programs in groups.values():
        for (_, first), (line, later) in combinations(programs, 2):
            if normal_name(first["name"]) == normal_name(later["name"]):
                message = f"{later['name']!r} is the name of {first['program']} too"
                yield table, line, later, "name", message
            elif reason := same_care(first, later, rows):
                yield table, line, later, "url", reason


def same_care(first: dict, later: dict, rows: dict[str, list[dict]]) -> str:
    """Return why two programs are taken for one, as a clause; empty if they are not.

    They have the same page and status scope, and rows for the same people, care and time.
    """
    if not first["url"] or any(first[c] != later[c] for c in ("url", "status_scope")):
        return ""
    for a in rows[first["program"]]:
        for b in rows[later["program"]]:
            if same_rules(a, b):
                return f"is that of {first['program']}: {a['coverage']} and {b['coverage']} overlap"
    return ""


def same_rules(a: dict, b: dict) -> bool:
    """Return whether two coverage rows pay for the same care of the same people at once.

    Two programs for some kinds of care only are the same where their care has the same words.
    """
    scope = a["benefit_scope"]
    return (
        a["population"] == b["population"]
        and scope == b["benefit_scope"]
        and (scope != "partial" or a["benefits"] == b["benefits"])
        and same_people(a, b)
        and meet(span(a), span(b))
    )
