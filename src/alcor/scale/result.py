"""What a test has found: as it is written to JSON and drawn in the report."""

from collections.abc import Iterable

import msgspec

from alcor.scale.distribution import Distribution, distribution


class Figure(msgspec.Struct, frozen=True):
    """One number."""

    name: str
    value: float
    unit: str = ""


class StepResult(msgspec.Struct, kw_only=True):
    """What one step found. Times are seconds since the test began."""

    title: str
    what: str  # the step as its scenario has it
    began: float
    ended: float = 0.0
    figures: list[Figure] = []
    distributions: dict[str, Distribution] = {}
    problems: list[str] = []

    def figure(self, name: str, value: float, unit: str = "") -> None:
        """Add a number."""
        self.figures.append(Figure(name, value, unit))

    def measured(self, name: str, values: Iterable[float]) -> None:
        """Add measured times, if there are any."""
        found = distribution(values)
        if found is not None:
            self.distributions[name] = found


class Series(msgspec.Struct):
    """One quantity over time; None where it could not be read."""

    unit: str
    values: list[float | None]


class Machine(msgspec.Struct, frozen=True):
    """Where the test ran."""

    processor: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    commit: str
    load: float  # processes that wanted a processor in the minute before the test


class Outcome(msgspec.Struct, kw_only=True):
    """A whole test."""

    scenario: str
    description: str
    started_at: str  # UTC
    machine: Machine
    database: str
    hosts: int
    steps: list[StepResult]
    times: list[float]  # of the samples, seconds since the test began
    series: dict[str, Series]

    @property
    def passed(self) -> bool:
        """Whether everything became what it should."""
        return not any(step.problems for step in self.steps)
