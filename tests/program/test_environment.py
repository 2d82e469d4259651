"""The caller's environment and git settings change nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benefits import repository
from benefits.package import ROOT
from support import run

SETTINGS = [
    {"PYTHONIOENCODING": "latin-1"},
    {"PYTHONIOENCODING": "ascii:strict"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "tr_TR.UTF-8"},
    {"PYTHONOPTIMIZE": "2"},
    {"PYTHONSAFEPATH": "1"},
    {"PYTHONOPTIMIZE": "2", "PYTHONSAFEPATH": "1", "PYTHONIOENCODING": "latin-1"},
]


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_starts_without_docstrings_and_without_its_folder(verb):
    done = run(verb, "--help", env={"PYTHONOPTIMIZE": "2", "PYTHONSAFEPATH": "1"}, cwd="/")
    assert done.returncode == 0 and done.stdout.startswith("usage:"), done.stderr


@pytest.mark.slow
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
        repository.run_git(root, *words)
    return root


def hide_in_index(root, settings):
    (root / "a.txt").write_text("b\n", encoding="utf-8")
    repository.run_git(root, "update-index", "--assume-unchanged", "a.txt")


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
    assert repository.uncommitted_paths(repo) == found


@pytest.mark.git
def test_a_hook_and_signatures_do_not_change_which_commit_is_named(repo, tmp_path, monkeypatch):
    name, time = repository.read_head(repo)
    with open(tmp_path / "settings", "a", encoding="utf-8") as file:
        file.write("[log]\nshowSignature = true\ndate = relative\n[format]\npretty = fuller\n")
    monkeypatch.setenv("GIT_DIR", str(ROOT / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(ROOT))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-index"))
    assert (
        repository.read_head(repo) == (name, time)
        and len(name) == 40
        and repository.uncommitted_paths(repo) == []
    )


@pytest.mark.git
def test_a_clone_for_comparing_has_the_bytes_of_the_commit(repo, tmp_path):
    with open(tmp_path / "settings", "a", encoding="utf-8") as file:
        file.write(
            "[core]\nautocrlf = true\nhooksPath = /nowhere\n[clone]\ndefaultRemoteName = other\n"
        )
    repository.clone(repo, tmp_path / "again", repository.read_head(repo)[0])
    assert (tmp_path / "again" / "a.txt").read_bytes() == b"a\n"
    with pytest.raises(repository.GitFailed, match="git checkout failed: "):
        repository.clone(repo, tmp_path / "other", "0" * 40)


@pytest.mark.slow
def test_a_folder_that_is_no_repository_is_named_in_one_sentence(tmp_path):
    done = run("release", "--root", tmp_path, "make")
    assert (
        done.returncode == 1
        and done.stderr.startswith("error: git ")
        and done.stderr.count("\n") == 1
    )
