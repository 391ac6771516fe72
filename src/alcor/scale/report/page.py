"""The report of a test: report.json, and report.html, a page that needs nothing else."""

import html
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from alcor.scale.formatting import duration, quantity
from alcor.scale.report.plots import Line, Point, legend, over_time, percentiles
from alcor.scale.report.style import STYLE
from alcor.scale.result import Outcome, Series, StepResult

_MOST_POINTS = 200  # of a line

_T = TypeVar("_T")


def write_report(outcome: Outcome, directory: Path) -> None:
    """Write both files to a directory that is there."""
    (directory / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(outcome), indent=1))
    (directory / "report.html").write_text(page(outcome))


def page(outcome: Outcome) -> str:
    """The page."""
    name = html.escape(outcome.scenario)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>alcor scale: {name}</title><style>{STYLE}</style></head><body><main>"
        f"{_head(outcome)}{_overview(outcome)}{_over_time(outcome)}"
        f"<h2>Steps</h2>{''.join(_step(number, step) for number, step in enumerate(outcome.steps, 1))}"
        "</main></body></html>"
    )


def _head(outcome: Outcome) -> str:
    machine = outcome.machine
    verdict = '<b class="good">passed</b>' if outcome.passed else '<b class="bad">failed</b>'
    facts = {
        "Result": verdict,
        "Hosts": f"{outcome.hosts:,} simulated",
        "Database": html.escape(outcome.database),
        "Took": duration(max(outcome.times, default=0.0)),
        "Started": html.escape(outcome.started_at),
        "Machine": html.escape(f"{machine.cores} × {machine.processor}, {machine.memory_gib:g} GiB"),
        "System": html.escape(f"{machine.kernel}, Python {machine.python}"),
        "Load before": f"{machine.load:g}",
        "Commit": html.escape(machine.commit),
    }
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    return (
        f"<header><h1>{html.escape(outcome.scenario)}</h1><p>{html.escape(outcome.description)}</p></header>"
        f'<dl class="facts">{items}</dl>'
    )


def _overview(outcome: Outcome) -> str:
    rows = []
    for number, step in enumerate(outcome.steps, 1):
        slowest = next(reversed(step.distributions.items()), None)
        rate = next((figure for figure in reversed(step.figures) if figure.unit.endswith("/s")), None)
        rows.append(
            f"<tr><td>{number}</td><td>{html.escape(step.title)}</td>"
            f"<td>{duration(step.ended - step.began)}</td>"
            f"<td>{quantity(rate.value, rate.unit) if rate else ''}</td>"
            f"<td>{html.escape(slowest[0]) if slowest else ''}</td>"
            + "".join(f"<td>{'' if value is None else duration(value)}</td>" for value in _percentiles(slowest))
            + f"<td>{'<b class=bad>failed</b>' if step.problems else '<b class=good>✓</b>'}</td></tr>"
        )
    return (
        '<div class="wide"><table class="overview"><thead><tr><th></th><th>Step</th><th>Took</th><th>Throughput</th>'
        "<th>Time measured</th><th>p50</th><th>p90</th><th>p99</th><th></th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _percentiles(slowest: "tuple[str, object] | None") -> "list[float | None]":
    return [None] * 3 if slowest is None else [slowest[1].median, slowest[1].p90, slowest[1].p99]  # type: ignore[attr-defined]


def _over_time(outcome: Outcome) -> str:
    bands = [(step.began, step.ended) for step in outcome.steps]
    series = outcome.series

    def some(prefix: str) -> list[Line]:
        return [_line(outcome, name.removeprefix(prefix), series[name]) for name in series if name.startswith(prefix)]

    def one(name: str, change: Callable[[Outcome, str, Series], Line]) -> list[Line]:
        return [change(outcome, name, series[name])] if name in series else []

    plots = (
        ("Hosts connected", one("connected hosts", _line), _count),
        ("Ports programmed, a second", one("ports programmed", _rate), _count),
        ("API requests answered, a second", one("requests", _rate), _count),
        ("Change-log entries committed and not compiled yet", one("change-log lag", _line), _count),
        ("Processors, 100 % is one core", some("cpu "), lambda value: f"{value:.0f} %"),
        ("Memory", some("memory "), lambda value: f"{value:,.0f} MiB"),
        ("Deltas to hosts, a second", one("deltas", _rate), _count),
        ("Port statuses written, a second", one("statuses written", _rate), _count),
    )
    figures = "".join(
        f"<figure><figcaption>{title}</figcaption>{over_time(lines, text, bands)}{legend(lines)}</figure>"
        for title, lines, text in plots
        if any(point is not None for line in lines for point in line.points)
    )
    return (
        '<h2>Over time</h2><p class="hint">Shaded: the steps, by number. '
        f'Gaps: the controller did not answer.</p><div class="plots">{figures}</div>'
    )


def _line(outcome: Outcome, name: str, series: Series) -> Line:
    """A quantity as it was; what flickers, like processors, as means of as many points as can be told apart."""
    scale = 2**20 if series.unit == "bytes" else 1
    points: list[Point | None] = [
        None if value is None else (time, value / scale)
        for time, value in zip(outcome.times, series.values, strict=True)
    ]
    return Line(name, [_mean(group) for group in _groups(points)] if series.unit == "%" else points)


def _rate(outcome: Outcome, name: str, series: Series) -> Line:
    """How much a growing number grows a second; one that falls was begun anew."""
    points = list(zip(outcome.times, series.values, strict=True))
    line = Line(name, [])
    for (before, low), (after, high) in itertools.pairwise(group[-1] for group in _groups(points)):
        known = low is not None and high is not None and high >= low and after > before
        line.points.append((after, (high - low) / (after - before)) if known else None)  # type: ignore[operator]
    return line


def _groups(points: list[_T]) -> list[list[_T]]:
    size = math.ceil(len(points) / _MOST_POINTS) or 1
    return [points[first : first + size] for first in range(0, len(points), size)]


def _mean(points: list[Point | None]) -> Point | None:
    known = [point for point in points if point is not None]
    if not known:
        return None
    return known[-1][0], sum(value for _, value in known) / len(known)


def _step(number: int, step: StepResult) -> str:
    figures = "".join(
        f"<tr><td>{html.escape(figure.name)}</td><td>{html.escape(quantity(figure.value, figure.unit))}</td></tr>"
        for figure in step.figures
    )
    times = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{found.count:,}</td>"
        + "".join(
            f"<td>{duration(value)}</td>"
            for value in (found.minimum, found.mean, found.median, found.p90, found.p95, found.p99, found.maximum)
        )
        + "</tr>"
        for name, found in step.distributions.items()
    )
    lines = [Line(name, list(found.curve)) for name, found in step.distributions.items() if found.count > 1]
    plot = f"<figure><figcaption>Time by percentile</figcaption>{percentiles(lines, duration)}{legend(lines)}</figure>"
    problems = "".join(f'<pre class="bad">{html.escape(problem)}</pre>' for problem in step.problems)
    return (
        f"<section><h3><span>{number}</span> {html.escape(step.title)}</h3>"
        f'<p class="hint">{duration(step.ended - step.began)}, from {duration(step.began)} on. '
        f"<code>{html.escape(step.what)}</code></p>{problems}"
        f'<div class="plots"><table class="figures"><tbody>{figures}</tbody></table>{plot if lines else ""}</div>'
        + (
            '<div class="wide"><table><thead><tr><th>Time</th><th>count</th><th>min</th><th>mean</th><th>p50</th>'
            f"<th>p90</th><th>p95</th><th>p99</th><th>max</th></tr></thead><tbody>{times}</tbody></table></div>"
            if times
            else ""
        )
        + "</section>"
    )


def _count(value: float) -> str:
    for limit, unit in ((1e6, "M"), (1e4, "K")):
        if abs(value) >= limit:
            return f"{value / (1e6 if unit == 'M' else 1e3):g}{unit}"
    return f"{value:g}"
