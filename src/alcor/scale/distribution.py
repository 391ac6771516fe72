"""What many measurements come to."""

from collections.abc import Iterable

import msgspec

_POINTS = 200  # of the curve that is kept for plots


class Distribution(msgspec.Struct, frozen=True):
    """Of measured times, in seconds. ``curve`` has (percentile, seconds) pairs, closer together towards the slowest."""

    count: int
    minimum: float
    mean: float
    median: float
    p90: float
    p95: float
    p99: float
    maximum: float
    curve: tuple[tuple[float, float], ...]


def distribution(values: Iterable[float]) -> Distribution | None:
    """Of these measurements; None when there are none."""
    ordered = sorted(values)
    if not ordered:
        return None

    def at(percentile: float) -> float:
        return ordered[min(len(ordered) - 1, int(len(ordered) * percentile / 100))]

    return Distribution(
        count=len(ordered),
        minimum=ordered[0],
        mean=sum(ordered) / len(ordered),
        median=at(50),
        p90=at(90),
        p95=at(95),
        p99=at(99),
        maximum=ordered[-1],
        curve=tuple((percentile, at(percentile)) for percentile in _percentiles(len(ordered))),
    )


def _percentiles(count: int) -> Iterable[float]:
    """From 0 up, as many nines as the count gives reason for."""
    tail, reached = 1.0, 1.0 / count
    step = reached ** (1 / _POINTS)
    while tail >= reached * 0.999:
        yield 100 * (1 - tail)
        tail *= step
        if step == 1.0:
            return
