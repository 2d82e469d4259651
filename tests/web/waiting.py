"""Wait for what a process does."""

from __future__ import annotations

import asyncio
from pathlib import Path


async def until(true) -> None:
    """Return when something is so."""
    for _ in range(3_000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("not within 30 seconds")


def family(pid: int) -> list[int]:
    """All processes below one."""
    children = [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [p for c in children for p in family(c)]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
