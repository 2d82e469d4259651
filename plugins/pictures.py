"""Where things stand in the pictures: the tile map and the bars of a timeline. Templates draw; this only measures.

The tile map gives each jurisdiction one tile of the same size, so that no state weighs more than another.
"""

from __future__ import annotations

from datetime import date

from datasette import hookimpl

# One row a line, west to east; a dot is an empty place.
GRID = """
AK .  .  .  .  .  .  .  .  .  ME
.  .  .  .  .  .  .  .  .  VT NH
WA ID MT ND MN IL WI MI NY RI MA
OR NV WY SD IA IN OH PA NJ CT .
CA UT CO NE MO KY WV VA MD DE .
.  AZ NM KS AR TN NC SC DC .  .
.  .  .  OK LA MS AL GA .  .  .
HI .  .  TX .  .  .  .  FL .  .
"""
PLACES = {code: (x, y) for y, line in enumerate(GRID.split("\n")[1:-1]) for x, code in enumerate(line.split()) if code != "."}
FIRST, LAST = date(2016, 1, 1), date(2029, 1, 1)  # the years that a timeline shows; earlier starts run off its left edge

# The state of a coverage row, the word for it, and the order in which the more open one speaks for a pair.
STATES = {"open": "Open", "capped": "Open up to a cap", "closed": "Closed to new applicants", "none": "None", "unknown": "Not established"}
STATE_OF = {"open": "open", "capped": "capped", "closed_to_new": "closed"}


def state(row) -> str:
    """The state that one row of coverage_on stands for: open, capped, closed, none or unknown."""
    if row["program"]:
        return STATE_OF[row["enrollment"]]
    return "none" if row["finding"] == "none" else "unknown"


def states(rows) -> dict:
    """(jurisdiction, population) -> {state, firm, rows} for the any-status rows and absences of coverage_on."""
    pairs: dict = {}
    for row in rows:
        if row["status_scope"] in (None, "any_status"):
            pairs.setdefault((row["jurisdiction"], row["population"]), []).append(row)
    order = list(STATES)
    found = {}
    for pair, members in pairs.items():
        best = min((state(r) for r in members), key=order.index)
        found[pair] = {"state": best, "firm": any(state(r) == best and r["standing"] in (None, "established") for r in members), "rows": members}
    return found


def x(day: str | None) -> float:
    """The place of a day on a timeline, in percent of its width; no day is its right edge."""
    when = LAST if day is None else min(max(date.fromisoformat(day), FIRST), LAST)
    return round(100 * (when - FIRST).days / (LAST - FIRST).days, 2)


def bars(rows, through: str) -> dict:
    """The lanes of a timeline: one for each program, ages and kind of applicant, with its periods as bars.

    `rows` are coverage rows of one population. Returns {lanes, ticks, today}; a lane is {label, bars}.
    """
    lanes: dict = {}
    for row in rows:
        ages = "" if row["age_min"] is None and row["age_max"] is None else f", {row['age_min'] or 0} and over" if row["age_max"] is None else f", {row['age_min'] or 0} to {row['age_max']}"
        who = ", new applicants" if row["applies_to"] == "new_applicants" else ""
        lanes.setdefault(f"{row['name']}{ages}{who}", []).append(row)
    drawn = []
    for label, periods in lanes.items():
        pieces = []
        for p in sorted(periods, key=lambda r: r["valid_from"]):
            left, right = x(p["valid_from"]), x(p["valid_to"])
            if right > left:
                pieces.append({"x": left, "width": max(round(right - left - 0.1, 2), 0.1), "state": STATE_OF[p["enrollment"]], "scheduled": p["valid_from"] > through, "firm": p["standing"] == "established", "earlier": p["valid_from"] < FIRST.isoformat()})
        drawn.append({"label": label, "bars": pieces})
    ticks = [{"x": x(f"{year}-01-01"), "year": year} for year in range(FIRST.year, LAST.year)]
    return {"lanes": drawn, "ticks": ticks, "today": x(through)}


def day(text: str | None, precision: str | None = "day") -> str:
    """A date as people write it: 24 November 2026, November 2026 or 2026, by its precision."""
    if not text:
        return ""
    when = date.fromisoformat(text)
    month = ("January February March April May June July August September October November December").split()[when.month - 1]
    return {"year": f"{when.year}", "month": f"{month} {when.year}"}.get(precision, f"{when.day} {month} {when.year}")


@hookimpl
def prepare_jinja2_environment(env):
    env.filters["day"] = day
    env.globals.update(tile_places=PLACES, bars=bars, state_of=state, states_of=states, state_words=STATES)
