"""Draw what pages show many times: the tile map, the tag of a state, the link to evidence.

A template would take ten times as long. This module also computes where the bars of a timeline
stand; a template draws them. The tile map gives each jurisdiction one tile of the same size, so
that no state weighs more than another.
"""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

from datasette import hookimpl
from markupsafe import Markup, escape

# One row of tiles on each line, from west to east. A dot is an empty place.
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
PLACES = {
    code: (x, y)
    for y, line in enumerate(GRID.split("\n")[1:-1])
    for x, code in enumerate(line.split())
    if code != "."
}
# The years that a timeline shows. Earlier starts run off its left edge.
FIRST, LAST = date(2016, 1, 1), date(2029, 1, 1)

# What is drawn for each status, and its words.
STATES = {
    "open": "Open",
    "capped": "Open up to a cap",
    "closed": "Closed to new applicants",
    "varies": "Varies by age",
    "premium": "Help with premiums only",
    "partial": "Some kinds of care only",
    "none": "None",
    "unknown": "Could not confirm",
}
# The states of the statuses of status_on. The others have their own name.
STATE_OF = {
    "closed_to_new": "closed",
    "varies_by_age": "varies",
    "premium_help_only": "premium",
    "partial_only": "partial",
    "not_established": "unknown",
}
LESS_THAN_COVERAGE = {"premium_subsidy": "premium", "partial": "partial"}
REDUCED = "reduced benefits"


def state(row) -> str:
    """Return the key of STATES of a coverage row, for its bar in a timeline."""
    return LESS_THAN_COVERAGE.get(row["benefit_scope"]) or STATE_OF.get(
        row["enrollment"], row["enrollment"]
    )


def states(rows) -> dict:
    """Return {(jurisdiction, population): {state, doubt, reduced, bands, row}} of status_on.

    `doubt` is the standing of the status unless it is established. `bands` are the ages with their
    words where the status varies.
    """
    return {
        (row["jurisdiction"], row["population"]): {
            "state": STATE_OF.get(row["status"], row["status"]),
            "doubt": "" if row["standing"] == "established" else row["standing"] or "",
            "area": row["area"] or "",
            "reduced": row["benefit_scope"] == "reduced",
            "bands": read_bands(row["bands"]) if row["status"] == "varies_by_age" else [],
            "row": row,
        }
        for row in rows
    }


def read_bands(text: str) -> list[tuple[str, str]]:
    """Return (ages, words) for each band of status_on, such as ("13 to 18", "None")."""
    bands: list[tuple[str, str]] = []
    for part in text.split("; "):
        ages, _, status = part.partition(" ")
        ages = ages.replace("-", " to ").replace("+", " and over")
        words = STATES[STATE_OF.get(status, status)]
        if bands and bands[-1][1] == words:  # the same status under other rules
            ages = f"{bands.pop()[0].partition(' ')[0]} to {ages.rpartition(' to ')[2]}"
        bands.append((ages, words))
    return bands


def rules_of(row) -> tuple:
    """Return what must differ for two rows of status_on to be different answers."""
    columns = (
        "status",
        "bands",
        "benefit_scope",
        "income_limit_pct_fpl",
        "income_limit_lowest_pct_fpl",
        "program_names",
    )
    return tuple(row[c] for c in columns)


# These have a pattern, so that nobody has to tell them apart by color alone.
PATTERNED = ("capped", "closed", "varies", "premium", "partial", "unknown")


def fill(state: str) -> Markup:
    """Return the attribute that fills a shape with the color or the pattern of a state."""
    return Markup(f'fill="url(#p-{state})"' if state in PATTERNED else f'class="s-{state}"')


def tile(state: str) -> str:
    under_text = (
        f'<rect x="5" y="10" width="28" height="18" class="s-{state}"/>'
        if state in PATTERNED
        else ""
    )
    return (
        f'<rect width="38" height="38" {fill(state)}/><rect x=".5" y=".5" width="37" height="37"'
        f' class="edge"/>{under_text}<text x="19" y="24" text-anchor="middle" class="on-{state}">'
    )


TILES = {state: tile(state) for state in STATES}


def tile_map(population: str, label: str, states_of_pairs: dict, as_of: str) -> Markup:
    """Return the map of one population on a day.

    Tiles are out of the tab order: the table has the same links, and 255 stops before the next
    heading would be in the way.
    """
    tiles = []
    for code, (column, row) in PLACES.items():
        pair = states_of_pairs[code, population]
        words, marks = STATES[pair["state"]], ""
        if pair["bands"]:
            words += ": " + ", ".join(f"{ages} {said.lower()}" for ages, said in pair["bands"])
        if pair["reduced"]:
            words, marks = f"{words}, {REDUCED}", "\u2020"
        if pair["area"]:
            words, marks = f"{words}, {pair['area']} only", marks + "\u2021"
        if pair["doubt"]:
            words, marks = f"{words} ({pair['doubt']})", marks + "*"
        tiles.append(
            f'<a href="/on/{as_of}/jurisdictions/{code}#{population}" tabindex="-1"'
            f' aria-label="{code}: {words}"><g transform="translate({column * 40 + 2}'
            f' {row * 40 + 2})">{TILES[pair["state"]]}{code}{marks}</text></g></a>\n'
        )
    named = escape(label)
    return Markup(
        f'<figure>\n<figcaption><strong>{named}</strong></figcaption>\n<svg viewBox="0 0 444 322"'
        f' role="group" aria-label="{named}: map of the jurisdictions on'
        f' {day(as_of)}">\n{"".join(tiles)}</svg>\n</figure>'
    )


def state_tag(pair: dict) -> Markup:
    """Return the words for the state of a jurisdiction and group, as `states` found it."""
    more = ", " + REDUCED if pair["reduced"] else ""
    more += f", {pair['area']} only" if pair["area"] else ""
    more += f" ({pair['doubt']})" if pair["doubt"] else ""
    tag = f'<span class="state state-{pair["state"]}">{STATES[pair["state"]]}</span>'
    tag += f"<small>{more}</small>" if more else ""
    for ages, words in pair["bands"]:
        tag += f"<br><small>{ages}: {words.lower()}</small>"
    return Markup(tag)


def evidence_link(table: str, record: str, words: str = "Evidence", field: str = "") -> Markup:
    at = f"/evidence/{quote(table)}/{quote(record)}" + (
        f"#evidence-{quote(field)}" if field else ""
    )
    return Markup(
        f'<a href="{at}">{escape(words)}<span class="visually-hidden"> for'
        f" {escape(record)}</span></a>"
    )


def x(day: str | None) -> float:
    """Return the place of a day on a timeline, in percent of its width; None is the right edge."""
    when = LAST if day is None else min(max(date.fromisoformat(day), FIRST), LAST)
    return round(100 * (when - FIRST).days / (LAST - FIRST).days, 2)


def bars(rows, through: str) -> dict:
    """Return the lanes of a timeline: {lanes, ticks, today}.

    There is a lane {label, bars} for each program, ages and kind of applicant; its bars are the
    periods. `rows` are coverage rows of one population.
    """
    lanes: dict = {}
    for row in rows:
        ages = (
            ""
            if row["age_min"] is None and row["age_max"] is None
            else (
                f", {row['age_min'] or 0} and over"
                if row["age_max"] is None
                else f", {row['age_min'] or 0} to {row['age_max']}"
            )
        )
        who = ", new applicants" if row["applies_to"] == "new_applicants" else ""
        lanes.setdefault(f"{row['name']}{ages}{who}", []).append(row)
    drawn = []
    for label, periods in lanes.items():
        pieces = []
        for p in sorted(periods, key=lambda r: r["valid_from"]):
            left, right = x(p["valid_from"]), x(p["valid_to"])
            if right > left:
                pieces.append(
                    {
                        "x": left,
                        "width": max(round(right - left - 0.1, 2), 0.1),
                        "state": state(p),
                        "scheduled": p["valid_from"] > through,
                        "firm": p["standing"] == "established",
                        "earlier": p["valid_from"] < FIRST.isoformat(),
                    }
                )
        drawn.append({"label": label, "bars": pieces})
    ticks = [{"x": x(f"{year}-01-01"), "year": year} for year in range(FIRST.year, LAST.year)]
    return {"lanes": drawn, "ticks": ticks, "today": x(through)}


def day(text: str | None, precision: str | None = "day") -> str:
    """Return a date as people write it, as precisely as it is known: 24 November 2026, or 2026."""
    if not text:
        return ""
    when = date.fromisoformat(text)
    month = (
        "January February March April May June July August September October November December"
    ).split()[when.month - 1]
    return {"year": f"{when.year}", "month": f"{month} {when.year}"}.get(
        precision, f"{when.day} {month} {when.year}"
    )


def known(text: str, precision: str | None = "day") -> str:
    """Return a date for programs, as far as it is known: 2026-11-24, 2026-11 or 2026."""
    return text[: {"year": 4, "month": 7}.get(precision or "day", 10)]


@hookimpl
def prepare_jinja2_environment(env):
    env.filters.update(day=day, known=known)
    env.globals.update(
        tile_map=tile_map,
        state_tag=state_tag,
        evidence_link=evidence_link,
        fill=fill,
        bars=bars,
        state_of=state,
        states_of=states,
        rules_of=rules_of,
        state_words=STATES,
    )
