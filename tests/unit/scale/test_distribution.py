"""Percentiles are those of the measurements, and the curve has its points where the slow ones are."""

from alcor.scale.distribution import distribution


def test_percentiles_of_a_hundred() -> None:
    found = distribution(number / 1000 for number in reversed(range(1, 101)))
    assert found is not None
    assert (found.count, found.minimum, found.maximum) == (100, 0.001, 0.1)
    assert (found.median, found.p90, found.p99) == (0.051, 0.091, 0.1)


def test_nothing_measured_is_no_distribution() -> None:
    assert distribution([]) is None


def test_one_measurement_is_every_percentile() -> None:
    found = distribution([2.0])
    assert found is not None
    assert {found.minimum, found.mean, found.median, found.p99, found.maximum} == {2.0}
    assert found.curve == ((0.0, 2.0),)


def test_the_curve_rises_from_the_fastest_to_nearly_the_slowest() -> None:
    found = distribution(range(1, 10_001))
    assert found is not None
    percentiles, values = zip(*found.curve, strict=True)
    assert list(percentiles) == sorted(percentiles)
    assert list(values) == sorted(values)
    assert (percentiles[0], values[0]) == (0.0, 1)
    assert percentiles[-1] > 99.98
    assert sum(percentile > 99 for percentile in percentiles) > len(percentiles) / 3
