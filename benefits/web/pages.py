"""The addresses of the pages, and what all templates know."""

from __future__ import annotations

from datasette import hookimpl

from benefits.web.case_pages import case, claims
from benefits.web.place_pages import coverage, eligibility, gaps, home, jurisdiction
from benefits.web.queries import dataset
from benefits.web.record_pages import (
    changes,
    codebook,
    evidence,
    method,
    promises,
    redirect_form,
    search,
    surveys,
)


@hookimpl
def register_routes():
    return [
        (r"^/$", home),
        (r"^/jurisdictions/(?P<jurisdiction>[A-Za-z]{2})$", jurisdiction),
        (r"^/ask$", redirect_form),
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
    # All text in the tables is UTF-8. Datasette would put a mark in place of any that is not.
    conn.text_factory = str
