"""Who was refused what: counted each time, logged once for each, so that nobody can fill a log."""

import logging

import msgspec
from prometheus_client import REGISTRY, CollectorRegistry, Counter

log = logging.getLogger(__name__)

_REMEMBERED = 10_000


class Refusal(msgspec.Struct, frozen=True):
    """Why somebody is refused. ``kind`` is one of few, to count by."""

    kind: str
    reason: str


class Refusals:
    """Those of one process."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._refused = Counter(
            "alcor_trust_refused", "Hosts and others that were refused, by what was wrong", ["kind"], registry=registry
        )
        self.connections = Counter(
            "alcor_trust_connections", "Connections begun that must show a certificate", registry=registry
        )
        self.admitted = Counter(
            "alcor_trust_admitted", "Calls of those whose certificates were in order", registry=registry
        )
        self.certificates = Counter("alcor_trust_certificates", "Certificates issued", ["to"], registry=registry)
        self._logged: dict[tuple[str, str], None] = {}

    def note(self, who: str, refusal: Refusal) -> None:
        """Somebody is refused."""
        self._refused.labels(refusal.kind).inc()
        key = who, refusal.reason
        if key not in self._logged:
            if len(self._logged) >= _REMEMBERED:
                del self._logged[next(iter(self._logged))]
            self._logged[key] = None
            log.warning("%s is refused: %s", who, refusal.reason)
