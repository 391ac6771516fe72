"""What is counted of the message-queue path of a controller, for Prometheus."""

from collections.abc import Callable
from typing import Protocol

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


class Publishes(Protocol):
    """What publishes on a queue."""

    @property
    def topics(self) -> int:
        """On how many topics it does, or waits for its turn to."""

    @property
    def turns(self) -> int:
        """On how many of them it is its turn."""

    def lag_seconds(self) -> float:
        """How long the oldest change has waited that may not have been published."""


class QueueMetrics:
    """The gauges, of each queue by its address, filled when they are read."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        def gauge(name: str, says: str, *labels: str) -> Gauge:
            return Gauge(f"alcor_queue_{name}", says, ["queue", *labels], registry=registry)

        self._hosts = gauge("hosts", "Hosts served over the message queue.")
        self._elsewhere = gauge("hosts_of_other_cells", "Hosts served over a message queue that is not their cell's.")
        self._connected = gauge("connected", "Whether hosts can come by the message queue.")
        self._refused = gauge("refused", "Messages passed over, and sessions ended, by why.", "reason")
        self._topics = gauge("topics", "Topics that this controller publishes on, or would if it were its turn.")
        self._turns = gauge("topic_turns", "Topics on which it is this controller's turn to publish.")
        self._lag = gauge("topic_lag_seconds", "How long the oldest change has waited to be published.")

    def show(self, queue: str, server: QueueServer, publishes: Publishes, elsewhere: Callable[[], int]) -> None:
        """Show how a queue does; ``elsewhere`` says how many of its hosts are of cells that have another one."""
        self._hosts.labels(queue).set_function(lambda: server.hosts)
        self._elsewhere.labels(queue).set_function(elsewhere)
        self._connected.labels(queue).set_function(lambda: int(not server.trouble))
        for reason in REFUSED:
            refused = self._refused.labels(queue, reason)
            refused.set_function(lambda reason=reason: server.refused[reason])  # type: ignore[misc]
        self._topics.labels(queue).set_function(lambda: publishes.topics)
        self._turns.labels(queue).set_function(lambda: publishes.turns)
        self._lag.labels(queue).set_function(publishes.lag_seconds)
