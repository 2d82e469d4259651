"""Where code lives, and what it may import: the rooms of the project.

Scripts call the library; the library reads, validates, builds, exports, releases and serves; the
instruments in stress/ use the library, and nothing uses them.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benefits.package import ROOT

# What a room may import, beside the modules that stand in benefits/ itself.
ROOMS = {
    "database": {"database"},
    "validation": {"validation", "database"},  # a package with more tables is built as a trial
    "export": {"export", "web"},  # the static copy is the site, page by page
    "release": {"release", "export", "database", "validation", "web"},
    "web": {"web"},
}
# The modules of benefits/ itself that use a room, and which.
USERS = {"version": {"validation"}}
MOST_LINES, MOST_OF_A_FUNCTION, MOST_CHARACTERS = 400, 50, 100
CODE = sorted(
    p for room in ("benefits", "scripts", "plugins", "stress") for p in (ROOT / room).rglob("*.py")
)
# All that people write and read as code.
TEXT = sorted(
    path
    for folder in ("tests", "sql", "templates", "static", "deploy", "plugins", "scripts", ".ci")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and path.suffix not in (".pyc", ".csv") and path.parent.name != "documents"
)
TEXT = sorted({*TEXT, *CODE})
TEXT += [ROOT / "Makefile", ROOT / "metadata.yml", ROOT / "pyproject.toml"]


def imports(path: Path) -> set[str]:
    """Return the modules of ours that a file imports, with their rooms."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in ("benefits", "scripts", "stress")}


def wrong_imports(path: Path) -> set[str]:
    """Return the imports of a file that lead out of where it may look."""
    room, *inner = path.relative_to(ROOT).parts
    names = imports(path)
    if room != "benefits":
        allowed = {"scripts": ("benefits.", "stress."), "stress": ("benefits.", "stress.")}
        return {n for n in names if not n.startswith(allowed.get(room, ("benefits.",)))}
    here = inner[0].removesuffix(".py")
    rooms = ROOMS.get(here, USERS.get(here, set()))
    parts = [name.split(".") for name in names]
    return {
        ".".join(p) for p in parts if p[0] != "benefits" or (p[1] in ROOMS and p[1] not in rooms)
    }


@pytest.mark.parametrize("path", CODE, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_file_imports_only_what_its_room_may(path):
    assert not wrong_imports(path)


@pytest.mark.parametrize(
    "file, text, wrong",
    [
        ("benefits/web/x.py", "from benefits.validation import text", "benefits.validation.text"),
        (
            "benefits/web/x.py",
            "from benefits.database.build import fill",
            "benefits.database.build.fill",
        ),
        (
            "benefits/database/x.py",
            "from benefits.validation import check",
            "benefits.validation.check",
        ),
        ("benefits/reading.py", "from stress import grow", "stress.grow"),
        ("benefits/files.py", "import scripts.build", "scripts.build"),
        ("stress/x.py", "from scripts import build", "scripts.build"),
    ],
)
def test_a_wrong_import_is_seen(tmp_path, monkeypatch, file, text, wrong):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr("test_house.ROOT", tmp_path)
    assert wrong_imports(path) == {wrong}


def test_no_file_and_no_line_is_too_long_to_be_read():
    long = []
    for path in TEXT:
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > MOST_LINES:
            long.append(f"{path}: {len(lines)} lines")
        long += [f"{path}:{n}" for n, line in enumerate(lines, 1) if len(line) > MOST_CHARACTERS]
    assert not long


def test_no_function_is_too_long_to_be_read():
    long = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = node.end_lineno - node.lineno + 1
                if lines > MOST_OF_A_FUNCTION:
                    long.append(f"{path.relative_to(ROOT)}: {node.name} has {lines} lines")
    assert not long
