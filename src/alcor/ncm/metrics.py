"""What operators see of the Network Config Manager, in Prometheus' terms."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge
from prometheus_client.metrics import MetricWrapperBase


class NcmMetrics:
    """The metrics of one Network Config Manager."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.answered = Counter("alcor_ncm_answers", "Questions answered with a neighbour", registry=registry)
        self.absent = Counter("alcor_ncm_absences", "Questions for what is not there", registry=registry)
        self.refused = Counter(
            "alcor_ncm_refusals", "Questions about VPCs in which the host has no ports", registry=registry
        )
        self.over_budget = Counter(
            "alcor_ncm_over_budget", "Questions not answered because their host asks too many", registry=registry
        )
        self.changes = Counter("alcor_ncm_changes", "News sent to hosts unasked", registry=registry)
        self.vpcs = Gauge("alcor_ncm_vpcs", "VPCs on demand that hosts can ask about here", registry=registry)
        self.ports = Gauge("alcor_ncm_ports", "Ports held here", registry=registry)
        self.log_lag_seconds = Gauge(
            "alcor_ncm_log_lag_seconds",
            "How long the oldest change is known that was not taken in, where this is a role of its own",
            registry=registry,
        )
        self.learned = Gauge(
            "alcor_ncm_learned", "MACs that hosts have learned, as of the last lease", registry=registry
        )

    def figures(self) -> dict[str, int]:
        """What was counted since the start, by name."""
        counted: dict[str, MetricWrapperBase] = {
            "learned": self.learned,
            "answers": self.answered,
            "absences": self.absent,
            "refusals": self.refused,
            "over_budget": self.over_budget,
            "changes": self.changes,
        }
        return {name: _value(metric) for name, metric in counted.items()}


def _value(metric: MetricWrapperBase) -> int:
    (family,) = metric.collect()
    return int(family.samples[0].value)
