"""Draw the curves of growth: docs/quality/performance.svg."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stress.bench.report import Curve

LEFT, TOP, WIDTH, HEIGHT = 70, 20, 480, 380  # of the area of the curves
RIGHT = LEFT + WIDTH
LABELS = 605  # where the names begin
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 450" font-family="sans-serif"'
    ' font-size="12" fill="#333">'
)


@dataclass
class Axes:
    """The scales of rows and seconds, both logarithmic."""

    rows: tuple[float, float]  # logarithms of the smallest and the largest
    seconds: tuple[int, int]

    def at(self, rows: float, seconds: float) -> tuple[float, float]:
        """Return the place of a point."""
        (x0, x1), (y0, y1) = self.rows, self.seconds
        x = LEFT + WIDTH * (math.log10(rows) - x0) / (x1 - x0)
        return x, TOP + HEIGHT * (y1 - math.log10(seconds)) / (y1 - y0)


def draw_chart(curves: dict[str, Curve]) -> str:
    """Return seconds by rows as SVG, without the curves of DuckDB and those of a single point."""
    curves = {n: points for n, points in curves.items() if len(points) > 1 and "DuckDB" not in n}
    points = [point for curve in curves.values() for point in curve]
    rows, seconds = sorted({x for x, _ in points}), [y for _, y in points]
    bounds = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    axes = Axes((math.log10(rows[0]), math.log10(rows[-1])), bounds)
    parts = [
        HEAD,
        "<title>Seconds by rows</title>",
        '<rect width="800" height="450" fill="#fff"/>',
        *draw_axes(axes, rows),
    ]
    slowest_first = sorted(curves.items(), key=lambda curve: -curve[1][-1][1])
    for i, (name, curve) in enumerate(slowest_first):
        parts += draw_curve(axes, name, curve, i, 30 + i * min(24, 400 / len(curves)))
    return "\n".join([*parts, "</svg>"]) + "\n"


def draw_axes(axes: Axes, rows: list[int]) -> list[str]:
    """Return the grid of seconds and the labels of rows."""
    parts = []
    for power in range(axes.seconds[0], axes.seconds[1] + 1):
        _, y = axes.at(rows[0], 10**power)
        label = f'<text x="62" y="{y + 4:.1f}" text-anchor="end">{10**power:g} s</text>'
        parts.append(f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="#ddd"/>{label}')
    for n in rows:
        x, _ = axes.at(n, 1)
        parts.append(f'<text x="{x:.1f}" y="420" text-anchor="middle">{n:,}</text>')
    return [*parts, '<text x="310" y="440" text-anchor="middle">rows</text>']


def draw_curve(axes: Axes, name: str, curve: Curve, i: int, label: float) -> list[str]:
    """Return a curve and its name, which stands at the height `label`."""
    peer = name.startswith(("frictionless", "csv and"))
    color = "#777" if peer else f"hsl({i * 47 % 360} 60% 38%)"
    dashes = ' stroke-dasharray="5 4"' if peer else ""
    places = [axes.at(*point) for point in curve]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[-1]
    line = f'<path d="M{x:.1f} {y:.1f}L600 {label:.1f}" stroke="{color}"'
    return [
        f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"{dashes}/>',
        f'{line} stroke-width=".5" opacity=".6"/>'
        f'<text x="{LABELS}" y="{label + 4:.1f}" fill="{color}">{name}</text>',
    ]
