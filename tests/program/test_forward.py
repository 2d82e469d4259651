"""Days compared with those of the last release."""

from __future__ import annotations

import pytest

from benefits.forward import forward_problems
from benefits.package import Package, Table

FIELDS = [{"name": "x", "type": "string"}]


def package(version="1.0.0", through="2026-06-01", looks=(), opened=None):
    """A package with its citations, as (source, checked_on), and its sources."""
    resource = {"schema": {"fields": FIELDS, "primaryKey": ["x"]}}
    citations = [
        {"citation": f"c{i}", "source": source, "checked_on": day}
        for i, (source, day) in enumerate(looks)
    ]
    sources = [{"source": s, "retrieved": day} for s, day in (opened or {}).items()]
    rows = {"citations": citations, "sources": sources}
    tables = {n: Table(n, f"data/{n}.csv", resource, r) for n, r in rows.items()}
    return Package(None, {"version": version, "data_through": through}, tables)


def test_data_through_only_moves_forward():
    [said] = forward_problems(package(), package(through="2026-05-31"))
    assert said.startswith("datapackage.json: data_through 2026-05-31 is before 2026-06-01")
    assert forward_problems(package(), package()) == []
    assert forward_problems(package(), package(through="2026-06-02")) == []


@pytest.mark.parametrize(
    "day, opened, is_fault",
    [
        ("2026-02-02", "2026-02-03", False),  # opened again, and looked at
        ("2026-01-10", "2026-01-10", True),  # opened before, and not since
        ("2026-01-05", "2026-01-10", False),  # not looked at again
        ("2025-12-31", "2026-01-10", False),  # a day that was wrong is moved back
    ],
)
def test_a_look_moves_only_with_its_source(day, opened, is_fault):
    before = package(looks=[("a", "2026-01-05")], opened={"a": "2026-01-10"})
    after = package(looks=[("a", day)], opened={"a": opened})
    problems = forward_problems(before, after)
    assert [p.startswith("data/citations.csv [c0] checked_on:") for p in problems] == (
        [True] if is_fault else []
    )


def test_a_source_that_is_cited_anew_is_no_old_one():
    before = package(looks=[("a", "2026-01-05")], opened={"a": "2026-01-10"})
    looks = [("b", "2026-01-06"), ("a", "2026-01-10")]
    after = package(looks=looks, opened={"a": "2026-01-10", "b": "2026-01-06"})
    assert forward_problems(before, after) == []


def test_a_locator_made_exact_is_no_batch():
    before = package(looks=[("a", "2026-01-05")] * 1_000, opened={"a": "2026-01-10"})
    after = package(looks=[("a", "2026-03-01")] * 1_000, opened={"a": "2026-03-01"})
    for citation in after.rows("citations"):
        citation["locator"] = "Page 4"
    assert forward_problems(before, after) == []


@pytest.mark.parametrize("moved, is_fault", [(50, False), (51, True)])
def test_a_batch_of_looks_is_named(moved, is_fault):
    """New citations do not count: what is coded in a day may be much."""
    before = package(looks=[("a", "2026-01-05")] * 1_000, opened={"a": "2026-01-10"})
    looks = [("a", "2026-03-01")] * moved + [("a", "2026-01-05")] * (1_000 - moved)
    looks += [("a", "2026-03-01")] * 500
    problems = forward_problems(before, package(looks=looks, opened={"a": "2026-03-01"}))
    assert [f"checked_on of {moved} citations moved to 2026-03-01" in p for p in problems] == (
        [True] if is_fault else []
    )
