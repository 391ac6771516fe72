"""What is counted of the message-queue path of a controller, for Prometheus."""

from prometheus_client import REGISTRY, CollectorRegistry, Gauge

from alcor.channels.message_queue.server import QueueServer

REFUSED = (
    "not_admitted",
    "not_permitted",
    "not_trusted",
    "malformed",
    "other_session",
    "repeated",
    "missing",
    "silent",
    "too_large",
    "too_many",
    "unknown_node",
)
"""What the server and the broker may refuse, by why."""


class QueueMetrics:
    """The gauges, each filled when it is read."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._hosts = Gauge("alcor_queue_hosts", "Hosts served over the message queue.", registry=registry)
        self._connected = Gauge(
            "alcor_queue_connected", "Whether hosts can come by the message queue.", registry=registry
        )
        self._refused = Gauge(
            "alcor_queue_refused", "Messages passed over, and sessions ended, by why.", ["reason"], registry=registry
        )

    def show(self, server: QueueServer) -> None:
        """Show how this server does."""
        self._hosts.set_function(lambda: server.hosts)
        self._connected.set_function(lambda: int(not server.trouble))
        for reason in REFUSED:
            self._refused.labels(reason).set_function(lambda reason=reason: server.refused[reason])  # type: ignore[misc]
