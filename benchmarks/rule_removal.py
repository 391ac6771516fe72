"""Established flows when a rule goes, over real Open vSwitch (as root): how long packets still pass.

python -m benchmarks.rule_removal [--flows 1 1000] [--times 30]

Two hosts, each a network namespace with an Open vSwitch and an agent of its own, and a workload on each, which are told
ahead of each other. One sends datagrams to the other, one every millisecond, by turns in so many flows, and all are
answered. Then what let them pass goes: the rule of ingress of the one that is sent to, the rule of egress of the one
that sends, or the sender's membership of the group that a rule of the other lets in. Measured is the time from the
answer of the request that did it to the last packet that came to either; none when the last one came before.

Each time is the median of all, with the longest.
"""

import argparse
import asyncio
import itertools
import select
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

from alcor.testbed.cloud import Cloud, Resource
from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import until
from benchmarks.routing import Region
from benchmarks.setting import setting

_PORT = 7000
_BETWEEN_PACKETS = 0.001  # seconds
_SILENCE = 1.5
_FLOWING = 0.02
_LONGEST_MESSAGE = 100

Change = Callable[[bool], Awaitable[None]]


class Flows:
    """Datagrams from one namespace to another and back, in threads of their own, until closed."""

    def __init__(self, source: NetworkNamespace, target: NetworkNamespace, address: str, count: int) -> None:
        self.last = 0.0
        """When a packet came to either end, by the monotonic clock."""
        self._count = count
        self._answered: set[int] = set()
        self._ended = threading.Event()
        self._receiver = target.inside(lambda: _socket(_PORT))
        self._senders = [source.inside(_socket) for _ in range(count)]
        for sender in self._senders:
            sender.connect((address, _PORT))
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._hear, self._answer)]
        for thread in self._threads:
            thread.start()

    def are_established(self) -> bool:
        """Whether each was answered since the last time that none passed, and packets pass now."""
        return len(self._answered) == self._count and time.monotonic() - self.last < _FLOWING

    async def until_silent(self) -> None:
        """Return when nothing has come for a while."""
        await until(lambda: time.monotonic() - self.last > _SILENCE, "packets to pass no more")
        self._answered.clear()

    def close(self) -> None:
        """End."""
        self._ended.set()
        for thread in self._threads:
            thread.join()
        for each in (self._receiver, *self._senders):
            each.close()

    def _send(self) -> None:
        for sender in itertools.cycle(self._senders):
            if self._ended.wait(_BETWEEN_PACKETS):
                return
            sender.send(b"?")

    def _hear(self) -> None:
        numbers = {sender.fileno(): number for number, sender in enumerate(self._senders)}
        answers = select.epoll()
        for sender in self._senders:
            answers.register(sender, select.EPOLLIN)
        while not self._ended.is_set():
            for file, _ in answers.poll(0.1):
                self._senders[numbers[file]].recv(_LONGEST_MESSAGE)
                self.last = time.monotonic()
                self._answered.add(numbers[file])
        answers.close()

    def _answer(self) -> None:
        while not self._ended.is_set():
            if select.select([self._receiver], [], [], 0.1)[0]:
                message, sender = self._receiver.recvfrom(_LONGEST_MESSAGE)
                self.last = time.monotonic()
                self._receiver.sendto(message, sender)


def _socket(port: int = 0) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("", port))
    return made


class Rules:
    """The security groups of two workloads on two hosts, and what of them goes and comes back."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._groups: dict[str, Resource] = {}
        self._rules: dict[str, str] = {}
        self._sender = ""

    async def make(self) -> tuple[NetworkNamespace, NetworkNamespace, str]:
        """The workload that sends, the one that is sent to, and its address."""
        cloud = self._region.cloud
        network = await cloud.create("network", name="flows")
        await cloud.set_programming(network["id"], "push")
        subnet = await self._region.subnet(network, "10.1.0.0/24")
        for name in ("sending", "friends", "guarding"):
            self._groups[name] = await cloud.create("security_group", name=name)
            for rule in self._groups[name]["security_group_rules"]:
                await cloud.delete("security_group_rule", rule["id"])
        await self.has_egress(True)
        both = [self._groups[name]["id"] for name in ("sending", "friends")]
        source, _ = await self._region.add("source", subnet, 0, security_groups=both)
        guarding = [self._groups["guarding"]["id"]]
        target, address = await self._region.add("target", subnet, 1, security_groups=guarding)
        ports = await cloud.list_all("port")
        self._sender = next(port["id"] for port in ports if len(port["security_groups"]) == len(both))
        return source.namespace, target.namespace, address

    async def has_ingress(self, wanted: bool) -> None:
        """Have a rule of the one that is sent to let in what comes from anywhere, or not."""
        await self._have(wanted, "ingress", "guarding", direction="ingress")

    async def has_egress(self, wanted: bool) -> None:
        """Have a rule of the one that sends let it out, or not."""
        await self._have(wanted, "egress", "sending", direction="egress")

    async def has_remote(self, wanted: bool) -> None:
        """Have a rule of the one that is sent to let in members of a group, or not."""
        await self._have(
            wanted, "remote", "guarding", direction="ingress", remote_group_id=self._groups["friends"]["id"]
        )

    async def is_member(self, wanted: bool) -> None:
        """Have the one that sends be a member of that group, or not."""
        groups = [self._groups[name]["id"] for name in (("sending", "friends") if wanted else ("sending",))]
        await self._region.cloud.update("port", self._sender, {"security_groups": groups})

    async def _have(self, wanted: bool, name: str, group: str, **rule: Any) -> None:
        if wanted:
            usual = {"security_group_id": self._groups[group]["id"], "ethertype": "IPv4", "protocol": "udp"}
            self._rules[name] = (await self._region.cloud.create("security_group_rule", **usual | rule))["id"]
        else:
            await self._region.cloud.delete("security_group_rule", self._rules[name])


async def measure(change: Change, flows: Flows, times: int) -> list[float]:
    """Seconds from the answer until the last packet, of each time; all is as before afterwards."""
    still_passed = []
    for _ in range(times):
        await until(flows.are_established, "all flows to be answered", timeout=60)
        await change(False)
        answered = time.monotonic()
        await flows.until_silent()
        still_passed.append(max(0.0, flows.last - answered))
        await change(True)
    return still_passed


async def run(testbed: Testbed, counts: list[int], times: int) -> None:
    """Measure and print."""
    testbed.controller.start()
    hosts = testbed.make_hosts(2)
    async with Cloud(testbed.controller) as cloud:
        await cloud.register(hosts)
        testbed.start_hosts()
        rules = Rules(Region(testbed, cloud))
        source, target, address = await rules.make()
        testbed.wait_steady()
        for count in counts:
            flows = Flows(source, target, address, count)
            what = f"{count} flow{'s' if count > 1 else ''}"
            await rules.has_ingress(True)
            await show(f"{what}: a rule of ingress goes", rules.has_ingress, flows, times)
            await show(f"{what}: a rule of egress goes", rules.has_egress, flows, times)
            await rules.has_ingress(False)
            await rules.has_remote(True)
            await show(f"{what}: a member leaves the remote group", rules.is_member, flows, times)
            await rules.has_remote(False)
            flows.close()


async def show(what: str, change: Change, flows: Flows, times: int) -> None:
    """Measure a change and print it."""
    seconds = await measure(change, flows, times)
    print(f"{what}: packets pass for {median(seconds) * 1000:.1f} ms (most {max(seconds) * 1000:.1f})", flush=True)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, nargs="+", default=[1, 1000])
    parser.add_argument("--times", type=int, default=30)
    arguments = parser.parse_args()
    print(setting(), flush=True)
    with Testbed() as testbed:
        asyncio.run(run(testbed, arguments.flows, arguments.times))
    return 0


if __name__ == "__main__":
    sys.exit(main())
