"""What all hosts of a VPC or a security group have to hear: by gRPC, over the message queue, and by their topics.

python -m benchmarks.channels [--rounds N] [--hosts N] [--plot FILE.svg]

Runs the scenario ``spread`` of ``alcor scale`` with each channel by turns, in controllers, brokers and hosts of their
own. Each host is reached as an agent is, by a stream of its own. With ``fast`` that is of gRPC, and with ``queue`` it
goes over the message queue; ``both`` is of gRPC, too, but what all hosts of a VPC learn goes by its topic, and rules by
that of their security group. Needs Pulsar (make install-pulsar), or --message-queue.
"""

import argparse
import io
from collections import defaultdict
from itertools import takewhile
from pathlib import Path
from statistics import median

import msgspec
import uvloop
from rich.console import Console

from alcor.scale import scenario
from alcor.scale.result import Outcome, StepResult
from alcor.scale.runner import Target, run_scenario
from alcor.scale.scenario import CreatePorts, Spread
from alcor.scale.watching import Watcher
from benchmarks.plot import Plot, add_plot_option
from benchmarks.setting import setting

_CHANNELS: dict[str, int | str] = {"fast": "none", "queue": "none", "both": 0}
"""And above how many ports a VPC and a security group have topics."""
_PROCESSES = ("controller", "broker", "hosts")
_HEARD, _LAST, _ANSWERED = "request until a host knows", "request until all hosts know", "request to answer"


class Point(msgspec.Struct, frozen=True):
    """One measurement, in seconds."""

    last: float  # until all hosts know, the median of the changes
    host: float  # until a host knows, likewise
    answer: float  # of the API, likewise
    processors: dict[str, float]  # for a change, by process
    idle: dict[str, float]  # of a processor while nothing changes, by process


Points = dict[tuple[str, int, str], list[Point]]  # by what changes, hosts, and channel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hosts", type=int, default=1000, help="that there are; larger VPCs are left out")
    parser.add_argument("--channels", nargs="+", choices=list(_CHANNELS), default=list(_CHANNELS))
    parser.add_argument("--message-queue", default="", metavar="URL")
    add_plot_option(parser)
    arguments = parser.parse_args()
    here = setting()
    print(here, flush=True)
    found: Points = defaultdict(list)
    for number in range(arguments.rounds):
        for channel in arguments.channels:
            outcome = run(channel, arguments.hosts, arguments.message_queue)
            for problem in (problem for step in outcome.steps for problem in step.problems):
                print(f"round {number + 1}, {channel}: {problem}")
            for step in outcome.steps:
                note(step, channel, found)
            print(f"round {number + 1}, {channel}: load before it {outcome.machine.load:g}", flush=True)
    print(f"medians of {arguments.rounds} rounds, lowest to highest")
    show(found)
    draw(found, here, arguments.plot)


def run(channel: str, hosts: int, message_queue: str) -> Outcome:
    """The scenario, with one channel."""
    above = _CHANNELS[channel]
    chosen = scenario.override(
        scenario.read("spread"), hosts, channel=channel, queue_above=above, queue_groups_above=above
    )
    steps = takewhile(lambda step: not isinstance(step, CreatePorts) or step.ports <= hosts, chosen.steps)
    chosen = msgspec.structs.replace(chosen, steps=list(steps))
    target = Target(message_queue=message_queue)
    return uvloop.run(run_scenario("spread", chosen, target, Watcher(Console(file=io.StringIO()))))


def note(step: StepResult, channel: str, found: Points) -> None:
    """Take what a step measured."""
    if _LAST not in step.distributions:
        return
    change = msgspec.json.decode(step.what, type=Spread).change
    figures = {figure.name: figure.value for figure in step.figures}
    processors = {
        name: figures[f"processor time for a change: {name}"] / 1e6
        for name in _PROCESSES
        if f"processor time for a change: {name}" in figures
    }
    idle = {name: figures[f"processor while nothing changes: {name}"] / 100 for name in processors}
    last, host, answer = (step.distributions[name].median for name in (_LAST, _HEARD, _ANSWERED))
    hosts = round(figures["hosts that have to hear of it"])
    point = Point(last, host, answer, processors, idle)
    found[change, hosts, channel].append(point)
    show({(change, hosts, channel): [point]})


def show(found: Points) -> None:
    """Medians of the rounds, and the lowest and highest of what matters most."""
    for (change, hosts, channel), points in sorted(found.items()):
        last = [1000 * point.last for point in points]
        print(
            f"a {change} more, {hosts:5,} hosts, {channel:5}: all know after {median(last):8.1f} ms"
            f" ({min(last):.1f} to {max(last):.1f}), half of them after {_median(points, 'host'):8.1f} ms,"
            f" answered after {_median(points, 'answer'):6.1f} ms; processor time: {_processors(points)}"
        )


def _median(points: list[Point], name: str) -> float:
    values: list[float] = [getattr(point, name) for point in points]
    return 1000 * median(values)


def _processors(points: list[Point]) -> str:
    words = []
    for name in points[0].processors:
        spent = [1000 * point.processors[name] for point in points]
        idle = median(100 * point.idle[name] for point in points)
        words.append(f"{name} {median(spent):.1f} ms ({min(spent):.1f} to {max(spent):.1f}; {idle:.1f} % without)")
    return ", ".join(words)


def draw(found: Points, here: str, path: Path | None) -> None:
    """Two plots of a port more: how long it takes, and what it costs the controller."""
    latency = Plot("From a request until all hosts of the VPC know of a new port", "hosts", here)
    cost = Plot("What a new port costs the controller, processor time", "hosts of the VPC", here)
    for (change, hosts, channel), points in sorted(found.items()):
        if change == "port":
            latency.add(channel, hosts, median(point.last for point in points))
            cost.add(channel, hosts, median(point.processors["controller"] for point in points))
    cost.write(path)
    latency.write(path and path.with_name(f"{path.stem}-latency{path.suffix}"))


if __name__ == "__main__":
    main()
