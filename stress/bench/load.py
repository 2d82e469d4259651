"""Send load over HTTP with wrk: each client asks again as soon as it has an answer."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass

from stress.bench.processes import find_tool

CLIENTS = 8
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

LUA = """
local paths = {%s}
local n = 0
request = function() n = n %% #paths + 1 return wrk.format("GET", paths[n]) end
"""


@dataclass
class Load:
    """Requests a second, p50 and p99 in milliseconds, and how many requests failed."""

    rate: float
    p50: float
    p99: float
    failed: int

    def __str__(self) -> str:
        times = f"p50 {self.p50:.1f} ms, p99 {self.p99:.1f} ms"
        return f"{self.rate:,.0f}/s, {times}, {self.failed} failed"


def send_load(port: int, paths: list[str], seconds: int) -> Load:
    """Ask for the paths in turn for some seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA % ", ".join(json.dumps(path) for path in paths))
        script.flush()
        how = ["-t1", f"-c{CLIENTS}", f"-d{seconds}s", "--latency", "-s", script.name]
        command = [find_tool("wrk"), *how, f"http://127.0.0.1:{port}"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    times = {
        share: float(value) * MILLISECONDS[unit]
        for share, value, unit in re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s)$", text, re.M)
    }
    failed = re.findall(r"Non-2xx or 3xx responses: (\d+)", text)
    failed += re.findall(r"(?:connect|read|write|timeout) (\d+)", text)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    return Load(rate, times["50"], times["99"], sum(map(int, failed)))
