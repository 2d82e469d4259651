"""The pages on evidence, surveys, changes, method, codebook, promises and search."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from datasette import NotFound, Response
from markdown_it import MarkdownIt

from benefits.dated import COMMENTS
from benefits.package import ROOT
from benefits.web.queries import ask, data_links, dataset, fixed, lists, page, rows

# Three kinds of fact that a page on a case never mixes.
STRANDS = (
    (
        "What the court did",
        ("complaint", "motion", "hearing", "filing", "amicus_brief", "order", "appeal"),
    ),
    ("What agencies and parties say", ("notice", "policy", "agreement", "statement")),
    ("What is reported to have happened", ("transfer", "report")),
)


async def evidence(datasette, request):
    """Show what each source says of each field of one record."""
    table, record = request.url_vars["table"], request.url_vars["record"]
    if not await ask(datasette, "evidence_for", table=table, record=record):
        raise NotFound("There is no such record. The tables are listed at /benefits.")
    key = (await rows(datasette, "SELECT name FROM pragma_table_info(?) WHERE pk", [table]))[0][
        "name"
    ]
    row = (await rows(datasette, f'SELECT * FROM "{table}" WHERE "{key}" = ?', [record]))[0]
    shown = await rows(
        datasette,
        'SELECT path FROM search_index WHERE "table" = ? AND record = ? AND path NOT LIKE'
        " '/benefits/%'",
        [table, record],
    )
    context = {
        "table": table,
        "key": record,
        "row": row,
        "path": shown[0]["path"] if shown else None,
        "links": data_links("evidence_for", table=table, record=record),
    }
    return Response.html(
        await datasette.render_template("task/evidence.html", context, request=request)
    )  # which asks as it is rendered, as row.html does


async def surveys(datasette, request):
    survey = request.args.get("survey") or ""
    return await page(
        datasette,
        request,
        "surveys",
        survey=survey,
        found=await ask(datasette, "survey_agreement", survey=survey),
        surveys=await fixed(
            datasette,
            "SELECT code, label FROM dataset_codes WHERE \"table\" = 'survey_answers' AND field ="
            " 'survey' ORDER BY position",
        ),
        words={
            r["code"]: r["label"]
            for r in await fixed(
                datasette,
                "SELECT code, label FROM dataset_codes WHERE \"table\" = 'survey_answers'",
            )
        },
        totals=await fixed(
            datasette,
            "SELECT survey, question, SUM(agreement = 'agree') AS agree, SUM(agreement = 'differ')"
            " AS differ, SUM(agreement = 'not_comparable') AS apart FROM survey_agreement_all GROUP"
            " BY 1, 2",
        ),
        links=data_links("survey_agreement", survey=survey),
    )


async def changes(datasette, request):
    about = await dataset(datasette)
    parameters = {
        name: request.args.get(name) or "" for name in ("jurisdiction", "court_case", "population")
    }
    changes_shown = await ask(datasette, "timeline", **parameters)
    return await page(
        datasette,
        request,
        "changes",
        **await lists(datasette),
        given=parameters,
        found=changes_shown,
        comment_kinds=COMMENTS,
        about=about,
        cases=await fixed(
            datasette, "SELECT court_case, caption FROM cases ORDER BY filed IS NULL, filed"
        ),
        links=data_links("timeline", **parameters),
    )


async def method(datasette, request):
    """Show docs/method/protocol.md. Links between our documents become links between pages."""
    text = (
        (ROOT / "docs" / "method" / "protocol.md")
        .read_text(encoding="utf-8")
        .replace("](../reference/codebook.md)", "](/codebook)")
    )
    return await page(
        datasette,
        request,
        "method",
        content=MarkdownIt("commonmark", {"html": False}).enable("table").render(text),
    )


async def codebook(datasette, request):
    codes: dict = {}
    for c in await fixed(
        datasette, 'SELECT * FROM dataset_codes ORDER BY "table", field, position'
    ):
        codes.setdefault((c["table"], c["field"]), []).append(c)
    return await page(
        datasette,
        request,
        "codebook",
        tables=await fixed(datasette, "SELECT * FROM dataset_tables ORDER BY position"),
        columns=await fixed(datasette, 'SELECT * FROM dataset_fields ORDER BY "table", position'),
        codes=codes,
        links=[
            {"href": "/benefits/dataset_fields.json?_shape=objects&_size=max", "label": "JSON"},
            {"href": "/benefits/dataset_fields.csv?_stream=on", "label": "CSV"},
        ],
    )


async def promises(datasette, request):
    """Show docs/quality/promises.csv with the result of each test.

    The last run of the suite left the results in a file next to the database.
    """
    with open(ROOT / "docs" / "quality" / "promises.csv", newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    try:
        results = json.loads(
            Path(datasette.get_database("benefits").path)
            .with_name("test-results.json")
            .read_text(encoding="utf-8")
        )
    except (OSError, ValueError):
        results = {}
    for promise in listed:
        outcomes = {o for test, o in results.items() if test.startswith(promise["test"])}
        promise["result"] = (
            "not run here" if not outcomes else "passed" if outcomes == {"passed"} else "failed"
        )
    return await page(datasette, request, "promises", promises=listed)


async def search(datasette, request):
    words = (request.args.get("q") or "").strip()
    return await page(
        datasette,
        request,
        "search",
        search_words=words,
        found=await ask(datasette, "search", q=words),
        links=data_links("search", q=words),
    )


async def redirect_form(datasette, request):
    """Redirect from what a form sends to the address of the page.

    A form can only fill a query string. A page on a day has an address that can be cited.
    """
    parameters = {
        name: request.args.get(name) or "" for name in ("as_of", "compare", "jurisdiction", "page")
    }
    path = (
        "/jurisdictions/" + parameters["jurisdiction"]
        if parameters["jurisdiction"]
        else parameters["page"]
    )
    compare = parameters["compare"] if path == "/coverage" else ""
    if compare and not parameters["as_of"]:  # an empty date means the same as on the page
        parameters["as_of"] = (await dataset(datasette))["data_through"]
    on = f"/on/{parameters['as_of']}" if parameters["as_of"] else ""
    return Response.redirect((on + path + (f"/and/{compare}" if compare else "")) or "/")
