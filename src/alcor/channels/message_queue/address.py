"""Where a message queue is, as controllers and agents are told: pulsar://HOST:PORT/TENANT/NAMESPACE."""

import re

import msgspec

from alcor.channels.trust.reach import is_beyond_this_machine

_NAMESPACE = "public/default"
_ADDRESS = re.compile(r"(pulsar(?:\+ssl)?://[A-Za-z0-9.:,\[\]_-]+)(?:/([A-Za-z0-9._-]+/[A-Za-z0-9._-]+))?/?")


class QueueAddress(msgspec.Struct, frozen=True):
    """A broker, or several, and the namespace that Alcor's topics are in."""

    service: str  # as the client takes it
    namespace: str = _NAMESPACE  # of what controllers say to hosts

    @property
    def from_hosts(self) -> str:
        """The namespace of what hosts say: another one where brokers know who is who, and grant rights by namespace."""
        return f"{self.namespace}-from-hosts" if self.is_encrypted else self.namespace

    @property
    def text(self) -> str:
        """As it is shown."""
        return f"{self.service}/{self.namespace}"

    @property
    def is_encrypted(self) -> bool:
        """Whether brokers are reached by TLS."""
        return self.service.startswith("pulsar+ssl:")

    @property
    def servers(self) -> list[str]:
        """The brokers, as HOST:PORT."""
        default = "6651" if self.is_encrypted else "6650"
        each = self.service.partition("://")[2].split(",")
        return [server if re.search(r":\d+$", server) else f"{server}:{default}" for server in each]

    def open_problem(self) -> str | None:
        """What is wrong with this address where hosts and controllers show each other certificates."""
        if self.is_encrypted or not any(map(is_beyond_this_machine, self.servers)):
            return None
        return (
            f"message queue {self.service}: hosts and controllers show each other certificates, but this broker none: "
            "have it do so (docs/message-queue.md), and write pulsar+ssl://HOST:PORT/TENANT/NAMESPACE"
        )


def parse_queue(text: str) -> QueueAddress:
    """Raises ValueError, saying how it is written."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ValueError(f"message queue {text!r}: write pulsar://HOST:PORT or pulsar://HOST:PORT/TENANT/NAMESPACE")
    return QueueAddress(match[1], match[2] or _NAMESPACE)
