"""Run git so that no setting of the caller changes its answers.

With a person's settings (`log.showSignature`, `status.showUntrackedFiles`, `core.quotePath`, an
ignore file of their own) or the variables of a hook (`GIT_DIR`) a release could get a wrong name,
or hold a file that no commit has.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benefits.errors import BenefitsError

# `safe.directory` is not among them: a person decides whose folders git may trust.
FIXED = {
    "core.quotePath": "false",
    "core.autocrlf": "false",
    "core.eol": "lf",
    "core.safecrlf": "false",
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.ignoreStat": "false",
    "core.fileMode": "true",
    "commit.gpgSign": "false",
    "color.ui": "false",
    "advice.detachedHead": "false",
    "diff.external": "",
    "submodule.recurse": "false",
    "protocol.file.allow": "always",
}
KEPT = ("GIT_SSL_CAINFO", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES")
KEPT_BEGINNINGS = (
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_AUTHOR_",
    "GIT_COMMITTER_",
)


class GitFailed(BenefitsError):
    """A command of git failed."""


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment without variables that lead git to another repository.

    Messages are in English. `more` are variables to add.
    """
    variables = {
        n: v
        for n, v in os.environ.items()
        if not n.startswith("GIT_") or n in KEPT or n.startswith(KEPT_BEGINNINGS)
    }
    return variables | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"} | more


def run_git(root: Path, *words: str | Path) -> bytes:
    """Run git in a folder and return what it prints. Raises GitFailed."""
    settings = [word for name, value in FIXED.items() for word in ("-c", f"{name}={value}")]
    try:
        done = subprocess.run(
            ["git", *settings, "-C", str(root), *map(str, words)],
            capture_output=True,
            env=clean_environment(),
        )
    except FileNotFoundError:
        raise GitFailed("git is not installed. On Debian and Ubuntu: apt-get install git") from None
    if done.returncode:
        raise GitFailed(
            f"git {words[0]} failed: {' '.join(done.stderr.decode(errors='replace').split())}"
        )
    return done.stdout


def read_head(root: Path) -> tuple[str, int]:
    """Return the name and the time (seconds since 1970) of the current commit. Raises GitFailed."""
    time, name = run_git(root, "rev-list", "--max-count=1", "--timestamp", "HEAD").decode().split()
    return name, int(time)


def uncommitted_paths(root: Path) -> list[str]:
    """Return the paths that differ from the commit or that it lacks, sorted.

    Only the ignore files of the repository itself count, and files that git is set to ignore
    (`update-index --assume-unchanged`) are listed. Raises GitFailed.
    """
    run_git(root, "update-index", "-q", "--really-refresh", "--unmerged", "--ignore-missing")
    paths = set(
        run_git(
            root,
            "diff-index",
            "--name-only",
            "--no-ext-diff",
            "--no-renames",
            "--ignore-submodules=none",
            "-z",
            "HEAD",
            "--",
        ).split(b"\0")
    )
    paths |= set(
        run_git(
            root, "ls-files", "--others", "--exclude-per-directory=.gitignore", "--full-name", "-z"
        ).split(b"\0")
    )
    marked = run_git(root, "ls-files", "-v", "-z").split(b"\0")
    paths |= {line[2:] for line in marked if line[:1].islower() or line[:1] == b"S"}
    return sorted(os.fsdecode(path) for path in paths - {b""})


def clone(source: Path, target: Path, commit: str) -> None:
    """Clone `source` to `target` at a commit, with the bytes of the commit. Raises GitFailed."""
    run_git(
        source,
        "clone",
        "--quiet",
        "--no-checkout",
        "--template=",
        Path(source).absolute(),
        Path(target).absolute(),
    )
    for name in ("core.autocrlf=false", "core.eol=lf"):
        run_git(target, "config", *name.split("="))
    run_git(target, "checkout", "--quiet", "--detach", commit)
