"""What the agent counts, and when a repeated event is worth a line in the log."""

from collections import Counter

_HELP = "Events counted by the control agent since it started."


class Counters:
    """Named counts since the agent started."""

    def __init__(self) -> None:
        self.values: Counter[str] = Counter()

    def add(self, name: str, count: int = 1) -> bool:
        """Count an event. True when it should be logged: the first time, then at each power of ten."""
        before = self.values[name]
        self.values[name] = before + count
        return len(str(before)) < len(str(before + count)) or before == 0


def prometheus_text(counters: Counters, gauges: dict[str, int]) -> str:
    """Counts and gauges in Prometheus' text exposition format."""
    lines = [f"# HELP alcor_agent_events_total {_HELP}", "# TYPE alcor_agent_events_total counter"]
    lines += [f'alcor_agent_events_total{{event="{name}"}} {value}' for name, value in sorted(counters.values.items())]
    for name, value in sorted(gauges.items()):
        lines += [f"# TYPE alcor_agent_{name} gauge", f"alcor_agent_{name} {value}"]
    return "\n".join(lines) + "\n"
