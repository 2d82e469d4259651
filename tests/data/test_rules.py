"""Each rule has an example that must fail: one cell of the real package is changed, and validate
must name that very place.

In tests/examples/rules.csv `record` may be `*` (the first row) or `!VALUE` (the first row whose
`relation` is VALUE)."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from benefits import reading
from benefits.validation import check, registry, text
from scripts import mutants as mutants_verb
from stress import mutants
from stress.mutants import judge
from support import copy_package, find, rewrite
from worked_examples import examples

CASES = examples("rules")
# Rules whose fault is not a matter of one changed cell have a test of their own below.
ALONE = {
    "row-too-long",
    "empty-table",
    "source-unused",
    "citation-missing",
    "released-through",
    "change-reason",
}


OURS = {name for name, _, _ in registry.RULES}


def faults(root, rule=None):
    """All faults, or, where a rule of ours is asked about, what reading and the rules find
    (frictionless takes most of the time)."""
    package = reading.load(root)
    return (
        package.faults + registry.rule_faults(package)
        if rule in OURS
        else check.package_faults(package)
    )


def test_every_rule_has_an_example():
    assert {name for name, _, _ in registry.RULES} <= {c["rule"] for c in CASES} | ALONE


@pytest.mark.slow
def test_the_package_has_no_faults(package):
    assert check.package_faults(package) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['rule']}-{c['table']}-{c['field']}")
def test_rule(case, broken, package):
    table = package.tables[case["table"]]
    target = find(table, case["record"])
    column = table.columns.index(case["field"])

    def change(rows):
        rows[table.rows.index(target) + 1][column] = case["value"]

    rewrite(broken / table.path, change)
    found = faults(broken, case["rule"])
    at = package.tables[case["at_table"]]
    key = "" if not case["at_record"] else at.key_of(find(at, case["at_record"]))
    named = [
        f
        for f in found
        if f.rule == case["rule"]
        and f.file == at.path
        and f.key == key
        and f.field == case["at_field"]
    ]
    assert named, [str(f) for f in found]
    if key:
        lines = (broken / at.path).read_text(encoding="utf-8").splitlines()
        assert key.split("/")[0] in lines[named[0].line - 1]
    assert all(f.message and f.todo for f in found)


@pytest.mark.slow
def test_citation_missing(broken, package):
    """Without its citations a row has none that supports it, and each of its cells lacks its
    own."""
    table = package.tables["citations"]

    def change(rows):
        rows[:] = [
            r for r in rows if r[table.columns.index("record")] != "il-hbia-adult-42-54-2022"
        ]

    rewrite(broken / "data/citations.csv", change)
    fields = {
        f.field
        for f in faults(broken)
        if f.rule == "citation-missing" and f.key == "il-hbia-adult-42-54-2022"
    }
    assert {"", "valid_from", "age_min", "enrollment"} <= fields


@pytest.mark.slow
def test_conflict_without_support(broken, package):
    table = package.tables["citations"]
    against = next(r for r in table.rows if r["relation"] == "contradicts" and r["field"])

    def change(rows):
        names = {n: i for i, n in enumerate(rows[0])}
        for row in rows[1:]:
            if (row[names["record"]], row[names["field"]]) == (against["record"], against["field"]):
                row[names["relation"]] = "contradicts"

    rewrite(broken / "data/citations.csv", change)
    assert [f for f in faults(broken) if f.rule == "conflict-pair" and f.field == "relation"]


@pytest.mark.slow
def test_empty_table(broken):
    rewrite(broken / "data/populations.csv", lambda rows: rows.__delitem__(slice(1, None)))
    assert [
        f for f in faults(broken) if f.rule == "empty-table" and f.file == "data/populations.csv"
    ]


@pytest.mark.slow
def test_released_through(broken, package):
    """A release cannot hold what came after its day. While the next version is in the
    making, no release has the version of the package."""
    last = package.rows("releases")[-1]
    day = (date.fromisoformat(last["date"]) + timedelta(days=1)).isoformat()
    path = broken / "datapackage.json"
    descriptor = json.loads(path.read_text(encoding="utf-8")) | {
        "version": last["version"],
        "data_through": day,
    }
    path.write_text(json.dumps(descriptor), encoding="utf-8")
    found = [
        (f.key, f.field) for f in faults(broken, "released-through") if f.rule == "released-through"
    ]
    assert found == [(last["version"], "date")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "version, field, old, new, reason, is_fault",
    [
        ("2.0.0", "name", "a", "b", "", True),
        ("2.0.0", "name", "a", "", "", True),
        ("2.0.0", "*", "{}", "", "", True),
        ("2.0.0", "name", "a", "b", "The agency writes it so.", False),
        ("2.0.0", "name", "", "b", "", False),
        ("2.0.0", "*", "", "{}", "", False),
        ("1.0.0", "name", "a", "b", "", False),
    ],
)
def test_change_reason(broken, package, version, field, old, new, reason, is_fault):
    """What a release said before needs a reason to change. Those of 1.0.0 were not kept."""
    line = [version, "2030-01-01", "programs", "il-hbia", field, old, new, reason]
    rewrite(broken / "data/releases.csv", lambda rows: rows.append([version, line[1], "major"]))
    rewrite(broken / "data/changes.csv", lambda rows: rows.append(line))
    found = [f for f in faults(broken, "change-reason") if f.rule == "change-reason"]
    expected = [(len(package.rows("changes")) + 2, "reason")] if is_fault else []
    assert [(f.line, f.field) for f in found] == expected


@pytest.mark.slow
def test_source_unused(broken, package):
    columns = package.tables["sources"].columns
    extra = {
        "source": "zz-unused",
        "kind": "news",
        "title": "Unused",
        "retrieved": "2026-11-24",
        "reliability": "secondary",
    }
    rewrite(
        broken / "data/sources.csv", lambda rows: rows.append([extra.get(c, "") for c in columns])
    )
    assert [(f.key, f.line) for f in faults(broken) if f.rule == "source-unused"] == [
        ("zz-unused", len(package.rows("sources")) + 2)
    ]


@pytest.mark.slow
def test_all_faults_in_one_run(broken, package):
    chosen = [
        next(c for c in CASES if c["rule"] == r and c["table"] != "citations")
        for r in (
            "words",
            "formula-cell",
            "period-order",
            "closed-to-new",
            "role-party",
            "cap-without-cap",
        )
    ]
    for case in chosen:
        table = package.tables[case["table"]]
        target = find(table, case["record"])

        def change(rows, table=table, target=target, case=case):
            rows[table.rows.index(target) + 1][table.columns.index(case["field"])] = case["value"]

        rewrite(broken / table.path, change)
    assert {c["rule"] for c in chosen} <= {f.rule for f in faults(broken)}


@pytest.mark.slow
def test_copy_is_whole(tmp_path):
    assert faults(copy_package(tmp_path / "p")) == []


@pytest.mark.slow
def test_mutants_are_caught(capsys, monkeypatch):
    """Of every sixth kind; `make mutants` makes 2,000 of all kinds."""
    kinds = dict(list(mutants.KINDS.items())[::6])
    monkeypatch.setattr(judge, "KINDS", kinds)
    assert mutants_verb.main(["--count", str(len(kinds))]) == 0, capsys.readouterr().err


@pytest.mark.slow
def test_a_mutant_that_is_not_caught_is_told(capsys, monkeypatch):
    monkeypatch.setattr(check, "package_faults", lambda package: [])
    assert mutants_verb.main(["--count", "3", "--jobs", "1"]) == 1
    assert "0 of 3 mutants" in capsys.readouterr().out


ODD = [
    0x01,
    0x7F,
    0x85,
    0xA0,
    0xAD,
    0x34F,
    0x61C,
    0x115F,
    0x180E,
    0x2007,
    0x200B,
    0x2028,
    0x202E,
    0x202F,
    0x2060,
    0x2066,
    0x2800,
    0x3000,
]
ODD += [
    0x3164,
    0xE000,
    0xFE0F,
    0xFEFF,
    0xFFA0,
    0xFFF9,
    0xFFFD,
    0xFFFE,
    0x378,
    0x1D173,
    0xE0001,
    0xE0100,
    0x10FFFF,
]


@pytest.mark.parametrize("code", ODD, ids="U+{:04X}".format)
def test_a_character_that_cannot_be_seen_is_named_with_its_place(code):
    assert text.odd_character(f"ab{chr(code)}c").startswith(
        f"U+{code:04X} ("
    ) and text.odd_character(f"ab{chr(code)}c").endswith("character 3")


def test_plain_letters_and_signs_of_any_script_are_no_odd_characters():
    assert text.odd_character("Café § 1396b(v) – “Niño” naïve 中文 Ελλάδα €5") == ""


@pytest.mark.slow
def test_a_row_that_no_change_could_hold_is_a_fault(broken):
    def change(rows):
        for column in ("summary", "name"):
            rows[1][rows[0].index(column)] = "a" * 4_200

    rewrite(broken / "data" / "programs.csv", change)
    assert [f.line for f in faults(broken, "row-too-long") if f.rule == "row-too-long"] == [2]
