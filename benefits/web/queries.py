"""Ask the database what pages show."""

from __future__ import annotations

import re
from types import SimpleNamespace
from urllib.parse import urlencode

from datasette import NotFound, Response

from benefits.web.adapter import answers_of


async def ask(datasette, answer: str, shape: str = "{}", **parameters) -> list[dict]:
    """Return the rows of an answer. Parameters that are not given are empty.

    `shape` is SQL around that of the answer, for pages that need only some of its columns.
    """
    query = answers_of(datasette)[answer]
    sql, values = (
        shape.format(query["sql"].rstrip(";\n")),
        dict.fromkeys(query["params"], "") | parameters,
    )
    return await (rows if any(parameters.values()) else fixed)(datasette, sql, values)


async def rows(datasette, sql: str, parameters=()) -> list[dict]:
    result = (await datasette.get_database("benefits").execute(sql, parameters)).rows
    names = result[0].keys() if result else ()
    return [dict(zip(names, r)) for r in result]


async def fixed(datasette, sql: str, parameters=()) -> list[dict]:
    """Return rows that are the same for every request. They are read once for each site.

    `parameters` must always be the same for the same SQL.
    """
    kept = kept_by(datasette).rows
    if sql not in kept:
        kept[sql] = await rows(datasette, sql, parameters)
    return kept[sql]


def kept_by(datasette) -> SimpleNamespace:
    """Return what the pages keep as long as the site runs.

    These are rows that are the same for every request, and the Jinja environment of the pages.
    """
    if not hasattr(datasette, "kept_by_pages"):
        # Awaiting every call and loop of a template would take half of a page's time.
        env = datasette.jinja_env.overlay(enable_async=False)
        otherwise = env.getattr
        env.getattr = lambda row, name: (
            row[name] if type(row) is dict and name in row else otherwise(row, name)
        )
        datasette.kept_by_pages = SimpleNamespace(rows={}, terms={}, environment=env)
    return datasette.kept_by_pages


async def one(datasette, sql: str, key: str, otherwise: str) -> dict:
    """Return the row with this key. Raises NotFound with the sentence `otherwise`."""
    result = await rows(datasette, sql, [key])
    if not result:
        raise NotFound(otherwise)
    return result[0]


def data_links(answer: str, **parameters) -> list[dict]:
    """Return the links to the answer as JSON and CSV.

    The addresses have no question mark if the values allow that.
    """
    parameters = {k: v for k, v in parameters.items() if v}
    if all(re.fullmatch(r"[\w-]+", v, re.ASCII) for v in parameters.values()):
        path = (
            f"/answers/{answer}"
            + ("/" if parameters else "")
            + ",".join(f"{k}={v}" for k, v in parameters.items())
        )
        return [{"href": f"{path}.{form}", "label": form.upper()} for form in ("json", "csv")]
    query = urlencode(parameters)
    return [
        {"href": f"/benefits/{answer}.json?_shape=array&{query}", "label": "JSON"},
        {"href": f"/benefits/{answer}.csv?{query}", "label": "CSV"},
    ]


async def page(datasette, request, template: str, **context) -> Response:
    about = await dataset(datasette)
    shown = {"data_through": about["data_through"], "dataset_version": about["version"]} | context
    return Response.html(
        kept_by(datasette).environment.get_template(f"task/{template}.html").render(shown)
    )


async def lists(datasette) -> dict:
    """Return the choices of the forms."""
    return {
        "jurisdictions": await fixed(
            datasette, "SELECT jurisdiction, name FROM jurisdictions ORDER BY name"
        ),
        "populations": await fixed(
            datasette,
            "SELECT population, label FROM populations ORDER BY age_floor IS NULL, age_floor,"
            " population DESC",
        ),
    }


def asked_day(request, about) -> str:
    return request.args.get("as_of") or about["data_through"]


async def dataset(datasette) -> dict:
    return (await fixed(datasette, "SELECT * FROM dataset"))[0]


async def sharing_axes(datasette) -> dict:
    return {
        "elements": await fixed(
            datasette,
            "SELECT * FROM data_elements ORDER BY CASE \"group\" WHEN 'basic' THEN 1 WHEN 'other'"
            " THEN 2 ELSE 3 END, rowid",
        ),
        "classes": await fixed(
            datasette,
            "SELECT * FROM person_classes ORDER BY CASE person_class WHEN 'unlawfully_present' THEN"
            " 1 WHEN 'other_lawfully_present' THEN 2 WHEN 'citizen' THEN 4 ELSE 3 END",
        ),
    }


async def last_changed(datasette, subject: str, about_whom: str, as_of: str, about: dict) -> str:
    """Return the day on which the answer last changed, up to a day.

    The data of an answer has one address from that day on, not one for each day.
    """
    if not about["complete_from"] <= as_of <= about["data_through"]:
        return as_of  # such an answer says that its day is scheduled, or before the dataset
    result = await rows(
        datasette,
        "SELECT MAX(day) AS day FROM boundaries WHERE subject = ? AND about = ? AND day <= ?",
        [subject, about_whom, as_of],
    )
    return max(result[0]["day"] or "", about["complete_from"])
