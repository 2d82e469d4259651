"""Answers and pages refuse what they cannot read: a malformed date, an unknown code or a misspelt parameter gets a 400 that says what
is accepted, in HTML, JSON and CSV alike. What each parameter takes is in metadata.yml, under plugins: answers and pages."""

from __future__ import annotations

import json
import re
from datetime import date
from urllib.parse import parse_qsl, quote, urlencode

from datasette import NotFound, Response, hookimpl
from datasette.utils.asgi import BadRequest

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# Addresses without a question mark, so that a copy of the site in plain files has them too:
# /on/DATE/PAGE is PAGE?as_of=DATE, and
# /answers/NAME/as_of=DATE,jurisdiction=CA.json is /benefits/NAME.json with those parameters, as a list of objects.
ON = re.compile(r"/on/([^/]+)(?:(/.+?)(?:/and/([^/]+))?|/)")
ANSWER = re.compile(r"/answers/([a-z_]+)(?:/([^/]+))?\.(json|csv)")
PAGE = re.compile(r"/(?:coverage|gaps|jurisdictions/[A-Z]{2}|cases/[a-z0-9-]+)?", re.ASCII)
OF_NO_DAY = "{0} is not a page that takes these days. Its address is {0}."
LISTED = 60  # name the accepted codes up to this many


@hookimpl
def asgi_wrapper(datasette):
    answers, pages = datasette.plugin_config("answers") or {}, datasette.plugin_config("pages") or {}
    known = [(re.compile(rf"/benefits/{re.escape(name)}(?:\.[a-z]+)?/?"), takes) for name, takes in answers.items()]
    lists = {f"/benefits/{name}.json": name for name in answers}
    known += [(re.compile(re.escape(path).replace(r"\*", "[^/]+")), takes) for path, takes in pages.items()]

    def wrap(app):
        async def answered(scope, receive, send):
            dated = None
            if scope["type"] == "http":
                scope, dated = plain(scope)
            path = scope["path"] if scope["type"] == "http" else ""
            takes = next((takes for pattern, takes in known if pattern.fullmatch(path)), None)
            if dated is not None and (takes is None or not dated <= set(takes)):
                # Only what takes a day has an address for each day, and only an answer one below
                # /answers: a table there would go past what the guard checks.
                raise NotFound(OF_NO_DAY.format(path) if takes is not None else "404")
            if takes is not None:
                given = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
                problems = await refusals(datasette.get_database("benefits"), takes, given, page=not path.startswith("/benefits/"))
                if problems:
                    raise BadRequest("\n".join(problems))  # which plugins/guard.py answers, in the form asked for
                if path in lists and [(n, v) for n, v in given if n.startswith("_")] == [("_shape", "array")]:
                    return await (await as_list(datasette, lists[path], dict(given))).asgi_send(send)
            return await app(scope, receive, send)

        return answered

    return wrap


def plain(scope: dict) -> tuple[dict, set | None]:
    """The scope with an address that Datasette knows, and if it was another, the days that it names."""
    if match := ON.fullmatch(scope["path"]):
        path, given = match[2] or "/", {"as_of": match[1]} | ({"compare": match[3]} if match[3] else {})
        dated = set(given)
    elif match := ANSWER.fullmatch(scope["path"]):
        path, given = f"/benefits/{match[1]}.{match[3]}", dict(pair.partition("=")[::2] for pair in (match[2] or "").split(",") if pair)
        given |= {"_shape": "array"} if match[3] == "json" else {}
        dated = set()
    else:
        return scope, None
    query = "&".join(filter(None, [urlencode(given), scope["query_string"].decode("latin-1")]))
    return scope | {"path": path, "raw_path": quote(path).encode(), "query_string": query.encode("latin-1")}, dated


async def as_list(datasette, answer: str, given: dict) -> Response:
    """An answer as a bare list of row objects, the same bytes as Datasette makes, without what else it looks up for its other shapes:
    that takes twice as long as the answer."""
    query = await datasette.get_canned_query("benefits", answer, None)
    found = await datasette.get_database("benefits").execute(query["sql"], {name: given.get(name, "") for name in query["params"]}, truncate=True)
    columns = found.columns
    return Response(json.dumps([dict(zip(columns, row)) for row in found.rows]), content_type="application/json; charset=utf-8")


async def refusals(database, takes: dict, given: list[tuple[str, str]], page: bool = False) -> list[str]:
    """A sentence for each of the given parameters that the answer cannot take."""
    problems, seen = [], set()
    for name, value in given:
        if name.startswith("_"):
            continue
        if name not in takes and page:
            continue  # other sites add parameters to the links of pages
        if name not in takes:
            problems.append(f"There is no parameter {name[:40]!r}. Accepted: {', '.join(takes)}.")
        elif name in seen:
            problems.append(f"The parameter {name} is given more than once. Give it once, or leave it empty.")
        elif value:
            problem = await refusal(database, name, takes[name], value)
            if problem:
                problems.append(problem)
        seen.add(name)
    return problems


async def refusal(database, name: str, kind: str, value: str) -> str:
    """Why `value` is not taken, as a sentence; empty if it is."""
    shown = repr(value[:60])
    if kind == "date":
        try:
            if DATE.fullmatch(value) and date.fromisoformat(value):
                return ""
        except ValueError:
            pass
        return f"{name} is {shown}, which is not a date. Accepted: a day of the calendar as YYYY-MM-DD, such as 2025-07-01, or nothing for the day through which the data goes."
    if kind == "path":
        return "" if PAGE.fullmatch(value) else f"{name} is {shown}, which is no page."
    if kind == "text":
        if "\0" in value:
            return f"{name} has a NUL character, which no text of the dataset has."
        return "" if len(value) <= 100 else f"{name} has {len(value)} characters. Accepted: at most 100."
    if "|" in kind:
        words = kind.split("|")
        return "" if value in words else f"{name} is {shown}. Accepted: {', '.join(words)}, or nothing."
    low, dash, high = kind.partition("-")
    if dash and low.isdigit():
        fits = re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) and int(low) <= int(value) <= int(high)
        return "" if fits else f"{name} is {shown}. Accepted: a whole number from {low} to {high}, or nothing."
    table, _, column = kind.partition(".")
    known = await database.execute(f'SELECT 1 FROM "{table}" WHERE "{column}" = ? LIMIT 1', [value])
    if known.rows:
        return ""
    codes = [r[0] for r in (await database.execute(f'SELECT DISTINCT "{column}" FROM "{table}" ORDER BY 1 LIMIT {LISTED + 1}')).rows]
    listed = "one of " + ", ".join(codes) if len(codes) <= LISTED else f"a key of the dataset, such as {codes[0]}"
    hint = next((c for c in codes if c.lower() == value.strip().lower().replace("-", "_")), None)
    return f"{name} is {shown}, which is not known." + (f" Did you mean {hint}?" if hint else "") + f" Accepted: {listed}, or nothing for all."
