"""The canonical form of data files, and characters that cannot be seen."""

from __future__ import annotations

import os

import pytest
from edits import data, edit, resource, schema, slips

from benefits.files import atomic_write
from support import run

FORMS = {
    "CRLF": lambda raw: raw.replace(b"\n", b"\r\n"),
    "lone CR": lambda raw: raw.replace(b"\n", b"\r"),
    "byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "no last line end": lambda raw: raw[:-1],
    "another order": lambda raw: b"\n".join(
        [*raw.split(b"\n")[:1], *reversed(raw.split(b"\n")[1:-1]), b""]
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_sort_gives_back_the_canonical_bytes(form, broken):
    path = broken / "data" / "populations.csv"
    raw, other = path.read_bytes(), data(broken).stat().st_mtime_ns
    path.write_bytes(FORMS[form](raw))
    assert run("canonical", "--root", broken).returncode == 0
    assert path.read_bytes() == raw and data(broken).stat().st_mtime_ns == other


def test_sort_leaves_a_line_break_in_a_cell_and_says_so(broken):
    path = broken / "data" / "populations.csv"
    path.write_bytes(
        raw := path.read_bytes()
        + b'"zz\r\ny"'
        + b"," * path.read_bytes().split(b"\n")[0].count(b",")
        + b"\r\n"
    )
    done = run("canonical", "--root", broken)
    assert (
        done.returncode == 1
        and "data/populations.csv: left as it is" in done.stderr
        and path.read_bytes() == raw
    )


@pytest.mark.parametrize("day", ["9999-12-31", "9999-12-30", "0001-01-01"])
def test_no_day_of_the_package_is_one_that_stands_for_no_end(day, broken):
    edit(broken, lambda d: d.update(data_through=day))
    assert ("date", f"is {day}, not between 1965-07-30 and 2060-01-01") in {
        (f.rule, f.message) for f in slips(broken)
    }


HIDDEN = {
    "a title": (lambda d: d.update(title="Health\u00adcoverage"), "title", "U+00AD"),
    "a label": (
        lambda d: next(f for f in schema(d, "coverage")["fields"] if "categories" in f)[
            "categories"
        ][0].update(label="\u202eOpen"),
        "/label",
        "U+202E",
    ),
    "a key": (lambda d: d.update({"ti\u200btle": "x"}), "ti\\u200btle", "U+200B"),
    "a line break": (
        lambda d: resource(d, "coverage").update(description="One.\nTwo."),
        "description",
        "U+000A",
    ),
    "a keyword": (lambda d: d["keywords"].append("a\ue000b"), "keywords/", "U+E000"),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_a_text_of_the_descriptor_has_no_character_that_cannot_be_seen(what, broken):
    change, where, code = HIDDEN[what]
    edit(broken, change)
    assert [
        f
        for f in slips(broken)
        if f.rule == "odd-characters" and where in f.key and code in f.message
    ]


def test_a_device_or_a_pipe_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="a device or a pipe"), atomic_write(pipe) as beside:
        beside.write_text("x", encoding="utf-8")
    assert pipe.is_fifo() and [p.name for p in tmp_path.iterdir()] == ["pipe"]
