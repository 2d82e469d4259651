"""The pages on coverage: all places, one place, eligibility and gaps."""

from __future__ import annotations

from benefits.web.adapter import answers_of
from benefits.web.queries import (
    ask,
    asked_day,
    data_links,
    dataset,
    fixed,
    last_changed,
    lists,
    one,
    page,
    rows,
    sharing_axes,
)

ANY_STATUS = (None, "any_status")


# What the maps show of status_on, and the table and the comparison besides.
TILE = "SELECT jurisdiction, population, status, bands, benefit_scope, area, standing FROM ({})"
CELL = (
    "SELECT jurisdiction, population, status, in_words, bands, benefit_scope, area, standing,"
    " income_limit_pct_fpl, income_limit_lowest_pct_fpl, program_names, records FROM ({})"
)


# A period ends on the day on which the next begins, which may be known by its month or year only.
PERIODS = """
SELECT r.*, COALESCE((
  SELECT MAX(n.valid_from_precision) FROM coverage n
  WHERE n.program = r.program AND n.population = r.population AND n.valid_from = r.valid_to), 'day')
  AS valid_to_precision
FROM coverage_rules r WHERE r.jurisdiction = ?
ORDER BY r.population, r.status_scope <> 'any_status', r.program, r.age_min, r.valid_from"""
ABSENCES = """
SELECT a.*, COALESCE((
  SELECT MAX(n.valid_from_precision) FROM coverage_rules n
  WHERE n.jurisdiction = a.jurisdiction AND n.population = a.population
  AND n.valid_from = a.valid_to),
  'day') AS valid_to_precision
FROM absences a WHERE a.jurisdiction = ? ORDER BY a.population, a.valid_from"""


def merge_bands(rows: list[dict]) -> list[dict]:
    """Return rows of coverage_on with those merged that say the same of neighboring ages.

    Each has its rows in `parts`.
    """
    merged: list[dict] = []
    for row in map(dict, rows):
        before = merged[-1] if merged else None
        if before and follows(before, row):
            old, new = (
                say_ages(before["age_min"], before["age_max"]),
                say_ages(before["age_min"], row["age_max"]),
            )
            before["in_words"] = before["in_words"].replace(old, new)
            before["age_max"] = row["age_max"]
            before["last_checked"] = min(before["last_checked"], row["last_checked"])
            before["parts"].append(row)
        else:
            merged.append(row | {"parts": [row]})
    return merged


def follows(before: dict, row: dict) -> bool:
    """Return whether a row says the same of the ages right above those of the row before."""
    if not row["program"] or row["age_min"] is None or before["age_max"] is None:
        return False
    if row["age_min"] != before["age_max"] + 1:
        return False
    same = ("program", "population", "applies_to", "cost_sharing")
    said = [r["in_words"].replace(say_ages(r["age_min"], r["age_max"]), "") for r in (before, row)]
    return said[0] == said[1] and all(before[c] == row[c] for c in same)


def say_ages(low: int | None, high: int | None) -> str:
    """Return ages as in_words of coverage_on has them."""
    if low == high:
        return f"age {low}"
    return f"ages {low} and over" if high is None else f"ages {low or 0} to {high}"


async def home(datasette, request):
    about = await dataset(datasette)
    as_of = asked_day(request, about)
    changes = await ask(datasette, "timeline")
    return await page(
        datasette,
        request,
        "home",
        **await lists(datasette),
        as_of=as_of,
        about=about,
        answers=await ask(datasette, "status_on", TILE, as_of=as_of),
        latest=[c for c in changes if c["date"] <= as_of][-6:][::-1],
        coming=[c for c in changes if c["date"] > as_of][:6],
        links=data_links("status_on", as_of=as_of),
    )


async def jurisdiction(datasette, request):
    code = request.url_vars["jurisdiction"]
    place = await one(
        datasette,
        "SELECT * FROM jurisdictions WHERE jurisdiction = ?",
        code,
        f"There is no jurisdiction {code}. The codes are those of the US Postal Service, such as CA"
        " or DC.",
    )
    about = await dataset(datasette)
    as_of = asked_day(request, about)
    since = {
        subject: await last_changed(datasette, subject, code, as_of, about)
        for subject in ("coverage", "sharing")
    }
    return await page(
        datasette,
        request,
        "jurisdiction",
        **await lists(datasette),
        place=place,
        as_of=as_of,
        about=about,
        statuses=await ask(datasette, "status_on", as_of=as_of, jurisdiction=code),
        answers=merge_bands(await ask(datasette, "coverage_on", as_of=as_of, jurisdiction=code)),
        periods=await rows(datasette, PERIODS, [code]),
        programs=await rows(
            datasette,
            "SELECT * FROM programs WHERE jurisdiction = ? ORDER BY status_scope <> 'any_status',"
            " name",
            [code],
        ),
        absences=await rows(datasette, ABSENCES, [code]),
        roles=await ask(
            datasette,
            "roles_on",
            "SELECT * FROM ({}) WHERE jurisdiction = :jurisdiction",
            as_of=as_of,
            jurisdiction=code,
        ),
        sharing=await ask(datasette, "sharing_on", as_of=as_of, jurisdiction=code),
        **await sharing_axes(datasette),
        changes=await ask(datasette, "timeline", jurisdiction=code),
        links=data_links("coverage_on", as_of=since["coverage"], jurisdiction=code),
        sharing_links=data_links("sharing_on", as_of=since["sharing"], jurisdiction=code),
        since=since,
        change_links=data_links("timeline", jurisdiction=code),
    )


async def coverage(datasette, request):
    about = await dataset(datasette)
    as_of, compare = asked_day(request, about), request.args.get("compare") or ""
    return await page(
        datasette,
        request,
        "coverage",
        **await lists(datasette),
        as_of=as_of,
        compare=compare,
        about=about,
        answers=await ask(datasette, "status_on", CELL, as_of=as_of),
        others=await ask(datasette, "status_on", CELL, as_of=compare) if compare else [],
        links=data_links("status_on", as_of=as_of),
        rule_links=data_links("coverage_on", as_of=as_of),
        compare_links=data_links("status_on", as_of=compare),
    )


async def eligibility(datasette, request):
    about = await dataset(datasette)
    names = answers_of(datasette)["eligibility"]["params"]
    parameters = {name: request.args.get(name) or "" for name in names}
    is_question = bool(parameters["jurisdiction"] or parameters["age"] or parameters["pregnant"])
    return await page(
        datasette,
        request,
        "eligibility",
        **await lists(datasette),
        given=parameters,
        about=about,
        as_of=parameters["as_of"] or about["data_through"],
        found=await ask(datasette, "eligibility", **parameters) if is_question else None,
        group_words={p["population"]: p["label"] for p in (await lists(datasette))["populations"]},
        guidelines=await fixed(
            datasette, "SELECT * FROM poverty_guidelines ORDER BY valid_from DESC, region"
        ),
        links=data_links("eligibility", **parameters),
    )


async def gaps(datasette, request):
    about = await dataset(datasette)
    as_of = asked_day(request, about)
    found = await ask(datasette, "gaps", as_of=as_of)
    return await page(
        datasette,
        request,
        "gaps",
        as_of=as_of,
        about=about,
        found=found,
        places=group_gaps(found),
        links=data_links("gaps", as_of=as_of),
    )


def group_gaps(found) -> list[dict]:
    """Return the rows of the answer `gaps` by place, and rows that ask the same as one question.

    What no row of the package asks is left out, and what is of no place comes last.
    """
    places: dict[str | None, dict] = {}
    for row in found:
        if row["record"] is None:
            continue
        code = row["jurisdiction"]
        name = row["jurisdiction_name"] or "Federal agencies and court cases"
        place = places.setdefault(code, {"jurisdiction": code, "name": name, "asked": {}})
        asked = tuple(row[column] for column in ("in_words", "note", "look_next"))
        place["asked"].setdefault(asked, []).append(row)
    return [place | {"questions": questions(place["asked"])} for place in places.values()]


def questions(asked: dict[tuple, list]) -> list[dict]:
    """Return the questions of a place, each with its rows and the oldest of its last looks."""
    return [
        {
            "in_words": in_words,
            "note": note,
            "look_next": look_next,
            "rows": rows,
            "last_checked": min(
                (r["last_checked"] for r in rows if r["last_checked"]), default=None
            ),
        }
        for (in_words, note, look_next), rows in asked.items()
    ]
