"""The pages on court cases and on claims: who takes part, and what may be shared."""

from __future__ import annotations

from benefits.web.queries import (
    ask,
    asked_day,
    data_links,
    dataset,
    fixed,
    kept_by,
    last_changed,
    one,
    page,
    rows,
    sharing_axes,
)
from benefits.web.record_pages import STRANDS


async def case(datasette, request):
    code = request.url_vars["court_case"]
    row = await one(
        datasette,
        "SELECT * FROM cases WHERE court_case = ?",
        code,
        f"There is no case {code[:60]}. The cases are listed at /benefits/cases.",
    )
    about = await dataset(datasette)
    as_of = asked_day(request, about)
    events = await rows(
        datasette,
        'SELECT e.*, rc.citations FROM events e LEFT JOIN record_citations rc ON rc."table" ='
        " 'events' AND rc.record = e.event WHERE court_case = ? ORDER BY date, event",
        [code],
    )
    kept = kept_by(datasette).terms
    if code not in kept:
        kept[code] = await term_periods(datasette, code)
    return await page(
        datasette,
        request,
        "case",
        case=row,
        as_of=as_of,
        about=about,
        events=events,
        strands=STRANDS,
        periods=kept[code],
        roles=await ask(datasette, "roles_on", as_of=as_of, court_case=code),
        others=await rows(
            datasette,
            "SELECT * FROM roles WHERE court_case = ? AND jurisdiction IS NULL AND valid_from <= ?"
            " AND (valid_to IS NULL OR ? < valid_to) ORDER BY role, party",
            [code, as_of, as_of],
        ),
        cases=await fixed(
            datasette, "SELECT court_case, caption FROM cases ORDER BY filed IS NULL, filed"
        ),
        **await sharing_axes(datasette),
        links=data_links("timeline", court_case=code),
        role_links=data_links(
            "roles_on",
            as_of=await last_changed(datasette, "roles", code, as_of, about),
            court_case=code,
        ),
    )


async def term_periods(datasette, court_case: str) -> list[dict]:
    """Return what the orders of a case do from date to date.

    The answer is that for a jurisdiction which was a plaintiff from the start.
    """
    days = await rows(
        datasette,
        # Of two precisions for one day the coarser counts: if only the month is known, the page
        # must not show a day.
        "SELECT day, MAX(precision) AS precision FROM (SELECT t.valid_from AS day,"
        " t.valid_from_precision AS precision, e.court_case FROM order_terms t JOIN events e ON"
        " e.event = t.event UNION SELECT t.valid_to, 'day', e.court_case FROM order_terms t JOIN"
        " events e ON e.event = t.event) WHERE court_case = ? AND day IS NOT NULL GROUP BY day"
        " ORDER BY day",
        [court_case],
    )
    first = await rows(
        datasette,
        "SELECT jurisdiction FROM roles WHERE court_case = ? AND role = 'plaintiff' AND standing ="
        " 'established' ORDER BY valid_from, jurisdiction LIMIT 1",
        [court_case],
    )
    if not days or not first:
        return []
    ends = days[1:] + [{"day": None, "precision": None}]
    return [
        {
            "start": d,
            "end": end,
            "sharing": await ask(
                datasette, "sharing_on", as_of=d["day"], jurisdiction=first[0]["jurisdiction"]
            ),
        }
        for d, end in zip(days, ends)
    ]


async def claims(datasette, request):
    row = await fixed(
        datasette,
        'SELECT c.*, rc.citations FROM claims c LEFT JOIN record_citations rc ON rc."table" ='
        " 'claims' AND rc.record = c.claim ORDER BY verdict, claim",
    )
    links = [
        {"href": "/benefits/claims.json?_shape=objects", "label": "JSON"},
        {"href": "/benefits/claims.csv", "label": "CSV"},
    ]
    return await page(datasette, request, "claims", claims=row, links=links)
