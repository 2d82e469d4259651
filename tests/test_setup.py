"""Setting up, starting, and the caller's environment: what a fresh machine, another folder or an
odd setting must not change."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, run

from benefits import refresh, repository, setup

PARTS = (
    "benefits",
    "data",
    "sql",
    "profiles",
    "scripts",
    "docs",
    "releases",
    "metadata.yml",
    "datapackage.json",
    "requirements.txt",
    "Makefile",
    "CITATION.cff",
)


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.fixture
def tree(tmp_path):
    """What the database is made from, to be edited."""
    root = tmp_path / "tree"
    root.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, root / name)
    return root


# ---- programs ------------------------------------------------------------------------------------

BRINGS = (
    'case "$*" in *install*) printf "#!/bin/sh\\n" > "$BIN/chromium"; chmod +x "$BIN/chromium";;'
    " esac"
)
FAILS = (
    'case "$*" in *install*) echo "E: Unable to fetch some archives"; exit 100;; *) echo "W: no'
    ' network";; esac'
)


@pytest.mark.parametrize(
    "who, sudo, apt, ci, installed, said",
    [
        ("root", None, BRINGS, "", True, "Installing from Debian's packages: chromium"),
        (
            "user",
            'shift; exec "$@"',
            BRINGS,
            "",
            True,
            "Installing from Debian's packages: chromium",
        ),
        (
            "user",
            "exit 1",
            BRINGS,
            "",
            False,
            "sudo asks for a password or is not there. What needs them is left out",
        ),
        (
            "user",
            None,
            BRINGS,
            "",
            False,
            "sudo asks for a password or is not there. What needs them is left out",
        ),
        (
            "root",
            None,
            FAILS,
            "",
            False,
            "apt-get failed (Unable to fetch some archives). What needs them is left out",
        ),
        ("root", None, None, "", False, "there is no apt-get here. What needs them is left out"),
        ("root", None, FAILS, "true", False, None),
        ("user", None, BRINGS, "true", False, None),
        ("root", None, BRINGS, "true", True, "Installing from Debian's packages: chromium"),
    ],
)
def test_programs_are_installed_or_named(
    tmp_path, monkeypatch, capfd, who, sudo, apt, ci, installed, said
):
    folder = tmp_path / "bin"
    for name in ("env", "true", "sh", "chmod"):
        folder.mkdir(exist_ok=True)
        (folder / name).symlink_to(shutil.which(name))
    for name, text in (("sudo", sudo), ("apt-get", apt)):
        if text:
            program(folder, name, text)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("BIN", str(folder))
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if who == "root" else 1000)
    command = ("" if who == "root" else "sudo ") + "apt-get install chromium"
    if said:
        setup.set_up_tools(["chromium"], True)
        told = capfd.readouterr().out
        assert said in told and (installed or command in told)
    else:
        with pytest.raises(
            setup.CannotSetUp, match="chromium cannot be installed: .*This brings them: " + command
        ):
            setup.set_up_tools(["chromium"], True)
    assert bool(setup.find_tool("chromium")) == installed


TESTS = """
import pytest
@pytest.mark.chromium
def test_a(): pass
@pytest.mark.chromium
@pytest.mark.wrk
def test_b(): pass
@pytest.fixture
def browser(): pass
def test_c(browser): pass
def test_d(): pass
@pytest.mark.skip(reason="for a reason of its own")
def test_e(): pass
"""


REFUSED = [
    (
        "CI is true, and this test needs what is not installed: chromium, wrk. This brings what is"
        " missing: "
    ),
    "apt-get install chromium wrk",
    "1 passed, 1 skipped, 3 errors",
]


@pytest.mark.libatomic  # which is not in PATH, and would be counted too
@pytest.mark.parametrize(
    "env, words, code, said",
    [
        (
            {},
            [],
            0,
            [
                (
                    "3 tests were not run, for want of chromium (3), wrk (1). This brings what is"
                    " missing: "
                ),
                "apt-get install chromium wrk",
                "test_e (for a reason of its own)",
                "1 passed, 4 skipped",
            ],
        ),
        (
            {},
            ["-k", "test_a or test_d"],
            0,
            ["1 test was not run, for want of chromium (1)", "1 passed, 1 skipped"],
        ),
        ({}, ["-k", "test_d"], 0, ["1 passed"]),
        ({}, ["-m", "not browser"], 0, ["1 passed, 1 skipped, 3 deselected"]),
        (
            {},
            ["-n", "2"],
            0,
            [
                "3 tests were not run, for want of chromium (3), wrk (1). This brings",
                "test_e (for a reason of its own)",
                "1 passed, 4 skipped",
            ],
        ),
        ({"CI": "true"}, ["-n", "2"], 1, REFUSED),
        ({"CI": "true"}, [], 1, REFUSED),
        ({"CI": "true"}, ["-k", "test_d"], 0, ["1 passed"]),
        ({"PYTHONOPTIMIZE": "1"}, [], 4, ["PYTHONOPTIMIZE takes the checks out of the tests"]),
    ],
)
def test_what_needs_a_missing_program_is_left_out_and_counted(tmp_path, env, words, code, said):
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "conftest.py").write_text("from needs import *", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n  browser: x\n  chromium: x\n  libatomic: x\n  wrk: x\n",
        encoding="utf-8",
    )
    paths = {"PATH": str(tmp_path), "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "CI": ""}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=tmp_path,
        env=paths | env,
        capture_output=True,
        text=True,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == code and all(s in printed for s in said), printed
    if code == 0:
        assert "passed" in printed.strip().splitlines()[-1]  # pytest's own line stays the last


def test_a_program_that_is_installed_but_hidden_is_told_as_that(tmp_path, monkeypatch, capfd):
    program(tmp_path, "apt-get", "exit 0")
    (tmp_path / "env").symlink_to(shutil.which("env"))
    (tmp_path / "sh").symlink_to(shutil.which("sh"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setitem(setup.TOOLS, "hidden", ("hidden-package", ("no-such-program",)))
    setup.set_up_tools(["hidden"], True)
    told = capfd.readouterr().out
    assert "hidden cannot be found, although apt-get says that it is installed" in told
    assert told.endswith("put that folder into PATH: dpkg -L hidden-package\n")
    assert "This brings them" not in told


def test_a_library_is_found_by_loading_it(monkeypatch):
    monkeypatch.setitem(setup.TOOLS, "none", ("libnone1", ("libnone.so.1",)))
    monkeypatch.setitem(setup.TOOLS, "c", ("libc6", ("libc.so.6",)))
    assert setup.missing_tools(["none", "c"]) == ["none"]


def test_every_program_has_a_marker_and_every_marker_a_program(pytestconfig):
    own = {line.split(":")[0] for line in pytestconfig.getini("markers")}
    assert own >= set(setup.TOOLS)


# ---- the venv ------------------------------------------------------------------------------------


def test_a_venv_that_is_not_whole_is_made_anew_and_one_that_is_stays(tmp_path, monkeypatch, capfd):
    root = tmp_path / "here"
    root.mkdir()
    (root / "lock.txt").write_text("# nothing\n", encoding="utf-8")

    def set_up(place: Path = root) -> str:
        monkeypatch.setattr(setup, "ROOT", place)
        setup.set_up_venv(place / ".venv", ["lock.txt"])
        return capfd.readouterr().out

    assert "what is needed" in set_up()
    record, odd = root / ".venv" / "installed.json", root / ".venv" / "left-by-the-earlier"
    odd.touch()
    assert set_up() == "" and odd.exists()
    (root / "lock.txt").write_text("# other\n", encoding="utf-8")
    assert (
        "what changed" in set_up() and odd.exists()
    )  # the lock file changed: installed into what is there
    record.unlink()  # as when pip is killed
    assert "what is needed" in set_up() and not odd.exists()
    moved = root.rename(tmp_path / "there")
    assert "what is needed" in set_up(moved)
    record = moved / ".venv" / "installed.json"
    for name, value in (("python", "3.9.0 /usr"), ("place", "/elsewhere"), ("files", [])):
        assert setup.is_whole(moved / ".venv", setup.read_record(moved / ".venv"))
        kept = record.read_text(encoding="utf-8")
        record.write_text(json.dumps(json.loads(kept) | {name: value}), encoding="utf-8")
        assert not setup.is_whole(moved / ".venv", setup.read_record(moved / ".venv"))
        record.write_text(kept, encoding="utf-8")
    python = moved / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/usr/bin/python0")  # as when the system's Python was replaced
    assert not setup.is_whole(moved / ".venv", setup.read_record(moved / ".venv"))


def test_an_installation_that_fails_leaves_no_record_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    (tmp_path / "lock.txt").write_text(
        "no-such-package==1.0\n", encoding="utf-8"
    )  # without a hash: refused
    with pytest.raises(setup.CannotSetUp, match="lock.txt cannot be installed into .venv: "):
        setup.set_up_venv(tmp_path / ".venv", ["lock.txt"])
    assert not (tmp_path / ".venv" / "installed.json").exists()


@pytest.mark.parametrize(
    "name, value",
    [
        ("PIP_USER", "1"),
        ("PIP_TARGET", "/tmp/x"),
        ("PIP_REQUIRE_VIRTUALENV", "1"),
        ("PYTHONHOME", "/tmp"),
        ("PYTHONPATH", "/tmp"),
        ("PYTHONOPTIMIZE", "2"),
    ],
)
def test_settings_of_the_caller_do_not_reach_pip(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert setup.clean_environment().get(name) in (None, "0")


# ---- what is out of date -------------------------------------------------------------------------


def older_copy(root):
    """`cp -p` of an older file over a data file: its time goes back."""
    path = root / "data" / "sources.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(" of ", " on ", 1), encoding="utf-8")
    os.utime(path, (1, 1))


def change(name):
    def edit(root):
        with open(root / name, "ab") as file:
            file.write(b"\n")

    return edit


@pytest.mark.parametrize(
    "edit, stale",
    [
        (lambda root: [os.utime(p) for p in root.rglob("*.csv")], False),
        (change("scripts/serve.py"), False),
        (older_copy, True),
        (change("scripts/history.py"), True),
        (change("scripts/rules.py"), True),
        (change("scripts/package.py"), True),
        (change("metadata.yml"), True),
        (change("requirements.txt"), True),
        (change("build/benefits.db"), True),
        (lambda root: (root / "build" / "benefits.db").unlink(), True),
        (lambda root: (root / "build" / "validated.json").unlink(), True),
        (lambda root: (root / "data" / "more.csv").touch(), True),
        (lambda root: (root / "data" / "claims.csv").unlink(), True),
        (lambda root: (root / "sql" / "views" / "zz.sql").touch(), True),
        (lambda root: next((root / "sql" / "views").glob("*.sql")).unlink(), True),
    ],
)
def test_what_is_made_again_depends_on_contents_alone(tree, edit, stale):
    (tree / "build").mkdir()
    for name in ("benefits.db", "validated.json"):
        (tree / "build" / name).write_text("made", encoding="utf-8")
    before = refresh.state(tree)
    edit(tree)
    assert (refresh.state(tree) != before) == stale


def test_build_is_done_once_and_again_after_an_older_file(tree):
    def build():
        return subprocess.run(
            ["make", f"PY={sys.executable}", "build"], cwd=tree, capture_output=True, text=True
        )

    first = build()
    assert first.returncode == 0 and "rows" in first.stdout, first.stderr
    assert build().stdout == "build/benefits.db is up to date\n"
    older_copy(tree)
    again = build()
    assert again.returncode == 0 and "up to date" not in again.stdout, again.stderr
    (tree / "build" / "benefits.db").write_bytes(b"")
    assert (
        "up to date" not in build().stdout and (tree / "build" / "benefits.db").stat().st_size > 0
    )


def test_a_build_that_fails_is_tried_again(tree):
    change("data/sources.csv")(tree)  # a blank line at the end
    for _ in range(2):
        done = subprocess.run(
            ["make", f"PY={sys.executable}", "build"], cwd=tree, capture_output=True, text=True
        )
        assert done.returncode == 2 and "data/sources.csv" in done.stdout
    assert not (tree / "build" / "made-from.json").exists()


def test_make_runs_one_target_at_a_time(tree):
    path = tree / "data" / "sources.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text(head + "".join(reversed(rows)), encoding="utf-8")
    done = subprocess.run(
        ["make", "-j4", f"PY={sys.executable}", "sort", "build", "check"],
        cwd=tree,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert path.read_text(encoding="utf-8").splitlines(keepends=True) == [head, *rows]


def test_help_lists_the_targets():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True)
    listed = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"serve", "test", "build", "check", "sort", "release", "help", "clean"} <= listed


@pytest.mark.git
def test_a_checkout_with_converted_line_ends_is_whole(tmp_path):
    target = tmp_path / "clone"
    subprocess.run(
        ["git", "-c", "core.autocrlf=true", "clone", "--quiet", str(ROOT), str(target)],
        check=True,
        capture_output=True,
    )
    held = [
        p for p in target.rglob("*") if p.is_file() and ".git" not in p.relative_to(target).parts
    ]
    assert [p for p in held if b"\r\n" in p.read_bytes() and p.suffix not in (".zip", ".png")] == []
    assert all(
        (target / "releases" / p.name).read_bytes() == p.read_bytes()
        for p in (ROOT / "releases").glob("*.zip")
    )
    done = run("validate", "--root", target)
    assert done.returncode == 0, done.stdout


# ---- the caller's environment --------------------------------------------------------------------

SETTINGS = [
    {"PYTHONIOENCODING": "latin-1"},
    {"PYTHONIOENCODING": "ascii:strict"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "tr_TR.UTF-8"},
    {"PYTHONOPTIMIZE": "2"},
    {"PYTHONSAFEPATH": "1"},
    {"PYTHONOPTIMIZE": "2", "PYTHONSAFEPATH": "1", "PYTHONIOENCODING": "latin-1"},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_fault_reads_the_same_under_any_setting(broken, settings):
    path = broken / "data" / "jurisdictions.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("\nIL,", "\nIL→Łódź,", 1), encoding="utf-8"
    )

    def validate(env):
        words = [sys.executable, str(ROOT / "scripts" / "validate.py"), "--root", str(broken)]
        return subprocess.run(words, capture_output=True, env=os.environ | env)

    plain, set_ = validate({}), validate(settings)
    assert plain.returncode == set_.returncode == 1 and not set_.stderr, set_.stderr.decode()
    assert set_.stdout == plain.stdout and "IL→Łódź".encode() in plain.stdout


VERBS = sorted(
    p.stem
    for p in (ROOT / "scripts").glob("*.py")
    if "ArgumentParser(" in p.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_starts_without_docstrings_and_without_its_folder(verb):
    done = run(verb, "--help", env={"PYTHONOPTIMIZE": "2", "PYTHONSAFEPATH": "1"}, cwd="/")
    assert done.returncode == 0 and done.stdout.startswith("usage:"), done.stderr


def test_make_keeps_the_callers_python_settings_away(tree):
    (tree / "junk").mkdir()
    (tree / "junk" / "json.py").write_text("raise SystemExit('the wrong json')", encoding="utf-8")
    odd = {
        "PYTHONPATH": str(tree / "junk"),
        "PYTHONHOME": "/nowhere",
        "PYTHONOPTIMIZE": "2",
        "PYTHONSAFEPATH": "1",
        "PYTHONIOENCODING": "ascii",
        "PYTHONWARNINGS": "error",
    }
    done = subprocess.run(
        ["make", f"PY={sys.executable}", "check"],
        cwd=tree,
        capture_output=True,
        text=True,
        env=os.environ | odd,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# ---- git -----------------------------------------------------------------------------------------


@pytest.fixture
def repo(tmp_path, monkeypatch):
    """A repository with one commit, and a person's settings in a file that a test fills."""
    root = tmp_path / "repo ä"
    (root / "plugins").mkdir(parents=True)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "settings"))
    (tmp_path / "settings").write_text(
        "[user]\nname = Test\nemail = test@example.org\n", encoding="utf-8"
    )
    (root / "a.txt").write_text("a\n", encoding="utf-8")
    (root / ".gitignore").write_text("/build/\n", encoding="utf-8")
    for words in (["init", "--quiet"], ["add", "-A"], ["commit", "--quiet", "-m", "One"]):
        repository.ask(root, *words)
    return root


def hide_in_index(root, settings):
    (root / "a.txt").write_text("b\n", encoding="utf-8")
    repository.ask(root, "update-index", "--assume-unchanged", "a.txt")


def add(name, text="x"):
    def edit(root, settings):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")

    return edit


def exclude(root, settings):
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "exclude").write_text("*.py\n", encoding="utf-8")
    add("plugins/p.py")(root, settings)


@pytest.mark.git
@pytest.mark.parametrize(
    "settings, edit, found",
    [
        ("", lambda *_: None, []),
        ("", add("build/x"), []),
        ("", lambda root, _: os.utime(root / "a.txt", (1, 1)), []),
        ("", add("a.txt", "b\n"), ["a.txt"]),
        ("[status]\nshowUntrackedFiles = no\n", add("plugins/p.py"), ["plugins/p.py"]),
        ("[status]\nshort = true\nbranch = true\n[color]\nui = always\n", lambda *_: None, []),
        ("[core]\nquotePath = true\n", add("ä→.txt"), ["ä→.txt"]),
        ("[core]\nexcludesFile = EXCLUDES\n", add("plugins/p.py"), ["plugins/p.py"]),
        ("[diff]\nexternal = /bin/false\n", add("a.txt", "b\n"), ["a.txt"]),
        ("[diff]\nignoreSubmodules = all\nnoprefix = true\n", add("a.txt", "b\n"), ["a.txt"]),
        ("", exclude, ["plugins/p.py"]),
        ("", hide_in_index, ["a.txt"]),
        ("", lambda root, _: (root / "a.txt").unlink(), ["a.txt"]),
    ],
)
def test_what_is_not_committed_is_seen_under_any_setting(repo, tmp_path, settings, edit, found):
    (tmp_path / "excludes").write_text("*.py\n", encoding="utf-8")
    with open(tmp_path / "settings", "a", encoding="utf-8") as file:
        file.write(settings.replace("EXCLUDES", str(tmp_path / "excludes")))
    edit(repo, settings)
    assert repository.uncommitted(repo) == found


@pytest.mark.git
def test_a_hook_and_signatures_do_not_change_which_commit_is_named(repo, tmp_path, monkeypatch):
    name, time = repository.head(repo)
    with open(tmp_path / "settings", "a", encoding="utf-8") as file:
        file.write("[log]\nshowSignature = true\ndate = relative\n[format]\npretty = fuller\n")
    monkeypatch.setenv("GIT_DIR", str(ROOT / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(ROOT))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-index"))
    assert (
        repository.head(repo) == (name, time)
        and len(name) == 40
        and repository.uncommitted(repo) == []
    )


@pytest.mark.git
def test_a_clone_for_comparing_has_the_bytes_of_the_commit(repo, tmp_path):
    with open(tmp_path / "settings", "a", encoding="utf-8") as file:
        file.write(
            "[core]\nautocrlf = true\nhooksPath = /nowhere\n[clone]\ndefaultRemoteName = other\n"
        )
    repository.clone(repo, tmp_path / "again", repository.head(repo)[0])
    assert (tmp_path / "again" / "a.txt").read_bytes() == b"a\n"
    with pytest.raises(repository.GitFailed, match="git checkout failed: "):
        repository.clone(repo, tmp_path / "other", "0" * 40)


def test_a_folder_that_is_no_repository_is_named_in_one_sentence(tmp_path):
    done = run("release", "--root", tmp_path, "make")
    assert (
        done.returncode == 1
        and done.stderr.startswith("error: git ")
        and done.stderr.count("\n") == 1
    )


# ---- starting ------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("verb", ["serve", "export"])
@pytest.mark.parametrize(
    "made, said",
    [
        (lambda path, whole: None, "is not there"),
        (lambda path, whole: path.mkdir(), "is not there"),
        (lambda path, whole: path.write_bytes(b""), "is empty"),
        (lambda path, whole: path.write_bytes(whole[:60]), "is no SQLite database"),
        (lambda path, whole: path.write_bytes(whole[: len(whole) // 2]), "is cut off"),
        (lambda path, whole: path.write_bytes(whole[:-1]), "is cut off"),
        (lambda path, whole: path.write_bytes(b"a,b\n" * 5000), "is no SQLite database"),
        (no_dataset, "is no database of this dataset"),
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
        f" sys.exit({verb}.main({words!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert (
        done.returncode == 1
        and "has SQLite 3.34.1, and 3.37 or newer is needed" in done.stderr
        and done.stderr.count("\n") == 1
    ), done.stderr


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
        for p in (ROOT / folder).glob("*")
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
    assert done.returncode == 1 and b"\\udcff.db is not there" in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_verb_runs_with_closed_streams(closed):
    verb = shlex.join([sys.executable, str(ROOT / "scripts" / "version.py")])
    done = subprocess.run(["sh", "-c", f"{verb} {closed}"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) == (">&-" not in closed.replace("2>&-", ""))
