"""Compare days with those of the last release: what a release published only moves forward.

docs/method/protocol.md, section "When a fact is stale", says why days of looks are compared.
"""

from __future__ import annotations

from collections import Counter

from benefits.package import Package

LARGEST_SHARE = 5  # percent of all published citations that may move to one day
FEW = 20  # citations that may move to one day in any case


def forward_problems(before: Package, package: Package) -> list[str]:
    """Return a sentence for each day that cannot follow those of the release before."""
    return [*through_problems(before, package), *look_problems(before, package)]


def through_problems(before: Package, package: Package) -> list[str]:
    """Return a sentence if the data goes through an earlier day than before."""
    old, new = str(before.descriptor.get("data_through")), str(package.descriptor["data_through"])
    if new >= old:
        return []
    last = before.descriptor["version"]
    return [
        f"datapackage.json: data_through {new} is before {old}, that of {last}: it only moves"
        " forward; correct it"
    ]


def look_problems(before: Package, package: Package) -> list[str]:
    """Return a sentence for each look that cannot have been one, and for each batch of them."""
    old = {c["citation"]: c for c in before.rows("citations")}
    days = [{s["source"]: s["retrieved"] for s in p.rows("sources")} for p in (before, package)]
    last, problems, moved = before.descriptor["version"], [], Counter[str]()
    for c in package.rows("citations"):
        was, now = old.get(c["citation"], c)["checked_on"], c["checked_on"]
        if not was or not now or now <= was:
            continue
        # A locator that became more exact shows that somebody looked.
        moved[now] += old[c["citation"]].get("locator") == c.get("locator")
        opened = days[1].get(c["source"])
        if c["source"] in days[0] and days[0][c["source"]] == opened:
            problems.append(
                f"data/citations.csv [{c['citation']}] checked_on: moved from {was} to {now} since"
                f" {last}, but retrieved of {c['source']} is {opened} as before; write the day of"
                " the last look, or the day on which the source was opened again"
            )
    most = max(FEW, len(old) * LARGEST_SHARE // 100)
    return problems + [
        f"data/citations.csv: checked_on of {count:,} citations moved to {day} since {last}, more"
        f" than {most:,} ({LARGEST_SHARE}% of those published): the day of a batch is no check;"
        " keep the old day of what nobody looked at again"
        for day, count in sorted(moved.items())
        if count > most
    ]
