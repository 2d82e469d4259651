"""Every verb starts, and says in a sentence what is wrong."""

from __future__ import annotations

import os
import shlex
import sqlite3
import subprocess
import sys

import pytest

from benefits.package import ROOT
from support import run


@pytest.mark.slow
@pytest.mark.parametrize(
    "words, said",
    [
        (["--port", "99999"], "the port is '99999', expected a whole number from 1 to 65,535"),
        (["--port", "abc"], "the port is 'abc'"),
        (["--port", "-1"], "the port is '-1'"),
        (["--port", "0"], "the port is '0'"),
        (["--port", ""], "the port is ''"),
        (["--port", "٣"], "the port is '٣'"),
        (["--port", "8" * 5000], "expected a whole number from 1 to 65,535"),
        (["--workers", "0"], "the number of workers is '0', expected a whole number from 1 to 256"),
        (["--workers", "two"], "the number of workers is 'two'"),
        (["--host", "no such host"], "cannot listen on no such host:8001"),
        (["--host", "a" * 70], "cannot listen on " + "a" * 70),
    ],
)
def test_a_wrong_argument_is_one_sentence(database, words, said):
    done = run("serve", "--database", database, *words)
    assert (
        done.returncode == 1
        and done.stdout == ""
        and said in done.stderr
        and done.stderr.count("\n") == 1
    )


@pytest.mark.parametrize(
    "day", ["", "0001-01-01", "1965-07-29", "2060-01-02", "9999-12-31", "2026-W01-1", "20260101"]
)
def test_a_day_of_staleness_that_is_none_is_one_sentence(database, day):
    done = run("completeness", "--database", database, "--at", day)
    said = f"error: --at is {day!r}, expected a day as YYYY-MM-DD, from 1965-07-30 to 2060-01-01\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def no_dataset(path, whole):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")


def without_a_table(path, whole):
    path.write_bytes(whole)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE claims")


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["serve", "export"])
@pytest.mark.parametrize(
    "made, said",
    [
        (lambda path, whole: None, "does not exist"),
        (lambda path, whole: path.mkdir(), "does not exist"),
        (lambda path, whole: path.write_bytes(b""), "is empty"),
        (lambda path, whole: path.write_bytes(whole[:60]), "is not a SQLite database"),
        (lambda path, whole: path.write_bytes(whole[: len(whole) // 2]), "is cut off"),
        (lambda path, whole: path.write_bytes(whole[:-1]), "is cut off"),
        (lambda path, whole: path.write_bytes(b"a,b\n" * 5000), "is not a SQLite database"),
        (no_dataset, "is not a database of this dataset"),
        (without_a_table, "lacks the table claims"),
    ],
)
def test_a_damaged_database_is_one_sentence(database, tmp_path, verb, made, said):
    path = tmp_path / "C# [1] 50%41?.db"
    made(path, database.read_bytes())
    words = ["--out", tmp_path / "out"] if verb == "export" else ["--port", "8799"]
    done = run(verb, "--database", path, *words)
    assert (
        done.returncode == 1
        and done.stdout == ""
        and said in done.stderr
        and done.stderr.count("\n") == 1
    ), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "verb, words",
    [
        ("build", []),
        ("serve", []),
        ("export", ["--out", "x"]),
        ("verify", ["."]),
        ("release", ["make"]),
    ],
)
def test_an_old_sqlite_is_one_sentence(verb, words, tmp_path):
    code = (
        f"import sys, sqlite3; sys.path.insert(0, {str(ROOT)!r}); sqlite3.sqlite_version_info = (3,"
        f" 34, 1); sqlite3.sqlite_version = '3.34.1'; from scripts import {verb};"
        f" from benefits.command import run; run(lambda: {verb}.main({words!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert (
        done.returncode == 1
        and "has SQLite 3.34.1, and 3.37 or newer is needed" in done.stderr
        and done.stderr.count("\n") == 1
    ), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_serving_is_said_when_the_site_answers(database, tmp_path, workers):
    import socket

    import httpx

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    words = [
        sys.executable,
        str(ROOT / "scripts" / "serve.py"),
        "--port",
        str(port),
        "--workers",
        workers,
        "--database",
        str(database),
    ]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert (
                process.stdout.readline()
                == f"Serving on http://127.0.0.1:{port}/ (Ctrl-C ends it)\n"
            )
            assert httpx.get(f"http://127.0.0.1:{port}/-/health", timeout=5).status_code == 200
        finally:
            process.terminate()


def test_the_verbs_need_no_tag():
    """A clone from CI has none: no document or script tells to check one out."""
    texts = [
        p
        for folder in ("docs", "scripts", "deploy", ".ci")
        for p in (ROOT / folder).rglob("*")
        if p.is_file()
    ] + [ROOT / "README.md", ROOT / "Makefile"]
    for path in texts:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not any(
            word in text
            for word in ("--branch v", "git tag", "git describe", "tag the commit", "refs/tags")
        ), path


def test_a_verb_shows_a_name_that_is_no_text(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "scripts" / "export.py"),
            "--database",
            os.fsdecode(b"\xff.db"),
            "--out",
            "x",
        ],
        cwd=tmp_path,
        capture_output=True,
    )
    assert done.returncode == 1 and b"\\udcff.db does not exist" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_verb_runs_with_closed_streams(closed):
    verb = shlex.join([sys.executable, str(ROOT / "scripts" / "version.py")])
    done = subprocess.run(["sh", "-c", f"{verb} {closed}"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) == (">&-" not in closed.replace("2>&-", ""))
