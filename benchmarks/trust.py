"""What certificates cost a controller: when its hosts come back all at once, and in goal states it sends them.

python -m benchmarks.trust [--connections N] [--hosts N] [--goal-states N] [--certificates N] [--sealed N]

Another process is the hosts: so many at once open a connection, say hello, are welcomed, and go. Then all stay, and are
sent goal states of a new port each: the next once all have acknowledged the one before. Numbers are of the controller's
process: CPU time and the clock, first in the clear, then with certificates on both sides. At last messages of a topic,
each of a port that moved, are sealed and opened.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import resource
import tempfile
import time
from functools import partial
from multiprocessing.connection import Connection as Pipe

from prometheus_client import CollectorRegistry

from alcor.channels.fast_path.client import FastPathClient
from alcor.channels.fast_path.opening import open_plain, opens_trusted, server_credentials
from alcor.channels.fast_path.server import FastPathServer, FastPathSettings
from alcor.channels.interface import HostConnection
from alcor.channels.messages import Acknowledgement, Hello, Welcome
from alcor.channels.topic_keys import USUAL_EPOCH_SECONDS, TopicKeySchedule
from alcor.channels.topic_sealing import TopicOpener, TopicSealer
from alcor.channels.topics import TopicChange, encode_change
from alcor.channels.trust import certificates
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.guard import CertificateGuard, Guard, Unguarded
from alcor.channels.trust.identity import Identity, Kind
from alcor.channels.trust.refusals import Refusals
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, Port, VpcNeighbours
from alcor.model.records import NodeRecord
from alcor.model.subjects import vpc_topic
from benchmarks.setting import setting

LOG_ID = b"benchmark".ljust(16, b"\0")
_HOUR = 3600.0
_PASSES, _STAYS = b"p" * 16, b"s" * 16  # boot ids of hosts that go at once, and of others
_PATIENCE_SECONDS = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=2000, help="that hosts open (default 2,000)")
    parser.add_argument("--hosts", type=int, default=50, help="at the same time (default 50)")
    parser.add_argument("--goal-states", type=int, default=400, help="that each of them is sent (default 400)")
    parser.add_argument("--certificates", type=int, default=2000, help="that are issued (default 2,000)")
    parser.add_argument("--sealed", type=int, default=100_000, help="messages that are sealed (default 100,000)")
    arguments = parser.parse_args()
    print(setting())
    authority = _Authority()
    for trusted in (None, authority):
        asyncio.run(_measure(arguments.connections, arguments.hosts, arguments.goal_states, trusted))
    _issue(authority, arguments.certificates)
    _seal(arguments.sealed)


class _Authority:
    """It knows everybody."""

    def __init__(self) -> None:
        self.certificate, key = certificates.new_authority("benchmark", time.time(), _HOUR, b"")
        self.signer = certificates.load_authority(self.certificate, key, b"")

    def credentials(self, identity: Identity) -> Credentials:
        """Those of somebody."""
        key = certificates.new_key()
        chain = self.signer.certify(certificates.public_key(key), identity, time.time(), _HOUR)
        return Credentials(key, chain, self.certificate)

    def of_host(self, node: NodeRecord) -> Credentials:
        """Those of a node."""
        return self.credentials(Identity(Kind.HOST, node.host_id, node.host_index))


class _Listener:
    """Takes note of the hosts that stay, and counts what they acknowledge."""

    def __init__(self) -> None:
        self.staying: list[HostConnection] = []
        self.acknowledgements = 0
        self._changed = asyncio.Event()

    def host_connected(self, connection: HostConnection) -> None:
        if connection.hello.boot_id == _STAYS:
            self.staying.append(connection)
            self._changed.set()

    def host_disconnected(self, _connection: HostConnection) -> None:
        """It is not missed."""

    def acknowledged(self, _connection: HostConnection, _acknowledgement: Acknowledgement, _seconds: float) -> None:
        self.acknowledgements += 1
        self._changed.set()

    async def until_staying(self, count: int) -> None:
        """Return when so many stay."""
        while len(self.staying) < count:
            await self._changed.wait()
            self._changed.clear()

    async def until_acknowledged(self, count: int) -> None:
        """Return when so much was acknowledged in all."""
        while self.acknowledgements < count:
            await self._changed.wait()
            self._changed.clear()


async def _measure(connections: int, hosts: int, goal_states: int, authority: _Authority | None) -> None:
    names = [f"host-{number}" for number in range(hosts)]
    nodes = {name: NodeRecord(name, number, number) for number, name in enumerate(names)}
    guard: Guard = Unguarded()
    credentials, shown = None, [None] * hosts if authority is None else list(map(authority.of_host, nodes.values()))
    if authority is not None:
        own = authority.credentials(Identity(Kind.CONTROLLER, "c"))
        guard = CertificateGuard(lambda: nodes, Refusals(CollectorRegistry()))
        credentials = partial(server_credentials, lambda: own, lambda: None)
    listener, what = _Listener(), "in the clear" if authority is None else "with certificates"
    with tempfile.TemporaryDirectory(prefix="alcor-") as directory:
        address = f"unix:{directory}/c"
        settings = FastPathSettings(hosts_per_second=connections + hosts)
        server = FastPathServer(address, Welcome(LOG_ID, "c"), listener, settings, guard, credentials)  # type: ignore[arg-type]
        await server.start()
        ours, theirs = multiprocessing.Pipe()
        arguments = (theirs, address, connections, list(zip(names, shown, strict=True)))
        process = multiprocessing.get_context("spawn").Process(target=_hosts, args=arguments, daemon=True)
        process.start()
        await asyncio.to_thread(ours.recv)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            began, cpu = time.perf_counter(), _cpu()
            ours.send("connect")
            await asyncio.to_thread(ours.recv)
            _print(f"connections, {what}", connections, began, cpu)
            await listener.until_staying(hosts)
            began, cpu = time.perf_counter(), _cpu()
            for revision in range(1, goal_states + 1):
                for host in listener.staying:
                    host.deliver(_goal_state(revision))
                await listener.until_acknowledged(revision * hosts)
            _print(f"goal states of one port, {what}", goal_states * hosts, began, cpu)
        process.terminate()
        process.join()
        await server.stop(0)


def _goal_state(revision: int) -> GoalStateDelta:
    port_id = revision.to_bytes(16, "big")
    port = Port(port_id, 1, revision, ((port_id, "10.0.0.5"),))
    return GoalStateDelta(revision=revision, ports={port_id: port})


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _print(what: str, count: int, began: float, cpu: float) -> None:
    seconds, used = time.perf_counter() - began, _cpu() - cpu
    print(f"{what:45} {count / seconds:8,.0f} /s   {used / count * 1e6:7,.0f} µs of the controller's CPU each")


def _issue(authority: _Authority, count: int) -> None:
    request = certificates.signing_request(certificates.new_key())
    began, cpu = time.perf_counter(), _cpu()
    for _ in range(count):
        public_key = certificates.requested_key(request)
        authority.signer.certify(public_key, Identity(Kind.HOST, "host", 1), time.time(), _HOUR)
    _print("certificates issued", count, began, cpu)


def _seal(count: int) -> None:
    topic, keys = vpc_topic(bytes(16)), TopicKeySchedule(lambda: bytes(32), USUAL_EPOCH_SECONDS)
    neighbours = VpcNeighbours({0xFA163E000001: 7}, {0x0A000005: 0xFA163E000001})
    change = GoalStateDelta(revision=2, base_revision=1, neighbours={7: NeighbourDelta(neighbours)})
    (message,) = encode_change(TopicChange(LOG_ID, change))
    sealer, opener = TopicSealer(topic, keys), TopicOpener(topic, keys.told(topic))
    began, cpu = time.perf_counter(), _cpu()
    sealed = [sealer.seal(message) for _ in range(count)]
    _print(f"sealed, {len(message)} octets that become {len(sealed[0])}", count, began, cpu)
    began, cpu = time.perf_counter(), _cpu()
    for each in sealed:
        opener.open(each)
    _print("opened (of a host's CPU)", count, began, cpu)


# The hosts.


def _hosts(pipe: Pipe, address: str, connections: int, hosts: list[tuple[str, Credentials | None]]) -> None:
    asyncio.run(_be_hosts(pipe, address, connections, hosts))


async def _be_hosts(pipe: Pipe, address: str, connections: int, hosts: list[tuple[str, Credentials | None]]) -> None:
    pipe.send("ready")
    await asyncio.to_thread(pipe.recv)
    left = iter(range(connections))

    async def come_and_go(name: str, shown: Credentials | None) -> None:
        for _ in left:
            async with contextlib.aclosing(_client(address, name, shown, _PASSES).connections()) as them:  # type: ignore[type-var]
                await anext(them)

    async def stay(name: str, shown: Credentials | None) -> None:
        async for connection in _client(address, name, shown, _STAYS).connections():
            async for delta in connection.goal_states():
                await connection.send(Acknowledgement(delta.revision))

    await asyncio.gather(*(come_and_go(name, shown) for name, shown in hosts))
    pipe.send("all came")
    await asyncio.gather(*(stay(name, shown) for name, shown in hosts))


def _client(address: str, name: str, shown: Credentials | None, boot_id: bytes) -> FastPathClient:
    open_channel = open_plain if shown is None else opens_trusted(lambda: shown)
    return FastPathClient([address], lambda: Hello(name, boot_id), open_channel=open_channel)


if __name__ == "__main__":
    main()
