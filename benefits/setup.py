"""Install what a target of the Makefile needs: Debian packages, and Python libraries in a venv.

Missing programs are installed with apt-get by root, or by a user whom sudo allows it without a
password. If that fails and the target works without them, a sentence says so (`make test` skips the
tests that need them); with CI=true it is an error. A venv is created again if it is incomplete,
was moved, or belongs to another Python.

Runs on the system's Python with nothing installed.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benefits.errors import BenefitsError

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
# For each tool: its Debian package, and the names of its program or library.
TOOLS = {
    "chromium": ("chromium", ("chromium", "chromium-browser")),
    # The driver of Playwright loads it, and a bare system does not have it.
    "libatomic": ("libatomic1", ("libatomic.so.1",)),
    "nginx": ("nginx-light", ("nginx",)),
    "java": ("default-jre-headless", ("java",)),
    "openssl": ("openssl", ("openssl",)),
    "curl": ("curl", ("curl",)),
    "git": ("git", ("git",)),
    "rscript": ("r-base-core", ("Rscript",)),
    "wrk": ("wrk", ("wrk",)),
}
# For each set: its venv, its lock files in order, its programs, and whether it works without them.
SETS = {
    "serve": (".venv", ["requirements/site.txt"], [], False),
    "test": (
        ".venv",
        ["requirements/site.txt", "requirements/test.txt"],
        ["git", "chromium", "libatomic", "nginx", "java", "openssl", "curl", "rscript"],
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
# Settings of the caller must not change what pip installs, and where.
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


class CannotSetUp(BenefitsError):
    """Something that is needed cannot be installed."""


def set_up(name: str) -> None:
    """Install what a set needs. Raises CannotSetUp."""
    venv, files, tools, optional = SETS[name]
    set_up_tools(tools, optional)
    set_up_venv(ROOT / venv, files)


def in_ci() -> bool:
    """Return whether CI is true."""
    return os.environ.get("CI", "").lower() in ("true", "1")


def clean_environment() -> dict:
    """Return the environment without variables that change what Python and pip of the venv do."""
    variables = {
        n: v
        for n, v in os.environ.items()
        if n not in FOREIGN and (not n.startswith("PYTHON") or n in KEPT)
    }
    return {**variables, **OURS}


# ---- programs ------------------------------------------------------------------------------------


def find_tool(tool: str):
    """Return the path of a program, or the name of a library; None if it is not installed.

    Programs of the administrator may be outside of a user's PATH.
    """
    names = TOOLS[tool][1]
    if ".so" in names[0]:
        try:
            return ctypes.CDLL(names[0])._name
        except OSError:
            return None
    places = os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin:/sbin"
    return next(filter(None, (shutil.which(name, path=places) for name in names)), None)


def missing_tools(tools) -> list:
    """Return the tools that are not installed."""
    return [tool for tool in tools if not find_tool(tool)]


def install_command(packages) -> str:
    """Return the command by which a person installs the packages."""
    return f"{'' if os.geteuid() == 0 else 'sudo '}apt-get install {' '.join(packages)}"


def root_prefix() -> list[str] | None:
    """Return the words before a command that let it run as root; None if that is not possible."""
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
    """Install Debian packages; return why that failed, as a clause; empty if it did not."""
    prefix = root_prefix()
    if not shutil.which("apt-get"):
        return "there is no apt-get here"
    if prefix is None:
        return "you are not root, and sudo asks for a password or is not there"
    print(f"Installing from Debian's packages: {' '.join(packages)} ...", flush=True)
    quiet = [
        *prefix,
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
        # A failed `update` is no error: `install` may still work with the lists that are there.
        if done.returncode and "install" in words:
            errors = [line for line in done.stdout.splitlines() if line.startswith("E:")]
            return "apt-get failed" + (f" ({errors[0][2:].strip().rstrip('.')})" if errors else "")
    return ""


def set_up_tools(tools, optional: bool) -> None:
    """Install the programs that are missing.

    Raises CannotSetUp if that fails, and `optional` is false or CI is true.
    """
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
        problem = f"{', '.join(missing)} cannot be installed: {why}."
        todo = f"This brings them: {install_command(packages)}"
    else:  # installed, but in a folder that is not in PATH
        names = ", ".join(missing)
        problem = f"{names} cannot be found, although apt-get says that it is installed."
        todo = f"This lists where it is; put that folder into PATH: dpkg -L {' '.join(packages)}"
    if in_ci() or not optional:
        raise CannotSetUp(f"{problem} {todo}")
    print(f"{problem} What needs them is left out. {todo}", flush=True)


# ---- the venv ------------------------------------------------------------------------------------


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def python_of(venv: Path) -> str:
    """Return the version and folder that a venv's Python prints; empty if it does not start."""
    script = "import sys; print('.'.join(map(str, sys.version_info[:3])), sys.prefix)"
    try:
        done = subprocess.run(
            [str(venv / "bin" / "python"), "-I", "-S", "-c", script],
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
    """Return what the last set-up wrote when it was done; empty if there is nothing.

    {"python": ..., "place": ..., "files": {lock file: digest}}.
    """
    try:
        record = json.loads((venv / "installed.json").read_text(encoding="utf-8"))
        return record if isinstance(record, dict) and isinstance(record.get("files"), dict) else {}
    except (OSError, ValueError):
        return {}


def make_venv(venv: Path) -> None:
    """Create an empty venv; replace what is there. Raises CannotSetUp."""
    if sys.version_info < OLDEST:
        raise CannotSetUp(
            f"this is Python {sys.version_info[0]}.{sys.version_info[1]}, and 3.11 or newer is"
            " needed; name one as in PYTHON=python3.12 make serve"
        )
    if not (importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv")):
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
            )
    if venv.is_symlink():  # a folder that several clones share
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
        output = " ".join(done.stdout.split())
        raise CannotSetUp(f"'{sys.executable} -m venv {venv.name}' failed: {output[-300:]}")


def is_whole(venv: Path, record: dict) -> bool:
    """Return whether a venv is complete, stands where it was created, and has the same Python."""
    python = python_of(venv)
    return (
        bool(record)
        and python != ""
        and record.get("python") == python
        and record.get("place") == str(venv.resolve())
    )


def set_up_venv(venv: Path, files) -> None:
    """Install what the lock files list into the venv, unless it is there. Raises CannotSetUp."""
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
    # Without a record an installation that is killed starts again.
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
