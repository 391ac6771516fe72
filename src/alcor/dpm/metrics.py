"""What operators see of the Data Plane Manager, in Prometheus' terms."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

_LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class DpmMetrics:
    """The metrics of one Data Plane Manager."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.connected_hosts = Gauge(
            "alcor_dpm_connected_hosts", "Hosts connected to this controller", registry=registry
        )
        self.log_lag = Gauge(
            "alcor_dpm_log_lag_entries", "Change-log entries committed but not compiled yet", registry=registry
        )
        self.log_lag_seconds = Gauge(
            "alcor_dpm_log_lag_seconds",
            "How long the oldest entry not compiled yet has been known of",
            registry=registry,
        )
        self.pending_hosts = Gauge(
            "alcor_dpm_pending_hosts", "Hosts that have not acknowledged all they were given", registry=registry
        )
        self.oldest_pending_seconds = Gauge(
            "alcor_dpm_oldest_pending_seconds",
            "How long the longest of the pending hosts has owed an acknowledgement",
            registry=registry,
        )
        self.deltas = Counter("alcor_dpm_deltas", "Goal-state deltas handed to hosts' streams", registry=registry)
        self.resyncs = Counter(
            "alcor_dpm_resyncs", "Snapshots that hosts were given, by reason", ["reason"], registry=registry
        )
        self.digests = Counter(
            "alcor_dpm_digests",
            "Digests of goal states that hosts said, by what came of comparing them",
            ["result"],
            registry=registry,
        )
        self.hosts_let_go = Counter(
            "alcor_dpm_hosts_let_go", "Hosts that were told to go on to another controller", registry=registry
        )
        self.acknowledgement_seconds = Histogram(
            "alcor_dpm_acknowledgement_seconds",
            "From sending a goal state until the host acknowledged it",
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )
        self.failures = Gauge("alcor_dpm_failed_resources", "Resources that hosts could not program", registry=registry)
        self.retries = Counter(
            "alcor_dpm_retries", "Ports that hosts were given again because somebody asked", registry=registry
        )
        self.status_writes = Counter("alcor_dpm_status_writes", "Port statuses written", registry=registry)
        self.topics = Gauge(
            "alcor_dpm_topics", "VPCs and security groups held here of which changes are published", registry=registry
        )
        self.topic_turns = Gauge(
            "alcor_dpm_topic_turns", "Topics on which it is this controller's turn to publish", registry=registry
        )
        self.topic_hosts = Gauge(
            "alcor_dpm_topic_hosts", "Hosts that learn by topic, counted for each topic", registry=registry
        )
        self.topic_messages = Gauge("alcor_dpm_topic_messages", "Messages published since the start", registry=registry)
        self.topic_lost = Gauge(
            "alcor_dpm_topic_lost", "How often a message may not have been published since the start", registry=registry
        )
        self.topic_lag_seconds = Gauge(
            "alcor_dpm_topic_lag_seconds",
            "How long the oldest change has waited that may not have been published",
            registry=registry,
        )
        self.topic_fallbacks = Counter(
            "alcor_dpm_topic_fallbacks",
            "How often hosts ceased to read a topic, by reason",
            ["reason"],
            registry=registry,
        )
        self.lost_hosts = Counter("alcor_dpm_lost_hosts", "Hosts given up after the grace", registry=registry)
        self.health_reports = Counter("alcor_dpm_health_reports", "What hosts said of their health", registry=registry)
        self.health_changes = Counter(
            "alcor_dpm_health_changes", "Hosts whose health changed, so that it was written", registry=registry
        )
        self.troubled_hosts = Gauge(
            "alcor_dpm_troubled_hosts",
            "Hosts connected to this controller that say that something is wrong, with them or with hosts they probe",
            registry=registry,
        )
        self.data_planes = Gauge(
            "alcor_dpm_data_planes",
            "Hosts connected to this controller whose data plane does not work, by what it does",
            ["state"],
            registry=registry,
        )
        self.unreached_hosts = Gauge(
            "alcor_dpm_unreached_hosts",
            "Hosts that those connected to this controller probe and do not reach as they should",
            ["fault"],
            registry=registry,
        )
        self.relayed_hosts = Gauge(
            "alcor_dpm_relayed_hosts",
            "Hosts connected to this controller that neighbours lead to it, since they do not reach it themselves",
            registry=registry,
        )
