"""A thousand ports are created while controller, agents and switches are killed at random moments.

Whatever was acknowledged holds: the port is there as the answer said, its workload works, nothing is given out twice,
no number is lost. ``ALCOR_CHAOS_SEED`` replays the moments and victims of a run.
"""

import asyncio
import os
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from alcor.model.addresses import ip_bytes, mac_number
from alcor.store import number_pools
from alcor.store.store import open_store
from alcor.testbed.cloud import Cloud
from alcor.testbed.errors import TestbedError
from alcor.testbed.host import Host
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from tests.e2e.chaos import frames
from tests.e2e.chaos.crowd import Crowd
from tests.e2e.chaos.deaths import die_at, victims

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

_PORTS = 1000
_CLIENTS = 6
_LARGEST_BULK = 10
_ADDRESSES = 4096 - 3  # a /20 less network, broadcast and gateway
_MACS = 0xFA163EFFFFFE - 0xFA163E000001 + 1
_PATIENCE = 60.0

Port = dict[str, Any]


class Creators:
    """Clients that create ports until enough are acknowledged; what was not acknowledged, they do not count on."""

    def __init__(self, testbed: Testbed, network_id: str, dice: random.Random) -> None:
        self.acknowledged: list[Port] = []
        self.unanswered = 0
        self._testbed, self._network_id, self._dice = testbed, network_id, dice
        self._hosts = [host.name for host in testbed.hosts]

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(_CLIENTS):
                group.create_task(self._client())

    async def _client(self) -> None:
        async with Cloud(self._testbed.controller) as cloud:
            while len(self.acknowledged) < _PORTS:
                wanted = [self._wanted() for _ in range(self._dice.choice((1, 1, 1, _LARGEST_BULK)))]
                try:
                    self.acknowledged += await cloud.create_many("port", wanted)
                except TestbedError:
                    self.unanswered += len(wanted)
                    await asyncio.sleep(0.05)

    def _wanted(self) -> Port:
        return {"network_id": self._network_id, "binding:host_id": self._dice.choice(self._hosts)}


async def test_what_was_acknowledged_works_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    seed = int(os.environ.get("ALCOR_CHAOS_SEED") or random.randrange(1 << 32))
    print(f"ALCOR_CHAOS_SEED={seed}")
    dice = random.Random(seed)
    with Testbed() as testbed:
        await asyncio.to_thread(testbed.controller.start)
        await asyncio.to_thread(testbed.make_hosts, 3)
        async with Cloud(testbed.controller) as cloud:
            await cloud.register(testbed.hosts)
            await asyncio.to_thread(testbed.start_hosts)
            network = await cloud.create("network", name="chaos")
            subnet = await cloud.create("subnet", network_id=network["id"], ip_version=4, cidr="10.20.0.0/20")
        creators = Creators(testbed, network["id"], dice)
        crowds = {host.name: Crowd(host) for host in testbed.hosts}
        await _create_among_deaths(testbed, creators, crowds, dice)
        async with Cloud(testbed.controller) as cloud:
            await _wait_for_all_active(cloud, creators.acknowledged)
            stored = await _stored_as_acknowledged(cloud, creators)
            await _every_port_works(creators.acknowledged, crowds, dice)
            await _nothing_leaked(testbed, subnet["id"], len(stored), tmp_path)
            await _gone_when_deleted(testbed, cloud, stored)
            await _nothing_leaked(testbed, subnet["id"], 0, tmp_path)
        for crowd in crowds.values():
            crowd.close()


async def _create_among_deaths(
    testbed: Testbed, creators: Creators, crowds: dict[str, Crowd], dice: random.Random
) -> None:
    everybody = victims(testbed)
    doomed = everybody * 2 + everybody[:1] * 3  # everybody twice, the controller five times
    moments = [(dice.randrange(_PORTS), victim) for victim in doomed]
    finished = asyncio.Event()
    plugging = asyncio.create_task(_plug(creators, crowds, finished))
    dying = asyncio.create_task(die_at(moments, lambda: len(creators.acknowledged), dice))
    await creators.run()
    finished.set()
    await asyncio.gather(plugging, dying)


async def _plug(creators: Creators, crowds: dict[str, Crowd], finished: asyncio.Event) -> None:
    """Plug workloads in for what was acknowledged, in the middle of it all."""
    plugged = 0
    while plugged < len(creators.acknowledged) or not finished.is_set():
        new = creators.acknowledged[plugged:]
        plugged += len(new)
        for host_id, crowd in crowds.items():
            await asyncio.to_thread(crowd.plug, [port["id"] for port in new if port["binding:host_id"] == host_id])
        await asyncio.sleep(0.05)


async def _wait_for_all_active(cloud: Cloud, acknowledged: Sequence[Port]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while True:
            statuses = await cloud.statuses()
            if all(statuses[port["id"]] == "ACTIVE" for port in acknowledged):
                return
            await asyncio.sleep(0.1)


async def _stored_as_acknowledged(cloud: Cloud, creators: Creators) -> list[Port]:
    stored = await cloud.list_all("port")
    by_id = {port["id"]: port for port in stored}
    for port in creators.acknowledged:
        for name in ("mac_address", "fixed_ips", "binding:host_id"):
            assert by_id[port["id"]][name] == port[name]
    assert len({port["id"] for port in creators.acknowledged}) == len(creators.acknowledged)
    assert len(stored) <= len(creators.acknowledged) + creators.unanswered
    assert len({port["mac_address"] for port in stored}) == len(stored)
    assert len({_address(port) for port in stored}) == len(stored)
    return stored


async def _every_port_works(ports: Sequence[Port], crowds: dict[str, Crowd], dice: random.Random) -> None:
    """Each workload is offered its address, learns the MAC of a peer, and is heard by it."""
    peers = list(ports)
    dice.shuffle(peers)
    pairs = {peer["id"]: (peer, peers[index - 1]) for index, peer in enumerate(peers)}

    def offered(port: Port, frame: bytes) -> str | None:
        return port["id"] if frames.dhcp_offer(frame) == _address(port) else None

    def learned(port: Port, frame: bytes) -> str | None:
        _, peer = pairs[port["id"]]
        return port["id"] if frames.arp_reply(frame) == (_address(peer), _mac(peer)) else None

    senders = {_address(port): port["id"] for port in ports}

    def heard(port: Port, frame: bytes) -> str | None:
        sender = senders.get(frames.datagram_sender(frame) or b"")
        return sender if sender is not None and pairs[sender][1]["id"] == port["id"] else None

    probes: tuple[tuple[Callable[[Port, Port], bytes], Callable[[Port, bytes], str | None]], ...] = (
        (lambda port, _: frames.dhcp_discover(_mac(port)), offered),
        (lambda port, peer: frames.arp_request(_mac(port), _address(port), _address(peer)), learned),
        (lambda port, peer: frames.datagram(_mac(port), _address(port), _mac(peer), _address(peer)), heard),
    )
    for probe, proves in probes:
        await _probe(pairs, crowds, probe, proves)


async def _probe(
    pairs: dict[str, tuple[Port, Port]],
    crowds: dict[str, Crowd],
    probe: Callable[[Port, Port], bytes],
    proves: Callable[[Port, bytes], str | None],
) -> None:
    """Send until every port has proved that it works: sockets may overflow when a thousand speak at once."""
    missing = set(pairs)
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while missing:
        assert asyncio.get_running_loop().time() < deadline, f"{len(missing)} ports do not work: {sorted(missing)[:3]}"
        for host_id, crowd in crowds.items():
            chunk = [each for each in missing if pairs[each][0]["binding:host_id"] == host_id][:100]
            crowd.send({each: probe(*pairs[each]) for each in chunk})
        for _ in range(20):
            await asyncio.sleep(0.01)
            for crowd in crowds.values():
                proved = {proves(pairs[port_id][0], frame) for port_id, frame in crowd.received()}
                missing -= proved  # type: ignore[arg-type]


async def _nothing_leaked(testbed: Testbed, subnet_id: str, ports: int, directory: Path) -> None:
    """What is free and what ports have is everything."""
    await asyncio.to_thread(testbed.controller.program.stop)
    for file in testbed.sandbox.outside("/run/controller").glob("alcor.db*"):
        shutil.copyfile(file, directory / file.name)
    store = await open_store(f"sqlite:///{directory / 'alcor.db'}")
    addresses = await store.read(lambda connection: number_pools.available(connection, subnet_id))
    macs = await store.read(lambda connection: number_pools.available(connection, "mac"))
    await store.close()
    assert addresses + ports == _ADDRESSES
    assert macs + ports == _MACS
    await asyncio.to_thread(testbed.controller.start)


async def _gone_when_deleted(testbed: Testbed, cloud: Cloud, stored: Sequence[Port]) -> None:
    """Deleted ports leave no rule behind: only those that a host has without any port remain."""
    for start in range(0, len(stored), 50):
        await asyncio.gather(*(cloud.delete("port", port["id"]) for port in stored[start : start + 50]))
    for host in testbed.hosts:
        await asyncio.to_thread(wait_until, lambda host=host: _is_bare(host), f"{host.name} to forget all", _PATIENCE)


def _is_bare(host: Host) -> bool:
    return host.status().get("ports") == 0 and "metadata=" not in host.switch.ofctl("dump-flows", "--no-names")


def _address(port: Port) -> bytes:
    return ip_bytes(port["fixed_ips"][0]["ip_address"])


def _mac(port: Port) -> bytes:
    return mac_number(port["mac_address"]).to_bytes(6)
