"""The hosts connected to one server, whichever way, so that a later connection of a host replaces the earlier one."""

import logging
from typing import Protocol

from alcor.channels.messages import Hello

log = logging.getLogger(__name__)

REPLACED = "another stream of this host took the place of this one"
GO_ELSEWHERE = "go on to another controller: this one has more than its share of hosts, or is about to stop"


class Replaceable(Protocol):
    """One connection of one host."""

    @property
    def hello(self) -> Hello:
        """What the agent said of itself when it connected."""

    def replace(self) -> None:
        """End: the host has another connection."""


class ConnectedHosts:
    """The latest connection of each host."""

    def __init__(self) -> None:
        self._hosts: dict[str, Replaceable] = {}

    def enter(self, host: Replaceable) -> None:
        """This is the host's connection from now on; an earlier one is ended."""
        hello = host.hello
        previous = self._hosts.get(hello.host_id)
        if previous is not None:
            if previous.hello.boot_id != hello.boot_id:
                log.warning("host %s: a new agent takes the place of one still connected", hello.host_id)
            previous.replace()
        self._hosts[hello.host_id] = host

    def leave(self, host: Replaceable) -> None:
        """This connection has ended."""
        if self._hosts.get(host.hello.host_id) is host:
            del self._hosts[host.hello.host_id]
