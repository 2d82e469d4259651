"""The site: its addresses, its memory, and its OpenAPI description."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from benefits.errors import BenefitsError
from stress.hostile.case import Map
from stress.hostile.client import ask

PAGES = [
    "/",
    "/benefits",
    "/coverage",
    "/jurisdictions/IL",
    "/cases/california-v-hhs",
    "/eligibility",
    "/changes",
    "/changes.atom",
    "/changes.ics",
    "/gaps",
    "/claims",
    "/surveys",
    "/search",
    "/ask",
    "/on/2025-07-01/",
    "/on/2025-07-01/coverage",
    "/openapi.json",
    "/static/site.css",
    "/benefits/coverage_on.json",
    "/benefits/programs",
    "/benefits/programs/il-hbia",
    "/benefits/coverage.json",
    "/-/nothing",
]


def resident(pid: int) -> float:
    """Return the megabytes of memory of a server and its workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6 + sum(resident(int(c)) for c in children)


def map_of(port: int) -> Map:
    """Return the addresses of the site from its OpenAPI description."""
    document = json.loads(ask(port, "/openapi.json").body)
    shared = document["components"]["parameters"]
    parameters, tables = [], {}
    for path, item in document["paths"].items():
        references = item["get"].get("parameters", [])
        names = [p.get("name") or shared[p["$ref"].rpartition("/")[2]]["name"] for p in references]
        parameters += [(path, n) for n in names if n != "key"]
        if (match := re.fullmatch(r"/benefits/(\w+)\.json", path)) and "_sort" in names:
            tables[match[1]] = [n for n in names if not n.startswith("_")]
    return Map(parameters, tables, PAGES)


def documented(port: int, seed: int, folder: str) -> tuple[int, list[str]]:
    """Run schemathesis on the description; return the number of requests, and the faults."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"http://127.0.0.1:{port}/openapi.json",
        "--checks=not_a_server_error,response_headers_conformance,response_schema_conformance",
        "--phases=examples,coverage,fuzzing",
        "--max-examples=4",
        r"--exclude-path-regex=\.csv$",
        f"--seed={seed}",
        "--generation-database=none",
        "--workers=2",
        "--warnings=off",
        "--no-color",
    ]
    if not Path(command[0]).is_file():
        raise BenefitsError("schemathesis is not installed: run make hostile, which installs it")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    count = re.search(r"([0-9,]+) generated", done.stdout)
    if done.returncode or not count:
        return 0, [(done.stdout + done.stderr)[-5000:]]
    return int(count[1].replace(",", "")), []
