"""A fresh machine -> what a target of the Makefile needs: programs from Debian's packages, and
Python libraries in a venv.

    python3 scripts/setup.py serve|test|catalogs|spark|bench

Programs that are missing are installed with apt-get by root, or by whom sudo lets without a
password. Where that cannot be done, the verb says so in a sentence and goes on without them (`make
test` leaves out the tests that need them), except with CI=true, and except for what nothing works
without. The venv is made anew when it is not whole: installed half, moved, or made for another
Python.

Runs on the system's Python with nothing installed."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
# A program (or what stands for it), the Debian package that brings it, and the names it may have.
TOOLS = {
    "chromium": ("chromium", ("chromium", "chromium-browser")),
    "libatomic": (
        "libatomic1",
        ("libatomic.so.1",),
    ),  # which the driver of Playwright loads, and a bare system lacks
    "nginx": ("nginx-light", ("nginx",)),
    "java": ("default-jre-headless", ("java",)),
    "openssl": ("openssl", ("openssl",)),
    "curl": ("curl", ("curl",)),
    "git": ("git", ("git",)),
    "wrk": ("wrk", ("wrk",)),
}
# For each set: its venv, its lock files in order, the programs it uses, and whether it can do
# without them.
SETS = {
    "serve": (".venv", ["requirements/site.txt"], [], False),
    "test": (
        ".venv",
        ["requirements/site.txt", "requirements/test.txt"],
        ["git", "chromium", "libatomic", "nginx", "java", "openssl", "curl"],
        True,
    ),
    "bench": (
        ".venv",
        ["requirements/site.txt", "requirements/test.txt", "requirements/bench.txt"],
        ["nginx", "wrk"],
        False,
    ),
    "lint": (".venv-lint", ["requirements/lint.txt"], [], False),
    "catalogs": (".venv-catalogs", ["requirements/catalogs.txt"], [], False),
    "spark": (".venv-spark", ["requirements/spark.txt"], ["java"], True),
}
# What the caller's settings must not change: where pip installs, and from what.
OURS = {
    "PIP_USER": "0",
    "PIP_REQUIRE_VIRTUALENV": "0",
    "PIP_NO_INPUT": "1",
    "PYTHONNOUSERSITE": "1",
}
FOREIGN = (
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_PYTHON",
    "PIP_DRY_RUN",
    "PIP_NO_DEPS",
    "PIP_IGNORE_INSTALLED",
    "PIP_REQUIREMENT",
    "PIP_EDITABLE",
)
KEPT = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")


class CannotSetUp(Exception):
    """Something needed cannot be had; the message is a sentence for a person."""


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("true", "1")


def clean_environment() -> dict:
    """The environment without what would make Python or pip of the venv work elsewhere or
    otherwise."""
    kept = {
        n: v
        for n, v in os.environ.items()
        if n not in FOREIGN and (not n.startswith("PYTHON") or n in KEPT)
    }
    return {**kept, **OURS}


# ---- programs ------------------------------------------------------------------------------------


def find_tool(tool: str):
    """The path of a program, or None; of a library (a name with .so) its name. Programs of
    the administrator may be outside of a user's PATH."""
    names = TOOLS[tool][1]
    if ".so" in names[0]:
        try:
            return ctypes.CDLL(names[0])._name
        except OSError:
            return None
    places = os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin:/sbin"
    return next(filter(None, (shutil.which(name, path=places) for name in names)), None)


def missing_tools(tools) -> list:
    return [tool for tool in tools if not find_tool(tool)]


def install_command(packages) -> str:
    """The one command that a person types to bring the packages."""
    return f"{'' if os.geteuid() == 0 else 'sudo '}apt-get install {' '.join(packages)}"


def administrator():
    """The words before a command that make it the administrator's: [] for root, sudo without
    a password; None where neither can be had."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and not subprocess.run(
            ["sudo", "-n", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ).returncode
    ):
        return ["sudo", "-n"]
    return None


def install_packages(packages) -> str:
    """Install Debian packages, and say so; returns why they could not be, empty when they were."""
    before = administrator()
    if not shutil.which("apt-get"):
        return "there is no apt-get here"
    if before is None:
        return "you are not root, and sudo asks for a password or is not there"
    print(f"Installing from Debian's packages: {' '.join(packages)} ...", flush=True)
    quiet = [
        *before,
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-qq",
        "-o",
        "Dpkg::Use-Pty=0",
    ]
    for words in ([*quiet, "update"], [*quiet, "install", "-y", *packages]):
        try:
            done = subprocess.run(
                words,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as e:
            return f"apt-get cannot be run ({e.strerror})"
        # A list that could not be fetched is no failure of `update`; `install` shows whether it
        # mattered.
        if done.returncode and "install" in words:
            errors = [line for line in done.stdout.splitlines() if line.startswith("E:")]
            return "apt-get failed" + (f" ({errors[0][2:].strip().rstrip('.')})" if errors else "")
    return ""


def set_up_tools(tools, optional: bool) -> None:
    """Install the programs that are missing. Raises CannotSetUp where they cannot be and
    `optional` is false or CI is true."""
    missing = missing_tools(tools)
    if not missing:
        return
    packages = [TOOLS[tool][0] for tool in missing]
    why = install_packages(packages)
    missing = missing_tools(missing)
    if not missing:
        return
    packages = [TOOLS[tool][0] for tool in missing]
    if why:
        told = f"{', '.join(missing)} cannot be installed: {why}."
        todo = f"This brings them: {install_command(packages)}"
    else:  # installed, but in a folder that is not looked into
        told = f"{', '.join(missing)} cannot be found, although apt-get says that it is installed."
        todo = f"This lists where it is; put that folder into PATH: dpkg -L {' '.join(packages)}"
    if in_ci() or not optional:
        raise CannotSetUp(f"{told} {todo}")
    print(f"{told} What needs them is left out. {todo}", flush=True)


# ---- the venv ------------------------------------------------------------------------------------


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def python_of(venv: Path) -> str:
    """Version and place of a venv as its own Python tells them; empty where it does not start."""
    asked = "import sys; print('.'.join(map(str, sys.version_info[:3])), sys.prefix)"
    try:
        done = subprocess.run(
            [str(venv / "bin" / "python"), "-I", "-S", "-c", asked],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="surrogateescape",
            env=clean_environment(),
        )
    except OSError:
        return ""
    return done.stdout.strip()


def read_record(venv: Path) -> dict:
    """What was installed whole, as the last set-up wrote it: {"python": ..., "place": ...,
    "files": {lock file: digest}}; empty if not."""
    try:
        record = json.loads((venv / "installed.json").read_text(encoding="utf-8"))
        return record if isinstance(record, dict) and isinstance(record.get("files"), dict) else {}
    except (OSError, ValueError):
        return {}


def make_venv(venv: Path) -> None:
    """Make an empty venv, in place of what is there. Raises CannotSetUp."""
    if sys.version_info < OLDEST:
        raise CannotSetUp(
            f"this is Python {sys.version_info[0]}.{sys.version_info[1]}, and 3.11 or newer is"
            " needed; name one as in PYTHON=python3.12 make serve"
        )
    try:
        import ensurepip  # noqa: F401
        import venv as _  # noqa: F401
    except ImportError:
        package = (
            "python3-venv"
            if sys.executable == "/usr/bin/python3"
            else f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        )
        why = install_packages([package])
        if why:
            raise CannotSetUp(
                f"Python's venv is not installed and cannot be: {why}. This brings it:"
                f" {install_command([package])}"
            ) from None
    if venv.is_symlink():  # to a folder shared on purpose
        shutil.rmtree(venv.resolve(), ignore_errors=True)
    else:
        shutil.rmtree(venv, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "venv", str(venv.resolve())],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=clean_environment(),
    )
    if done.returncode:
        shutil.rmtree(venv.resolve(), ignore_errors=True)
        told = " ".join(done.stdout.split())
        raise CannotSetUp(f"'{sys.executable} -m venv {venv.name}' failed: {told[-300:]}")


def is_whole(venv: Path, record: dict) -> bool:
    """Whether the venv is what its record says: nothing was killed in it, it stands where it
    was made, and its Python is the same."""
    python = python_of(venv)
    return (
        bool(record)
        and python != ""
        and record.get("python") == python
        and record.get("place") == str(venv.resolve())
    )


def set_up_venv(venv: Path, files) -> None:
    """Install what the lock files list into the venv, if it is not there. Raises CannotSetUp."""
    record = read_record(venv)
    digests = {name: digest(ROOT / name) for name in files}
    whole = is_whole(venv, record)
    if whole and all(record["files"].get(name) == value for name, value in digests.items()):
        return
    what = "what changed" if whole else "what is needed"
    print(f"Installing {what} into {venv.name} ...", flush=True)
    if not whole:
        make_venv(venv)
        record = {"files": {}}
    # So that an installation that is killed is done again.
    (venv / "installed.json").unlink(missing_ok=True)
    for name, value in digests.items():
        if record["files"].get(name) != value:
            install_locked(venv, name)
            record["files"][name] = value
    record.update(python=python_of(venv), place=str(venv.resolve()))
    temporary = venv / f".installed.{os.getpid()}"
    temporary.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(temporary, venv / "installed.json")


def install_locked(venv: Path, name: str) -> None:
    """Install what one lock file lists. Raises CannotSetUp."""
    words = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    words += ["--disable-pip-version-check", "--require-hashes", "-r", str(ROOT / name)]
    done = subprocess.run(
        words,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env=clean_environment(),
    )
    if done.returncode:
        lines = done.stderr.splitlines() or ["pip failed"]
        errors = [line for line in lines if line.startswith("ERROR:")] or lines
        raise CannotSetUp(
            f"{name} cannot be installed into {venv.name}: {errors[-1].replace('ERROR: ', '')}. "
            "Is there a network? Try again with it: what is there is kept"
        )
