"""The served site, through its real HTTP interface."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import sqlite3
import time
from pathlib import Path

import httpx
import pytest

from benefits.answers import read_answers
from benefits.web import server as serve
from support import run

SERVED = (
    "absences boundaries cases changes citations claims coverage coverage_doubt_fields"
    " coverage_doubts coverage_rules data_elements"
    " dataset dataset_codes dataset_fields dataset_tables dated_changes events field_standing"
    " jurisdictions"
    " order_terms person_classes populations poverty_guidelines programs record_citations records"
    " releases role_spans roles sources status_spans survey_agreement_all survey_answers"
).split()
ANSWERS = ("coverage_on", "roles_on", "sharing_on", "evidence_for", "survey_agreement")


def rows(response):
    assert response.status_code == 200, response.text[:500]
    return response.json()


rows_of = rows


def get(site, answer, **parameters):
    return rows(site.get(f"/benefits/{answer}.json", params=parameters | {"_shape": "array"}))


def test_the_questions_of_the_readme(site):
    before = [
        r
        for r in get(site, "coverage_on", as_of="2025-06-30", jurisdiction="IL", population="adult")
        if r["program"] == "il-hbia" and r["age_min"] <= 50 <= r["age_max"]
    ]
    assert [(r["enrollment"], r["applies_to"]) for r in before] == [
        ("closed_to_new", "current_enrollees")
    ]
    assert not [
        r
        for r in get(site, "coverage_on", as_of="2025-07-01", jurisdiction="IL", population="adult")
        if r["status_scope"] == "any_status"
    ]
    asked = {"jurisdiction": "CA", "data_element": "address", "person_class": "unlawfully_present"}
    assert [
        get(site, "sharing_on", as_of=day, **asked)[0]["status"]
        for day in ("2026-01-05", "2026-01-06")
    ] == ["enjoined", "permitted"]
    plaintiffs = [
        {
            r["jurisdiction"]
            for r in get(site, "roles_on", as_of=day, court_case="california-v-hhs")
            if r["role"] == "plaintiff"
        }
        for day in ("2025-07-01", "2025-09-15")
    ]
    assert len(plaintiffs[0]) == 20 and plaintiffs[1] - plaintiffs[0] == {"WI"}


@pytest.mark.slow
@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_in_three_forms(site, answer):
    page = site.get(f"/benefits/{answer}")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    as_json = rows(site.get(f"/benefits/{answer}.json?_shape=objects"))["rows"]
    as_csv = list(csv.DictReader(io.StringIO(site.get(f"/benefits/{answer}.csv").text)))
    assert len(as_json) == len(as_csv) > 0
    assert list(as_json[0]) == list(as_csv[0])
    assert {"citations", "dataset_version", "data_through"} <= set(as_json[0]) | {
        "citations" if answer == "evidence_for" else ""
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    ANSWERS
    + ("timeline", "changes_between", "eligibility", "gaps", "search", "history_of", "status_on"),
)
@pytest.mark.parametrize(
    "asked",
    [
        "",
        "jurisdiction=IL&as_of=2025-06-30",
        "as_of=2026-01-06",
        "q=m%C3%A9di%22+OR",
        "table=coverage&record=il-hbia-adult-42-54-2022",
    ],
)
def test_a_bare_list_is_what_datasette_makes(site, package, answer, asked):
    """It is made without Datasette, which makes the rows of the other shape."""
    takes = read_answers()[answer].parameters
    given = "&".join(pair for pair in asked.split("&") if pair.partition("=")[0] in takes)
    address = f"/benefits/{answer}.json?{given}&_shape="
    ours, theirs = site.get(address + "array"), site.get(address + "objects")
    assert ours.status_code == theirs.status_code == 200
    assert (
        ours.json() == theirs.json()["rows"]
        and ours.headers["content-type"] == theirs.headers["content-type"]
    )


BAD = [
    ("coverage_on", "as_of=2025-13-01", "as_of", "YYYY-MM-DD"),
    ("coverage_on", "as_of=2025-02-30", "as_of", "YYYY-MM-DD"),
    ("coverage_on", "as_of=yesterday", "as_of", "YYYY-MM-DD"),
    ("coverage_on", "as_of=2025-1-2", "as_of", "YYYY-MM-DD"),
    ("coverage_on", "as_of=%D9%A2%D9%A0%D9%A2%D9%A5-01-01", "as_of", "YYYY-MM-DD"),
    ("coverage_on", "as_of=2025-06-30%00", "as_of", "YYYY-MM-DD"),
    ("coverage_on", "jurisdiction=XX", "jurisdiction", "WY"),
    ("coverage_on", "jurisdiction=il", "jurisdiction", "Did you mean IL?"),
    ("coverage_on", "population=grown-ups", "population", "older_adult"),
    ("coverage_on", "asof=2025-01-01", "asof", "as_of"),
    ("coverage_on", "as_of=2025-01-01&as_of=2026-01-01", "as_of", "more than once"),
    ("coverage_on", "as_of=%ff", "query string", "UTF-8"),
    ("roles_on", "court_case=roe-v-wade", "court_case", "california-v-hhs"),
    ("sharing_on", "data_element=shoe_size", "data_element", "date_of_birth"),
    ("sharing_on", "person_class=tourist", "person_class", "citizen"),
    ("evidence_for", "table=sqlite_master", "table", "coverage"),
    ("evidence_for", "record=no-such-record", "record", "key of the dataset"),
    ("survey_agreement", "survey=gallup", "survey", "kff_2024_03"),
]


@pytest.mark.parametrize("answer, query, named, accepted", BAD, ids=[f"{b[0]}-{b[1]}" for b in BAD])
@pytest.mark.parametrize("form", ["", ".json", ".csv"])
def test_what_cannot_be_read_is_refused_in_every_form(site, answer, query, named, accepted, form):
    response = site.get(f"/benefits/{answer}{form}?{query}")
    assert response.status_code == 400
    text = response.json()["error"] if form == ".json" else response.text.replace("&#39;", "'")
    assert named in text and accepted in text
    assert "Traceback" not in text and "/scripts/" not in text


@pytest.mark.parametrize("as_of", ["1800-01-01", "2023-12-31", "2099-12-31"])
def test_no_answer_is_an_empty_page(site, as_of):
    assert len(get(site, "coverage_on", as_of=as_of, jurisdiction="TX")) == 5
    assert (
        get(
            site,
            "sharing_on",
            as_of=as_of,
            jurisdiction="TX",
            data_element="address",
            person_class="citizen",
        )[0]["status"]
        == "not_restricted_by_this_case"
    )
    assert len(get(site, "roles_on", as_of=as_of, court_case="california-v-hhs")) == 51


def test_future_dates_say_that_they_are_scheduled(site):
    assert all(
        "As scheduled on" in r["in_words"]
        for r in get(site, "coverage_on", as_of="2027-10-01", jurisdiction="DC")
    )


def test_tables_are_titled_and_described(site, package):
    for name, table in package.tables.items():
        page = site.get(f"/benefits/{name}")
        assert page.status_code == 200
        text = re.sub("</?code>", "`", page.text).replace("&#39;", "'").replace("&#34;", '"')
        assert (
            table.resource["title"] in text and table.resource["description"].split(".")[0] in text
        )
        assert "Creative Commons Attribution 4.0" in text
        for f in table.fields:
            assert (
                f["description"].split(".")[0].replace("`", "") in text.replace("`", "")
                or not table.rows
            ), f["name"]


def test_foreign_keys_are_shown_as_labels(site):
    assert ">Illinois</a>" in site.get("/benefits/programs?program=il-hbia").text
    assert "(HBIA)</a>" in site.get("/benefits/coverage?program=il-hbia").text


def test_search(site):
    assert "il-hbia" in site.get("/benefits/programs.json?_search=HBIA&_shape=array").text


@pytest.mark.slow
def test_every_table_as_json_and_csv(site, package):
    for name, table in package.tables.items():
        body = rows(site.get(f"/benefits/{name}.json?_shape=objects&_size=max"))
        assert len(body["rows"]) == min(len(table.rows), 10_000)
        lines = list(csv.DictReader(io.StringIO(site.get(f"/benefits/{name}.csv?_stream=on").text)))
        assert len(lines) == len(table.rows)


@pytest.mark.slow
@pytest.mark.parametrize("narrowed", [False, True], ids=["whole", "narrowed"])
@pytest.mark.parametrize("name", SERVED)
def test_sorted_pages_have_each_row_once(site, db, name, narrowed):
    """By every column, up and down, on every table and view; narrowed by an index, so that
    rows come in another order than their keys."""
    columns = [r["name"] for r in db.execute("SELECT name FROM pragma_table_info(?)", [name])]
    keys = {
        r["name"] for r in db.execute("SELECT name FROM pragma_table_info(?) WHERE pk", [name])
    } or set(columns)
    first = next(
        (c for c in columns if c in ("valid_from", "date", "filed_on", "retrieved_on")), None
    )
    if narrowed and not first:
        return
    rows = db.execute(
        f'SELECT * FROM "{name}"' + (f""" WHERE "{first}" > '2024-01-01'""" if narrowed else "")
    ).fetchall()
    wanted = sorted(repr(tuple(r[k] for k in sorted(keys))) for r in rows)
    size = max(len(rows) // 3, 1)
    for column in columns:
        for sort in ("_sort", "_sort_desc"):
            got, values, after = [], [], None
            while True:
                asked = (
                    {sort: column, "_size": size, "_nofacet": 1, "_nocount": 1}
                    | ({f"{first}__gt": "2024-01-01"} if narrowed else {})
                    | ({"_next": after} if after else {})
                )
                page = rows_of(
                    site.get(f"/benefits/{name}.json", params=asked | {"_shape": "objects"})
                )
                got += [repr(tuple(r[k] for k in sorted(keys))) for r in page["rows"]]
                values += [r[column] for r in page["rows"]]
                after = page["next"]
                if not after:
                    break
            assert sorted(got) == wanted, (column, sort)
            given = [v for v in values if v is not None]
            assert given == sorted(given, reverse=sort == "_sort_desc"), (column, sort)


def test_the_database_can_be_downloaded_and_answers(site, tmp_path):
    copy = tmp_path / "copy.db"
    copy.write_bytes(site.get("/benefits.db").content)
    assert sqlite3.connect(copy).execute("SELECT COUNT(*) FROM jurisdictions").fetchone()[0] == 51


@pytest.mark.slow
def test_every_table_that_is_served_is_paged_here(site, db):
    names = [
        r["name"]
        for r in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    ]
    assert sorted(
        n for n in names if site.get(f"/benefits/{n}.json?_size=1").status_code == 200
    ) == sorted(SERVED)


def test_arbitrary_sql_is_off(site):
    assert site.get("/benefits.json?sql=select+1").status_code == 403


def test_nothing_is_logged(site):
    site.get("/benefits/coverage_on?jurisdiction=TX&as_of=2025-03-03&_canary=zqxjk")
    site.get("/benefits/nowhere-zqxjk")
    assert "zqxjk" not in site.log.read_text()


@pytest.mark.slow
def test_several_workers_answer_and_one_that_is_killed_is_replaced(database):
    with serve.running(database, "--workers", "2") as (port, process):
        address = f"http://127.0.0.1:{port}/-/health"
        before = workers(process)
        assert len(before) == 2 and httpx.get(address).json()["ok"]
        os.kill(before[0], signal.SIGKILL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not (
            len(workers(process)) == 2 and before[0] not in workers(process)
        ):
            assert httpx.get(address).json()["ok"]  # by the other one
            time.sleep(0.1)
        assert len(workers(process)) == 2 and before[1] in workers(process)
        assert all(httpx.get(address).json()["ok"] for _ in range(20))
    assert not [p for p in before if Path(f"/proc/{p}").exists()], "a worker outlived the site"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_several_workers_end_although_one_hangs(database, number):
    with serve.running(database, "--workers", "2") as (port, process):
        before = workers(process)
        os.kill(before[0], signal.SIGSTOP)
        time.sleep(2)  # until it has been asked whether it lives
        process.send_signal(number)
        assert process.wait(timeout=40) == 0
    assert not [p for p in before if Path(f"/proc/{p}").exists()], "a worker outlived the site"


def workers(process) -> list[int]:
    """The processes that answer: children that hold the listening socket, not Python's
    resource tracker."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return sorted(
        int(c) for c in children if b"spawn_main" in (Path("/proc") / c / "cmdline").read_bytes()
    )


@pytest.mark.slow
def test_a_port_in_use_is_named(site):
    done = run("serve", "--port", site.base_url.port)
    assert (
        done.returncode == 1
        and f"cannot listen on 127.0.0.1:{site.base_url.port}" in done.stderr
        and "Traceback" not in done.stderr
    )
