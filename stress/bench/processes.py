"""Run programs in their own processes, measure them, and wait until they answer."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benefits.errors import BenefitsError
from benefits.package import ROOT

BIN = Path(sys.executable).parent
# An installed program has compiled bytecode, so this one writes it.
ENV = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

# A child starts as a copy of its parent, and its peak memory includes the parent's. So a small
# process starts the command and prints its seconds and megabytes.
STARTER = """
import resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
seconds = time.perf_counter() - start
print(seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, flush=True)
sys.stderr.buffer.write(done.stderr)
sys.exit(done.returncode)
"""


def verb_command(name: str, *args) -> list:
    """Return the command that runs a verb of this repository."""
    return [sys.executable, ROOT / "scripts" / f"{name}.py", *args]


def measure(command: list) -> tuple[float, float]:
    """Run a command; return its seconds and the megabytes of the largest of its processes.

    Raises RuntimeError if it fails.
    """
    starter = [sys.executable, "-S", "-c", STARTER, *map(str, command)]
    done = subprocess.run(starter, capture_output=True, text=True, env=ENV)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))[:200]} failed: {done.stderr[-300:]}")
    seconds, memory = done.stdout.split()
    return float(seconds), float(memory)


def measure_least(command: list, times: int = 3) -> tuple[float, float]:
    """Run a command several times; return the figures of the fastest."""
    return min(measure(command) for _ in range(times))


def find_tool(name: str) -> str:
    """Return the path of a program that the measurements need. Raises BenefitsError."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if not path:
        raise BenefitsError(
            f"{name} is not installed. On Debian and Ubuntu: apt-get install wrk nginx-light"
        )
    return path


@contextlib.contextmanager
def running(command: list, port: int) -> Iterator[subprocess.Popen]:
    """Start a server in its own process and wait until it answers."""
    process = subprocess.Popen(
        [str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV
    )
    try:
        for _ in range(2_000):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            if process.poll() is not None:
                words = " ".join(map(str, command))
                raise BenefitsError(f"it ended before it answered: {words}")
            time.sleep(0.01)
        yield process
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def resident(pid: int) -> float:
    """Return the megabytes that a process has in memory."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024
