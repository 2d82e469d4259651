"""What the verbs ask git, by commands and options whose answers no setting of the caller changes.

Settings of a person (`log.showSignature`, `status.showUntrackedFiles`, `core.quotePath`, an
ignore file of their own) and variables of a hook (`GIT_DIR`) are made for people at a prompt:
with them a release could be named wrongly, or hold a file that no commit has."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

# `safe.directory` is left to the person: it says whose folders git may trust.
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


class GitFailed(Exception):
    """git could not answer; the message is a sentence for a person."""


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what a hook or a person tells git of another repository, and
    with messages in English."""
    kept = {
        n: v
        for n, v in os.environ.items()
        if not n.startswith("GIT_") or n in KEPT or n.startswith(KEPT_BEGINNINGS)
    }
    return kept | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"} | more


def ask(root: Path, *words: str | Path) -> bytes:
    """What git prints, run in `root`. Raises GitFailed."""
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


def head(root: Path) -> tuple[str, int]:
    """Name and time (seconds since 1970) of the commit that is checked out. Raises GitFailed."""
    time, name = ask(root, "rev-list", "--max-count=1", "--timestamp", "HEAD").decode().split()
    return name, int(time)


def uncommitted(root: Path) -> list[str]:
    """Paths that differ from the commit, or that it lacks, sorted. Only the ignore files of
    the repository itself count, and files that git was told not to look at are listed. Raises
    GitFailed."""
    ask(root, "update-index", "-q", "--really-refresh", "--unmerged", "--ignore-missing")
    found = set(
        ask(
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
    found |= set(
        ask(
            root, "ls-files", "--others", "--exclude-per-directory=.gitignore", "--full-name", "-z"
        ).split(b"\0")
    )
    marked = ask(root, "ls-files", "-v", "-z").split(b"\0")
    found |= {line[2:] for line in marked if line[:1].islower() or line[:1] == b"S"}
    return sorted(os.fsdecode(path) for path in found - {b""})


def clone(source: Path, target: Path, commit: str) -> None:
    """A clone of `source` at `commit`, with the bytes that the commit has. Raises GitFailed."""
    ask(
        source,
        "clone",
        "--quiet",
        "--no-checkout",
        "--template=",
        Path(source).absolute(),
        Path(target).absolute(),
    )
    for name in ("core.autocrlf=false", "core.eol=lf"):
        ask(target, "config", *name.split("="))
    ask(target, "checkout", "--quiet", "--detach", commit)
