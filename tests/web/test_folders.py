"""The site serves from any folder, and never without its guard."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time

import httpx
import pytest
from requests_to_site import EVERYWHERE

from benefits.package import ROOT

FOLDERS = ["C# [1] 50%41?", "a;b 'c'", "ä*", "-x", 'new\nline"']


def copied(folder):
    """The site in a folder of another name."""
    for name in ("benefits", "scripts", "plugins", "templates", "static", "sql", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("metadata.yml", "datapackage.json", "README.md", "CHANGELOG.md", "CITATION.cff"):
        shutil.copy(ROOT / name, folder)
    return folder


def served_from(folder, database, *options):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    (folder / "build").mkdir(exist_ok=True)
    shutil.copy(database, folder / "build" / "benefits.db")
    command = [
        sys.executable,
        "./scripts/serve.py",
        "--port",
        str(port),
        "--database",
        "./build/benefits.db",
        *options,
    ]
    return port, subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_the_site_serves_from_a_folder_of_any_name(database, tmp_path, name):
    port, process = served_from(copied(tmp_path / name), database)
    try:
        assert "Serving on" in process.stdout.readline()
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                answers = [
                    httpx.get(f"http://127.0.0.1:{port}{a}", timeout=30)
                    for a in (
                        "/",
                        "/benefits/coverage.json",
                        "/static/site.css",
                        "/benefits.db",
                        "/jurisdictions/IL",
                        "/benefits/programs",
                    )
                ]
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        assert [a.status_code for a in answers] == [200] * 6 and all(
            EVERYWHERE.items() <= dict(a.headers).items() for a in answers
        )
        assert httpx.get(f"http://127.0.0.1:{port}/benefits?sql=select+1").status_code == 403
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


NO_GUARD = {
    "missing": ("plugins/site.py", None),
    "empty": ("plugins/site.py", ""),
    "broken": ("plugins/site.py", "import no_such_guard"),
    "missing in the library": ("benefits/web/guard.py", None),
    "without its wrapper": ("benefits/web/guard.py", "HEADERS = {'x-guard': 'y'}\nfailed = None\n"),
    "one that lets all through": (
        "benefits/web/guard.py",
        (
            "import contextvars\nfrom datasette import hookimpl\nHEADERS = {'x-guard': 'y'}\nfailed"
            " = contextvars.ContextVar('f', default=None)\n@hookimpl\ndef"
            " asgi_wrapper(datasette):\n    return lambda app: app\n"
        ),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("what", NO_GUARD)
def test_the_site_does_not_start_without_its_guard(database, tmp_path, what, workers):
    folder = copied(tmp_path / "site")
    file, text = NO_GUARD[what]
    (folder / file).unlink()
    if text is not None:
        (folder / file).write_text(text, encoding="utf-8")
    port, process = served_from(folder, database, "--workers", workers)
    try:
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode and "guard" in said
