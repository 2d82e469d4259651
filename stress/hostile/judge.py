"""Find what is wrong with an answer to any request."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter

from benefits.package import ROOT
from stress.hostile.client import Answer

HEADERS = {
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "x-dns-prefetch-control",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "access-control-allow-origin",
    "access-control-expose-headers",
}
OTHERS = {
    "dataset-version",
    "data-through",
    "cache-control",
    "etag",
    "content-type",
    "content-length",
    "content-encoding",
    "content-disposition",
    "location",
    "link",
    "vary",
    "date",
    "accept-ranges",
    "retry-after",
    "connection",
    "transfer-encoding",
    "allow",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-max-age",
}
SHOWN = re.compile(
    rb'Traceback|site-packages|/usr/(?:local/)?lib/python|\.py", line|root:x?:0:0'
    rb"|from __future__ import|How Datasette presents|" + re.escape(str(ROOT).encode())
)
SQL_ERROR = re.compile(
    rb"sqlite|syntax error|near &#34;|near \\?\"|no such (?:column|table|function)"
    rb"|unrecognized token|unterminated string|malformed MATCH|fts5:|ambiguous column",
    re.I,
)
MARK = b"<zqx"


def faults_of(answer: Answer, sent: bytes, usual: dict) -> list[str]:
    """Return what is wrong with an answer to some bytes.

    `usual` has the headers that every answer must have, with their values.
    """
    names = [n for n, _ in answer.headers]
    problems = []
    if answer.status >= 500 and answer.status != 503:  # 503 means that too many large requests run
        problems.append(f"status {answer.status}")
    problems += [f"header {n} is repeated" for n, count in Counter(names).items() if count > 1]
    problems += [f"header {n} is none of the site's" for n in set(names) - HEADERS - OTHERS]
    problems += [
        f"header {n} is {answer.header(n)!r}" for n in HEADERS if answer.header(n) != usual[n]
    ]
    if answer.header("transfer-encoding") and b" HTTP/1.0\r\n" in sent.partition(b"\n")[0] + b"\n":
        problems.append("is chunked, which HTTP/1.0 does not know")
    if leads_away(answer.header("location")):
        problems.append(f"leads to {answer.header('location')!r}")
    body = answer.body
    if answer.header("content-encoding") == "gzip":
        try:
            body = zlib.decompress(body, 31)
        except zlib.error as e:
            problems.append(f"is not gzip: {e}")
    if match := SHOWN.search(body + repr(answer.headers).encode()):
        problems.append(f"shows {match[0]!r}")
    if text := find_sql_error(answer.status, body, sent.lower()):
        problems.append(f"shows an error of SQL: {text!r}")
    if answer.header("content-type").startswith("text/html") and MARK in body:
        problems.append("repeats markup")
    return problems


def find_sql_error(status: int, body: bytes, sent: bytes) -> bytes:
    """Return an error of SQL in a refusal with the text around it, unless the request has it.

    `sent` is the request in lower case.
    """
    match = SQL_ERROR.search(body) if status >= 400 and b"sqlite" not in sent else None
    if match is None or match[0].lower() in sent:
        return b""
    return body[max(match.start() - 60, 0) : match.end() + 60]


def leads_away(location: str) -> bool:
    """Return whether a redirect leads a browser to another site.

    A browser ignores control characters, and reads a backslash as a slash.
    """
    plain = re.sub(r"[\t\r\n]", "", location.strip("".join(map(chr, range(33))))).replace("\\", "/")
    return plain.startswith("//") or bool(re.match(r"[^/?#]*:", plain))


def rows(answer: Answer) -> int:
    """Return how many rows an answer in JSON has; a refusal has none."""
    if answer.status >= 400:
        return 0
    content = json.loads(answer.body)
    return len(content.get("rows", content) if isinstance(content, dict) else content)
