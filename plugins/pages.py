"""The task pages: each asks the answers (SQL in sql/queries) and hands their rows to a template in templates/task.

A page keeps its question in its address, so that a view can be cited, and links to the same answer as JSON and CSV. What a parameter
takes is in metadata.yml, under plugins: answers; plugins/answers.py refuses the rest before a page sees it.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

from datasette import NotFound, Response, hookimpl
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
ANY_STATUS = (None, "any_status")
# Three kinds of fact that a page on a case never mixes.
STRANDS = (
    ("What the court did", ("complaint", "motion", "hearing", "filing", "amicus_brief", "order", "appeal")),
    ("What agencies and parties say", ("notice", "policy", "agreement", "statement")),
    ("What is reported to have happened", ("transfer", "report")),
)


async def ask(datasette, answer: str, shape: str = "{}", **given) -> list[dict]:
    """The rows of one of the answers, all parameters that are not given left empty. `shape` is what a page takes of them, as SQL around
    the answer's own: the columns that nobody shows need not be made."""
    query = await datasette.get_canned_query("benefits", answer, None)
    sql, asked = shape.format(query["sql"].rstrip(";\n")), dict.fromkeys(query["params"], "") | given
    return await (rows if any(given.values()) else fixed)(datasette, sql, asked)


async def rows(datasette, sql: str, parameters=()) -> list[dict]:
    found = (await datasette.get_database("benefits").execute(sql, parameters)).rows
    names = found[0].keys() if found else ()
    return [dict(zip(names, r)) for r in found]


async def fixed(datasette, sql: str, parameters=()) -> list[dict]:
    """Rows that no question changes, asked once for as long as the site runs. `parameters` are always the same with the same SQL."""
    kept = kept_by(datasette).rows
    if sql not in kept:
        kept[sql] = await rows(datasette, sql, parameters)
    return kept[sql]


def kept_by(datasette) -> SimpleNamespace:
    """What the pages keep for as long as the site runs: rows that no question changes, and the Jinja environment of the task pages."""
    if not hasattr(datasette, "kept_by_pages"):
        env = datasette.jinja_env.overlay(enable_async=False)  # awaiting every call and loop of a template takes half of a page's time
        otherwise = env.getattr
        env.getattr = lambda row, name: row[name] if type(row) is dict and name in row else otherwise(row, name)
        datasette.kept_by_pages = SimpleNamespace(rows={}, terms={}, environment=env)
    return datasette.kept_by_pages


async def one(datasette, sql: str, key: str, otherwise: str) -> dict:
    """The row with this key. Raises NotFound with the sentence `otherwise`."""
    found = await rows(datasette, sql, [key])
    if not found:
        raise NotFound(otherwise)
    return found[0]


def data_links(answer: str, **given) -> list[dict]:
    """Where the same answer is as JSON and as CSV: an address without a question mark where its values allow one."""
    given = {k: v for k, v in given.items() if v}
    if all(re.fullmatch(r"[\w-]+", v, re.ASCII) for v in given.values()):
        path = f"/answers/{answer}" + ("/" if given else "") + ",".join(f"{k}={v}" for k, v in given.items())
        return [{"href": f"{path}.{form}", "label": form.upper()} for form in ("json", "csv")]
    query = urlencode(given)
    return [{"href": f"/benefits/{answer}.json?_shape=array&{query}", "label": "JSON"}, {"href": f"/benefits/{answer}.csv?{query}", "label": "CSV"}]


async def page(datasette, request, template: str, **context) -> Response:
    about = await dataset(datasette)
    shown = {"data_through": about["data_through"], "dataset_version": about["version"]} | context
    return Response.html(kept_by(datasette).environment.get_template(f"task/{template}.html").render(shown))


async def lists(datasette) -> dict:
    """What the forms offer."""
    return {
        "jurisdictions": await fixed(datasette, "SELECT jurisdiction, name FROM jurisdictions ORDER BY name"),
        "populations": await fixed(datasette, "SELECT population, label FROM populations ORDER BY age_floor IS NULL, age_floor, population DESC"),
    }


def asked_day(request, about) -> str:
    return request.args.get("as_of") or about["data_through"]


async def dataset(datasette) -> dict:
    return (await fixed(datasette, "SELECT * FROM dataset"))[0]


# ---- pages ----------------------------------------------------------------------------------------------------------


# What the map and the matrix show of coverage_on.
STATE = "SELECT jurisdiction, population, program, status_scope, enrollment, benefit_scope, finding, standing FROM ({})"
CELL = "SELECT jurisdiction, population, program, name, status_scope, age_min, age_max, enrollment, benefit_scope, finding, standing FROM ({})"


async def home(datasette, request):
    about = await dataset(datasette)
    as_of = asked_day(request, about)
    changes = await ask(datasette, "timeline")
    return await page(
        datasette, request, "home", **await lists(datasette), as_of=as_of, about=about,
        answers=await ask(datasette, "coverage_on", STATE, as_of=as_of),
        latest=[c for c in changes if c["date"] <= as_of][-6:][::-1], coming=[c for c in changes if c["date"] > as_of][:6],
        links=data_links("coverage_on", as_of=as_of),
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
  WHERE n.jurisdiction = a.jurisdiction AND n.population = a.population AND n.valid_from = a.valid_to),
  'day') AS valid_to_precision
FROM absences a WHERE a.jurisdiction = ? ORDER BY a.population, a.valid_from"""


async def jurisdiction(datasette, request):
    code = request.url_vars["jurisdiction"]
    place = await one(datasette, "SELECT * FROM jurisdictions WHERE jurisdiction = ?", code, f"There is no jurisdiction {code}. The codes are those of the US Postal Service, such as CA or DC.")
    about = await dataset(datasette)
    as_of = asked_day(request, about)
    since = {subject: await last_changed(datasette, subject, code, as_of, about) for subject in ("coverage", "sharing")}
    return await page(
        datasette, request, "jurisdiction", **await lists(datasette), place=place, as_of=as_of, about=about,
        answers=await ask(datasette, "coverage_on", as_of=as_of, jurisdiction=code),
        periods=await rows(datasette, PERIODS, [code]),
        programs=await rows(datasette, "SELECT * FROM programs WHERE jurisdiction = ? ORDER BY status_scope <> 'any_status', name", [code]),
        absences=await rows(datasette, ABSENCES, [code]),
        roles=await ask(datasette, "roles_on", "SELECT * FROM ({}) WHERE jurisdiction = :jurisdiction", as_of=as_of, jurisdiction=code),
        sharing=await ask(datasette, "sharing_on", as_of=as_of, jurisdiction=code), **await sharing_axes(datasette),
        changes=await ask(datasette, "timeline", jurisdiction=code),
        links=data_links("coverage_on", as_of=since["coverage"], jurisdiction=code), sharing_links=data_links("sharing_on", as_of=since["sharing"], jurisdiction=code), since=since,
        change_links=data_links("timeline", jurisdiction=code),
    )


async def last_changed(datasette, subject: str, about_whom: str, as_of: str, about: dict) -> str:
    """The day since which the answer is what it is: its data stands at one address from then on, not at one for each day."""
    if not about["complete_from"] <= as_of <= about["data_through"]:
        return as_of  # what is scheduled, or before the dataset is complete, says so for its day
    found = await rows(datasette, "SELECT MAX(day) AS day FROM boundaries WHERE subject = ? AND about = ? AND day <= ?", [subject, about_whom, as_of])
    return max(found[0]["day"] or "", about["complete_from"])


async def sharing_axes(datasette) -> dict:
    return {
        "elements": await fixed(datasette, "SELECT * FROM data_elements ORDER BY CASE \"group\" WHEN 'basic' THEN 1 WHEN 'other' THEN 2 ELSE 3 END, rowid"),
        "classes": await fixed(datasette, "SELECT * FROM person_classes ORDER BY CASE person_class WHEN 'unlawfully_present' THEN 1 WHEN 'other_lawfully_present' THEN 2 WHEN 'citizen' THEN 4 ELSE 3 END"),
    }


async def coverage(datasette, request):
    about = await dataset(datasette)
    as_of, compare = asked_day(request, about), request.args.get("compare") or ""
    return await page(
        datasette, request, "coverage", **await lists(datasette), as_of=as_of, compare=compare, about=about,
        answers=await ask(datasette, "coverage_on", "{}" if compare else CELL, as_of=as_of),
        others=await ask(datasette, "coverage_on", as_of=compare) if compare else [],
        links=data_links("coverage_on", as_of=as_of), compare_links=data_links("coverage_on", as_of=compare),
    )


async def eligibility(datasette, request):
    about = await dataset(datasette)
    query = await datasette.get_canned_query("benefits", "eligibility", None)
    given = {name: request.args.get(name) or "" for name in query["params"]}
    asked = bool(given["jurisdiction"] or given["age"] or given["pregnant"])
    return await page(
        datasette, request, "eligibility", **await lists(datasette), given=given, about=about, as_of=given["as_of"] or about["data_through"],
        found=await ask(datasette, "eligibility", **given) if asked else None,
        group_words={p["population"]: p["label"] for p in (await lists(datasette))["populations"]},
        guidelines=await fixed(datasette, "SELECT * FROM poverty_guidelines ORDER BY valid_from DESC, region"),
        links=data_links("eligibility", **given),
    )


async def case(datasette, request):
    code = request.url_vars["court_case"]
    found = await one(datasette, "SELECT * FROM cases WHERE court_case = ?", code, f"There is no case {code[:60]}. The cases are listed at /benefits/cases.")
    about = await dataset(datasette)
    as_of = asked_day(request, about)
    events = await rows(datasette, "SELECT e.*, rc.citations FROM events e LEFT JOIN record_citations rc ON rc.\"table\" = 'events' AND rc.record = e.event WHERE court_case = ? ORDER BY date, event", [code])
    kept = kept_by(datasette).terms
    if code not in kept:
        kept[code] = await term_periods(datasette, code)
    return await page(
        datasette, request, "case", case=found, as_of=as_of, about=about, events=events, strands=STRANDS, periods=kept[code],
        roles=await ask(datasette, "roles_on", as_of=as_of, court_case=code),
        others=await rows(
            datasette,
            "SELECT * FROM roles WHERE court_case = ? AND jurisdiction IS NULL AND valid_from <= ?"
            " AND (valid_to IS NULL OR ? < valid_to) ORDER BY role, party",
            [code, as_of, as_of],
        ),
        cases=await fixed(datasette, "SELECT court_case, caption FROM cases ORDER BY filed IS NULL, filed"),
        **await sharing_axes(datasette),
        links=data_links("timeline", court_case=code), role_links=data_links("roles_on", as_of=await last_changed(datasette, "roles", code, as_of, about), court_case=code),
    )


async def term_periods(datasette, court_case: str) -> list[dict]:
    """What the orders of a case do from date to date for a jurisdiction that was a plaintiff from the start."""
    days = await rows(
        datasette,
        # Of two precisions for one day the coarser: what is known of the day by its month only is not told as a day.
        "SELECT day, MAX(precision) AS precision FROM ("
        "SELECT t.valid_from AS day, t.valid_from_precision AS precision, e.court_case "
        "FROM order_terms t JOIN events e ON e.event = t.event "
        "UNION SELECT t.valid_to, 'day', e.court_case FROM order_terms t JOIN events e ON e.event = t.event) "
        "WHERE court_case = ? AND day IS NOT NULL GROUP BY day ORDER BY day",
        [court_case],
    )
    first = await rows(datasette, "SELECT jurisdiction FROM roles WHERE court_case = ? AND role = 'plaintiff' AND standing = 'established' ORDER BY valid_from, jurisdiction LIMIT 1", [court_case])
    if not days or not first:
        return []
    ends = days[1:] + [{"day": None, "precision": None}]
    return [{"start": d, "end": end, "sharing": await ask(datasette, "sharing_on", as_of=d["day"], jurisdiction=first[0]["jurisdiction"])} for d, end in zip(days, ends)]


async def evidence(datasette, request):
    """What each source says of each field of one record."""
    table, record = request.url_vars["table"], request.url_vars["record"]
    if not await ask(datasette, "evidence_for", table=table, record=record):
        raise NotFound("There is no such record. The tables are listed at /benefits.")
    key = (await rows(datasette, "SELECT name FROM pragma_table_info(?) WHERE pk", [table]))[0]["name"]
    row = (await rows(datasette, f'SELECT * FROM "{table}" WHERE "{key}" = ?', [record]))[0]
    shown = await rows(datasette, "SELECT path FROM search_index WHERE \"table\" = ? AND record = ? AND path NOT LIKE '/benefits/%'", [table, record])
    context = {"table": table, "key": record, "row": row, "path": shown[0]["path"] if shown else None, "links": data_links("evidence_for", table=table, record=record)}
    return Response.html(await datasette.render_template("task/evidence.html", context, request=request))  # which asks as it is rendered, as row.html does


async def claims(datasette, request):
    found = await fixed(datasette, "SELECT c.*, rc.citations FROM claims c LEFT JOIN record_citations rc ON rc.\"table\" = 'claims' AND rc.record = c.claim ORDER BY verdict, claim")
    links = [{"href": "/benefits/claims.json?_shape=objects", "label": "JSON"}, {"href": "/benefits/claims.csv", "label": "CSV"}]
    return await page(datasette, request, "claims", claims=found, links=links)


async def surveys(datasette, request):
    survey = request.args.get("survey") or ""
    return await page(
        datasette, request, "surveys", survey=survey, found=await ask(datasette, "survey_agreement", survey=survey),
        surveys=await fixed(datasette, "SELECT code, label FROM dataset_codes WHERE \"table\" = 'survey_answers' AND field = 'survey' ORDER BY position"),
        words={r["code"]: r["label"] for r in await fixed(datasette, "SELECT code, label FROM dataset_codes WHERE \"table\" = 'survey_answers'")},
        totals=await fixed(datasette, "SELECT survey, question, SUM(agreement = 'agree') AS agree, SUM(agreement = 'differ') AS differ, SUM(agreement = 'not_comparable') AS apart FROM survey_agreement_all GROUP BY 1, 2"),
        links=data_links("survey_agreement", survey=survey),
    )


async def gaps(datasette, request):
    about = await dataset(datasette)
    as_of = asked_day(request, about)
    return await page(
        datasette, request, "gaps", as_of=as_of, about=about,
        found=await ask(datasette, "gaps", as_of=as_of), links=data_links("gaps", as_of=as_of),
    )


async def changes(datasette, request):
    about = await dataset(datasette)
    given = {name: request.args.get(name) or "" for name in ("jurisdiction", "court_case", "population")}
    found = await ask(datasette, "timeline", **given)
    return await page(
        datasette, request, "changes", **await lists(datasette), given=given, found=found, about=about,
        cases=await fixed(datasette, "SELECT court_case, caption FROM cases ORDER BY filed IS NULL, filed"),
        links=data_links("timeline", **given),
    )


async def method(datasette, request):
    """docs/protocol.md as it stands, with links between our documents turned into links between pages."""
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8").replace("](codebook.md)", "](/codebook)")
    return await page(datasette, request, "method", content=MarkdownIt("commonmark", {"html": False}).enable("table").render(text))


async def codebook(datasette, request):
    codes: dict = {}
    for c in await fixed(datasette, 'SELECT * FROM dataset_codes ORDER BY "table", field, position'):
        codes.setdefault((c["table"], c["field"]), []).append(c)
    return await page(
        datasette, request, "codebook", tables=await fixed(datasette, "SELECT * FROM dataset_tables ORDER BY position"),
        columns=await fixed(datasette, 'SELECT * FROM dataset_fields ORDER BY "table", position'),
        codes=codes,
        links=[{"href": "/benefits/dataset_fields.json?_shape=objects&_size=max", "label": "JSON"}, {"href": "/benefits/dataset_fields.csv?_stream=on", "label": "CSV"}],
    )


async def promises(datasette, request):
    """docs/promises.csv, with what the last run of the suite said of each test, where it left that beside the database."""
    with open(ROOT / "docs" / "promises.csv", newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    try:
        results = json.loads(Path(datasette.get_database("benefits").path).with_name("test-results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        results = {}
    for promise in listed:
        outcomes = {o for test, o in results.items() if test.startswith(promise["test"])}
        promise["result"] = "not run here" if not outcomes else "passed" if outcomes == {"passed"} else "failed"
    return await page(datasette, request, "promises", promises=listed)


async def search(datasette, request):
    words = (request.args.get("q") or "").strip()
    return await page(datasette, request, "search", search_words=words, found=await ask(datasette, "search", q=words), links=data_links("search", q=words))


async def asked(datasette, request):
    """A form can only fill a query string; a page on a day has an address of its own, which can be cited and copied."""
    given = {name: request.args.get(name) or "" for name in ("as_of", "compare", "jurisdiction", "page")}
    path = "/jurisdictions/" + given["jurisdiction"] if given["jurisdiction"] else given["page"]
    compare = given["compare"] if path == "/coverage" else ""
    if compare and not given["as_of"]:  # an empty date means the same as on the page
        given["as_of"] = (await dataset(datasette))["data_through"]
    on = f"/on/{given['as_of']}" if given["as_of"] else ""
    return Response.redirect((on + path + (f"/and/{compare}" if compare else "")) or "/")


@hookimpl
def register_routes():
    return [
        (r"^/$", home),
        (r"^/jurisdictions/(?P<jurisdiction>[A-Za-z]{2})$", jurisdiction),
        (r"^/ask$", asked),
        (r"^/coverage$", coverage),
        (r"^/eligibility$", eligibility),
        (r"^/cases/(?P<court_case>[a-z0-9-]+)$", case),
        (r"^/evidence/(?P<table>[a-z_]+)/(?P<record>[A-Za-z0-9_-]+)$", evidence),
        (r"^/claims$", claims),
        (r"^/surveys$", surveys),
        (r"^/gaps$", gaps),
        (r"^/changes$", changes),
        (r"^/method$", method),
        (r"^/codebook$", codebook),
        (r"^/promises$", promises),
        (r"^/search$", search),
    ]


@hookimpl
def extra_template_vars(datasette):
    async def about():
        d = await dataset(datasette)
        return {"data_through": d["data_through"], "dataset_version": d["version"]}

    return about


@hookimpl
def prepare_connection(conn):
    conn.text_factory = str  # what the tables hold is UTF-8, so that nothing need stand for what is not
