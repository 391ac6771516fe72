"""What operators see of the Network Config Manager, in Prometheus' terms."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge


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
        self.learned = Gauge(
            "alcor_ncm_learned", "MACs that hosts have learned, as of the last lease", registry=registry
        )
