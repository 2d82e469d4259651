"""Tests that need a program which this machine lacks: left out as a group and counted in the last lines; with CI=true an error."""

from __future__ import annotations

import pytest

import setup

# Tests that use one of these fixtures need its program; other tests say so by a marker of that name.
FIXTURES = dict.fromkeys(("browser", "chromium"), ("chromium", "libatomic"))
REASON = "needs what is not installed: "


def needed(item) -> list[str]:
    """The programs that a test needs."""
    marked = {mark.name for mark in item.iter_markers() if mark.name in setup.TOOLS}
    return sorted(marked.union(*(FIXTURES.get(name, ()) for name in getattr(item, "fixturenames", ()))))


def pytest_configure(config):
    if not __debug__:
        raise pytest.UsageError("PYTHONOPTIMIZE takes the checks out of the tests: run them without it, as `make test` does")


@pytest.hookimpl(trylast=True)  # after -k and the like
def pytest_collection_modifyitems(config, items):
    absent = set(setup.missing_tools(setup.TOOLS))
    wanted = {}
    for item in items:
        lacking = [tool for tool in needed(item) if tool in absent]
        if lacking:
            wanted[item.nodeid] = lacking
            item.add_marker(pytest.mark.skip(reason=REASON + ", ".join(lacking)))
    if wanted and setup.in_ci():
        raise pytest.UsageError(f"CI is true, and {told(wanted)}")
    config.left_out = wanted


def told(left_out: dict[str, list[str]]) -> str:
    """How many tests need what is missing, and the one command that brings it."""
    tools = sorted({tool for lacking in left_out.values() for tool in lacking})
    counts = ", ".join(f"{tool} ({sum(tool in lacking for lacking in left_out.values())})" for tool in tools)
    count = f"{len(left_out)} test{'s were' if len(left_out) != 1 else ' was'}"
    return f"{count} not run, for want of {counts}. This brings what is missing: {setup.install_command([setup.TOOLS[t][0] for t in tools])}"


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    left_out = getattr(config, "left_out", {})
    others = [r for r in terminalreporter.stats.get("skipped", []) if r.nodeid not in left_out]
    for report in others:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        terminalreporter.write_line(f"not run: {report.nodeid} ({reason.removeprefix('Skipped: ')})")
    if left_out:
        terminalreporter.write_line(told(left_out), yellow=True)
