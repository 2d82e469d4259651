"""Check the parameters of answers and pages, and read addresses without a question mark.

A malformed date, an unknown code or a misspelt parameter gets a 400 that says what is accepted, in
HTML, JSON and CSV alike.
"""

from __future__ import annotations

import functools
import json
import re
from urllib.parse import parse_qsl, quote, urlencode

from datasette import NotFound, Response, hookimpl
from datasette.utils.asgi import BadRequest

from benefits.web.adapter import answers_of, is_page_of_answer
from benefits.web.parameters import Parameter, find_problems, read_parameters

# Addresses without a question mark, so that a copy of the site in plain files has them too:
# /on/DATE/PAGE is PAGE?as_of=DATE, and /answers/NAME/as_of=DATE,jurisdiction=CA.json is
# /benefits/NAME.json with those parameters, as a list of objects.
ON = re.compile(r"/on/([^/]+)(?:(/.+?)(?:/and/([^/]+))?|/)")
ANSWER = re.compile(r"/answers/([a-z_]+)(?:/([^/]+))?\.(json|csv)")
OF_NO_DAY = "{0} is not a page that takes these days. Its address is {0}."


@hookimpl
def asgi_wrapper(datasette):
    return lambda app: CheckedParameters(app, datasette)


class CheckedParameters:
    """An ASGI application that takes only parameters which its answers and pages have."""

    def __init__(self, app, datasette):
        self.app, self.datasette = app, datasette

    # Datasette makes an application for its own use before it has read its plugins.
    @functools.cached_property
    def lists(self) -> dict[str, str]:
        """Return the answers by the path of their JSON."""
        return {f"/benefits/{name}.json": name for name in answers_of(self.datasette)}

    @functools.cached_property
    def known(self) -> list[tuple[re.Pattern, dict[str, Parameter]]]:
        """Return the parameters of answers and pages, with the pattern of their paths."""
        answers = read_parameters(self.datasette.plugin_config("answers"))
        pages = read_parameters(self.datasette.plugin_config("pages"))
        known = [
            (re.compile(rf"/benefits/{re.escape(name)}(?:\.[a-z]+)?/?"), parameters)
            for name, parameters in answers.items()
        ]
        return known + [
            (re.compile(re.escape(path).replace(r"\*", "[^/]+")), parameters)
            for path, parameters in pages.items()
        ]

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        scope, days = with_question_mark(scope)
        path = scope["path"]
        is_page_of_answer.set(f"{path.rstrip('/')}.json" in self.lists)
        parameters = next((p for pattern, p in self.known if pattern.fullmatch(path)), None)
        if days is not None and (parameters is None or not days <= set(parameters)):
            # Only what takes a day has an address for each day, and only an answer one below
            # /answers: a table there would go past what the guard checks.
            raise NotFound("404" if parameters is None else OF_NO_DAY.format(path))
        if parameters is None:
            return await self.app(scope, receive, send)
        pairs = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
        database = self.datasette.get_database("benefits")
        is_page = not path.startswith("/benefits/")
        if problems := await find_problems(database, parameters, pairs, is_page):
            raise BadRequest("\n".join(problems))  # which the guard answers, in the form asked for
        own = [(name, value) for name, value in pairs if name.startswith("_")]
        if path in self.lists and own == [("_shape", "array")]:
            answer = await bare_list(self.datasette, self.lists[path], dict(pairs))
            return await answer.asgi_send(send)
        await self.app(scope, receive, send)


def with_question_mark(scope: dict) -> tuple[dict, set[str] | None]:
    """Return the scope with an address that Datasette knows.

    If it was another, also return which parameters with a day it names, and otherwise None.
    """
    if match := ON.fullmatch(scope["path"]):
        path, parameters = match[2] or "/", {"as_of": match[1]}
        if match[3]:
            parameters["compare"] = match[3]
        days = set(parameters)
    elif match := ANSWER.fullmatch(scope["path"]):
        path = f"/benefits/{match[1]}.{match[3]}"
        pairs = (match[2] or "").split(",")
        parameters = dict(pair.partition("=")[::2] for pair in pairs if pair)
        if match[3] == "json":
            parameters["_shape"] = "array"
        days = set()
    else:
        return scope, None
    query = [urlencode(parameters), scope["query_string"].decode("latin-1")]
    plain = {
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": "&".join(filter(None, query)).encode("latin-1"),
    }
    return scope | plain, days


async def bare_list(datasette, answer: str, parameters: dict) -> Response:
    """Return an answer as a list of row objects, in the same bytes as Datasette's.

    Datasette looks up what it needs for its other shapes too, which takes as long as the answer.
    """
    query = answers_of(datasette)[answer]
    values = {name: parameters.get(name, "") for name in query["params"]}
    database = datasette.get_database("benefits")
    result = await database.execute(query["sql"], values, truncate=True)
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    return Response(json.dumps(rows), content_type="application/json; charset=utf-8")
