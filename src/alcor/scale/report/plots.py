"""Plots as SVG, within a page or as files: few lines, named in a legend, light grids, round numbers.

Colours come from a style sheet (classes c0, c1, …), so that they suit light and dark surroundings.
"""

import html
import math
from collections.abc import Callable, Sequence

import msgspec

Point = tuple[float, float]
Format = Callable[[float], str]

WIDTH, HEIGHT = 560, 230
LEFT = 62  # of what is drawn; what is further left belongs to the y axis
_RIGHT, _TOP, _BOTTOM = 14, 12, 30
COLOURS = 6
_WIDE_RANGE = 8.0  # largest to smallest from which on only a logarithmic axis shows both


class Line(msgspec.Struct):
    """One quantity; a point that is None breaks the line."""

    name: str
    points: list[Point | None]


class Axis(msgspec.Struct):
    """From data to pixels."""

    low: float
    high: float
    start: float  # pixels
    end: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """In pixels."""
        if self.logarithmic:
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round numbers along it."""
        if self.logarithmic:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            return [10.0**power for power in range(first, last + 1) if self.low <= 10.0**power <= self.high * 1.001]
        step = _round_step((self.high - self.low) / 4)
        first = math.ceil(self.low / step)
        return [step * number for number in range(first, math.floor(self.high / step + 1e-9) + 1)]


def over_time(lines: Sequence[Line], value: Format, bands: Sequence[tuple[float, float]] = ()) -> str:
    """Quantities over the seconds of a test; ``bands`` are the steps, (began, ended)."""
    points = [point for line in lines for point in line.points if point is not None]
    end = max([x for x, _ in points] + [ended for _, ended in bands], default=1.0) or 1.0
    x = Axis(0.0, end, LEFT, WIDTH - _RIGHT)
    y = Axis(0.0, _ceiling(max((y for _, y in points), default=1.0)), HEIGHT - _BOTTOM, _TOP)
    shades = [
        f'<rect class="band b{number % 2}" x="{x.place(began):.1f}" y="{_TOP}" '
        f'width="{x.place(ended) - x.place(began):.1f}" height="{HEIGHT - _TOP - _BOTTOM}"/>'
        f'<text class="number" x="{(x.place(began) + x.place(ended)) / 2:.1f}" y="{_TOP + 10}">{number}</text>'
        for number, (began, ended) in enumerate(bands, 1)
        if x.place(ended) - x.place(began) > 8
    ]
    return _figure([*shades, *_grid(x, y, lambda seconds: f"{seconds:g} s", value), *_paths(lines, x, y)])


def percentiles(lines: Sequence[Line], value: Format) -> str:
    """Times by percentile, with more room the slower they are; x is a percentile from 0 up to, but not, 100."""
    points = [point for line in lines for point in line.points if point is not None and point[1] > 0]
    tail = min((100 - x for x, _ in points), default=1.0)
    moved = [Line(line.name, [(100 / (100 - x), y) for x, y in filter(None, line.points)]) for line in lines]
    x = Axis(1.0, max(100 / tail, 10.0), LEFT, WIDTH - _RIGHT, logarithmic=True)
    lowest, highest = min((y for _, y in points), default=1e-3), max((y for _, y in points), default=1.0)
    y = Axis(_power_below(lowest), _power_above(highest), HEIGHT - _BOTTOM, _TOP, logarithmic=True)
    return _figure([*_grid(x, y, _percentile, value), *_paths(moved, x, y)])


def over_sizes(lines: Sequence[Line], value: Format) -> str:
    """Costs by the size of something, which has a logarithmic axis; what does not depend on it is a flat line.

    Costs have a linear axis from zero, or a logarithmic one when they are far apart.
    """
    points = [point for line in lines for point in line.points if point is not None and min(point) > 0]
    sizes, costs = [x for x, _ in points] or [1.0], [y for _, y in points] or [1.0]
    x = Axis(min(sizes), max(*sizes, min(sizes) * 10), LEFT, WIDTH - _RIGHT, logarithmic=True)
    if max(costs) / min(costs) > _WIDE_RANGE:
        low, high, logarithmic = _power_below(min(costs)), _power_above(max(costs)), True
    else:
        low, high, logarithmic = 0.0, _ceiling(max(costs)), False
    y = Axis(low, high, HEIGHT - _BOTTOM, _TOP, logarithmic)
    dots = [
        f'<circle class="dot c{number % COLOURS}" cx="{x.place(point[0]):.1f}" cy="{y.place(point[1]):.1f}" r="2.6"/>'
        for number, line in enumerate(lines)
        for point in filter(None, line.points)
    ]
    return _figure([*_grid(x, y, lambda size: f"{size:,.0f}", value), *_paths(lines, x, y), *dots])


def legend(lines: Sequence[Line]) -> str:
    """Which colour is which line."""
    if len(lines) < 2:
        return ""
    items = "".join(
        f'<span><i class="c{number % COLOURS}"></i>{html.escape(line.name)}</span>' for number, line in enumerate(lines)
    )
    return f'<p class="legend">{items}</p>'


def _figure(parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def _grid(x: Axis, y: Axis, x_text: Format, y_text: Format) -> list[str]:
    parts = []
    for tick in y.ticks():
        at = y.place(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text class="y" x="{LEFT - 7}" y="{at + 3.5:.1f}">{html.escape(y_text(tick))}</text>')
    for tick in x.ticks():
        at = x.place(tick)
        place = "x" if at < WIDTH - _RIGHT - 20 else "x last"
        parts.append(
            f'<text class="{place}" x="{at:.1f}" y="{HEIGHT - _BOTTOM + 17}">{html.escape(x_text(tick))}</text>'
        )
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - _RIGHT}" y1="{y.start}" y2="{y.start}"/>')
    return parts


def _paths(lines: Sequence[Line], x: Axis, y: Axis) -> list[str]:
    paths = []
    for number, line in enumerate(lines):
        pen, commands = "M", []
        for point in line.points:
            if point is None:
                pen = "M"
                continue
            commands.append(f"{pen}{x.place(point[0]):.1f} {y.place(point[1]):.1f}")
            pen = "L"
        if commands:
            title = f"<title>{html.escape(line.name)}</title>"
            paths.append(f'<path class="line c{number % COLOURS}" d="{"".join(commands)}">{title}</path>')
    return paths


def _percentile(tick: float) -> str:
    if tick == 1.0:
        return "fastest"
    return f"{100 - 100 / tick:.{max(0, round(math.log10(tick)) - 2)}f} %"


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= step * 0.999)


def _ceiling(value: float) -> float:
    """A little more than the largest value, for a line not to touch the edge."""
    return value * 1.08 if value > 0 else 1.0


def _power_below(value: float) -> float:
    return 10.0 ** math.floor(math.log10(value) - 1e-9)


def _power_above(value: float) -> float:
    return 10.0 ** math.ceil(math.log10(value) + 1e-9)
