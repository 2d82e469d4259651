"""Answers refuse what they cannot read: a malformed date, an unknown code or a misspelt parameter gets a 400 that says what is
accepted, in HTML, JSON and CSV alike. What each parameter takes is in metadata.yml, under plugins: answers."""

from __future__ import annotations

import json
import re
from datetime import date
from urllib.parse import parse_qsl

from datasette import hookimpl

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
LISTED = 60  # name the accepted codes up to this many


@hookimpl
def asgi_wrapper(datasette):
    takes = datasette.plugin_config("answers") or {}
    answer = re.compile(r"/benefits/(" + "|".join(map(re.escape, takes)) + r")(?:\.([a-z]+))?/?")

    def wrap(app):
        async def answered(scope, receive, send):
            match = answer.fullmatch(scope.get("path", "")) if scope["type"] == "http" else None
            if match is None:
                return await app(scope, receive, send)
            problems = await refusals(datasette.get_database("benefits"), takes[match[1]], scope.get("query_string", b""))
            if not problems:
                return await app(scope, receive, send)
            content_type, body = await page(datasette, match[1], match[2], problems)
            headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode()), (b"access-control-allow-origin", b"*")]
            await send({"type": "http.response.start", "status": 400, "headers": headers})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

        return answered

    return wrap


async def refusals(database, takes: dict, query_string: bytes) -> list[str]:
    """A sentence for each parameter of the query string that the answer cannot take."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        return ["The query string cannot be read: it needs to be percent-encoded UTF-8 with at most 50 parameters."]
    problems, seen = [], set()
    for name, value in pairs:
        if name.startswith("_"):
            continue
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
    if kind == "text":
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


async def page(datasette, name: str, extension: str | None, problems: list[str]) -> tuple[str, bytes]:
    """Content type and body of the refusal, in the form that was asked for."""
    if extension == "json":
        return "application/json; charset=utf-8", json.dumps({"ok": False, "error": " ".join(problems), "status": 400, "title": "Bad request"}).encode()
    if extension:
        return "text/plain; charset=utf-8", ("\n".join(problems) + "\n").encode()
    body = await datasette.render_template("refusal.html", {"answer": name, "problems": problems})
    return "text/html; charset=utf-8", body.encode()
