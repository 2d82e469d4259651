"""The report: the lines of its tables, and the curves of growth."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

Curve = list[tuple[int, float]]


@dataclass
class Line:
    """One line of a table: our figure, the peer's, the goal, and whether it is met."""

    part: str
    what: str
    ours: str
    peer: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None  # None if there is no goal

    def __str__(self) -> str:
        parts = [f"{self.part:9} {self.what}: {self.ours}"]
        parts += [f"peer {self.peer}"] if self.peer else []
        parts += [self.ratio] if self.ratio else []
        goal = f" (goal {self.goal}: {'met' if self.met else 'not met'})" if self.goal else ""
        return "; ".join(parts) + goal


@dataclass
class Report:
    """All lines, and the seconds and megabytes by rows of each verb, peer and answer."""

    lines: list[Line] = field(default_factory=list)
    seconds: dict[str, Curve] = field(default_factory=dict)
    megabytes: dict[str, Curve] = field(default_factory=dict)

    def add(self, *args, **kwargs) -> None:
        """Add a line, and print it."""
        self.lines.append(Line(*args, **kwargs))
        print(self.lines[-1], flush=True)

    def note(self, name: str, rows: int, seconds: float, megabytes: float | None = None) -> None:
        """Add a point to the curves of a name."""
        self.seconds.setdefault(name, []).append((rows, seconds))
        if megabytes is not None:
            self.megabytes.setdefault(name, []).append((rows, megabytes))

    def add_growth(self, part: str, name: str, peer: str, what: str = "growth") -> None:
        """Add the growth of a verb in time and memory; skip it if only one size was measured."""
        if len(self.seconds[name]) < 2:
            return
        k, ours = growth(self.seconds[name]), ""
        if name in self.megabytes:
            ours = f" in time, rows^{growth(self.megabytes[name]):.2f} in memory"
        theirs = f"{peer} rows^{growth(self.seconds[peer]):.2f}" if peer in self.seconds else ""
        self.add(part, what, f"rows^{k:.2f}{ours}", theirs, goal="linear", met=k < 1.1)


def growth(points: Curve) -> float:
    """Return the exponent k of y = c * rows^k over the last two sizes: 1 is linear.

    Sorting alone has 1.1 between a hundred thousand rows and a million.
    """
    (a, s), (b, t) = points[-2:]
    return math.log(t / s) / math.log(b / a)
