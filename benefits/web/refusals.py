"""Tell a reader why a request is refused, and the operator where an error of ours arose."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import traceback
from http import HTTPStatus

from datasette.database import QueryInterrupted
from datasette.utils.asgi import Base400
from datasette.views.base import DatasetteError

NOTHING = "There is nothing at this address."
TOO_LONG = (
    "This question takes too long to answer. "
    "Ask for less, or take /benefits.db and ask it yourself."
)
LISTED = "The answers and tables are listed at /benefits, and for programs in /openapi.json."
NO_RECORD = (
    "There is no such record. Its table lists the keys there are: the address without what "
    "follows the last slash."
)
# Datasette's own words, and ours for them.
NOT_FOUND = {
    "404": NOTHING,
    "Database not found": NOTHING,
    "Table not found": NOTHING,
    "Record not found": NO_RECORD,
}


class Refused(Base400):
    """A request that is not answered. The message is a sentence for the reader."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status


class ClientLeft(Exception):
    """Nobody waits for the answer any more."""


def describe_exception(exception: Exception) -> tuple[int, list[str]]:
    """Return the status and the sentences for an exception, and log it if it is our error.

    Only what is known to be the reader's is told as the reader's.
    """
    if isinstance(exception, Base400):
        message = str(exception)
        return exception.status, NOT_FOUND.get(message, message).splitlines()
    title = getattr(exception, "title", "")
    if isinstance(exception, QueryInterrupted) or title == "SQL Interrupted":
        return 400, [TOO_LONG]
    if isinstance(exception, DatasetteError) and not exception.title:
        if exception.status < 500 or exception.message.startswith("Cannot "):
            return min(exception.status, 400), [exception.message]
    return 500, [f"This is our error, not yours. Its reference is {log_error(exception)}."]


def log_error(exception: BaseException) -> str:
    """Log where an error arose, and return its reference: the same for the same place.

    The log gets types, files and lines. A message or a value could hold what was asked.
    """
    lines, one, seen = [], exception, set()
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        places = traceback.extract_tb(one.__traceback__)[-15:]
        lines.append(f"{type(one).__name__} at")
        lines += [f"  {p.filename}:{p.lineno} in {p.name}" for p in places]
        one = one.__cause__ or one.__context__
    reference = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:10]
    logging.getLogger("uvicorn.error").error("fault %s\n%s", reference, "\n".join(lines))
    return reference


async def render_refusal(
    datasette, path: str, status: int, sentences: list[str]
) -> tuple[str, bytes]:
    """Return the content type and the body of a refusal, in the form that was asked for."""
    if sentences == [NOTHING] and path.endswith((".json", ".csv")):
        sentences = [NOTHING, LISTED]  # as the links of the page do
    if path.endswith(".json"):
        error = " ".join(sentences)
        title = HTTPStatus(status).phrase
        body = {"ok": False, "error": error, "status": status, "title": title}
        return "application/json; charset=utf-8", json.dumps(body).encode()
    if not path.endswith(".csv"):
        again = re.sub("^/on/[^/]*|/and/[^/]*$", "", path) or "/" if status == 400 else None
        values = {"status": status, "problems": sentences, "again": again}
        await datasette.invoke_startup()
        page = await datasette.render_template("refusal.html", values)
        return "text/html; charset=utf-8", page.encode()
    return "text/plain; charset=utf-8", ("\n".join(sentences) + "\n").encode()


async def wait_for_leaving(receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
