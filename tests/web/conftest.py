"""The site without a server."""

from __future__ import annotations

import asyncio

import pytest
from datasette.plugins import pm

from benefits.web import app as site_app
from benefits.web import guard


@pytest.fixture(scope="module")
def inside(database):
    """The guard around any application: status, headers and body."""
    site = site_app.datasette(database)
    (wrapper,) = [i.function for i in pm.hook.asgi_wrapper.get_hookimpls() if i.plugin is guard]
    wrap = wrapper(site)

    def ask(app=site.app(), method="GET", path=b"/", query=b"", headers=(), version="1.0"):
        ask.sent = sent = []

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "http_version": version,
            "method": method,
            "path": path.decode("latin-1"),
            "raw_path": path,
            "query_string": query,
            "headers": headers,
            "client": ("192.0.2.1", 1),
        }
        asyncio.run(wrap(app)(scope, None, send))
        return (
            sent[0]["status"],
            {n.decode(): v.decode("latin-1") for n, v in sent[0]["headers"]},
            b"".join(m["body"] for m in sent[1:]),
        )

    return ask
