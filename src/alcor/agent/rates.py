"""How much a host's workloads may have done for them: so much for each port, and so much for all together."""

import logging
from collections.abc import Callable

from alcor.agent.counters import Counters
from alcor.model.identifiers import Id, id_text
from alcor.model.token_bucket import TokenBucket

log = logging.getLogger(__name__)

_BURST_SECONDS = 2


class Rates:
    """Of one kind of work: what is too much is counted under its name. Two seconds' worth may come at once."""

    def __init__(
        self, counters: Counters, name: str, port_rate: float, host_rate: float, clock: Callable[[], float]
    ) -> None:
        """Rates are events a second."""
        self._counters, self._name, self._port_rate, self._clock = counters, name, port_rate, clock
        self._host = TokenBucket(host_rate, host_rate * _BURST_SECONDS, clock())
        self._ports: dict[Id, TokenBucket] = {}

    def take(self, port_id: Id) -> bool:
        """Whether another one for the port may be done now."""
        now = self._clock()
        bucket = self._ports.get(port_id)
        if bucket is None:
            bucket = self._ports[port_id] = TokenBucket(self._port_rate, self._port_rate * _BURST_SECONDS, now)
        if not bucket.take(now):
            if self._counters.add(f"{self._name}_over_port_rate"):
                log.warning("port %s: more %s than its rate", id_text(port_id), self._name.replace("_", " "))
            return False
        if not self._host.take(now):
            if self._counters.add(f"{self._name}_over_host_rate"):
                log.warning("more %s of this host's workloads than its rate", self._name.replace("_", " "))
            return False
        return True

    def forget(self, port_id: Id) -> None:
        """The port's interface is gone."""
        self._ports.pop(port_id, None)
