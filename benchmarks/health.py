"""What it costs a controller that a fleet tells it how its hosts do, and to choose whom they probe.

python -m benchmarks.health [--hosts N]
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial

import psutil
from prometheus_client import CollectorRegistry

from alcor.channels.agent_codec import decode_agent_message, encode_agent_message
from alcor.channels.messages import DataPlaneState, Fault, Guidance, Hello, HostHealth
from alcor.channels.told import encode_guidance
from alcor.dpm.host_health import HostsHealth
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.probe_rings import ProbeRings
from alcor.dpm.probe_targets import ProbeTargeting
from alcor.dpm.read_model import ReadModel
from alcor.model.records import NodeRecord
from alcor.services.hosts import node_health
from alcor.services.hosts.node_health import Told
from alcor.store.store import Store, open_store
from benchmarks.setting import setting

_TARGETS = 4
_FIRST_VTEP = 0xC6120000
_PAGE = 1000
_WRITTEN_AT_ONCE = 1000


class _Connection:
    """A host that is told whom to probe."""

    def __init__(self, host_id: str) -> None:
        self.hello = Hello(host_id, b"b" * 16, takes_probe_targets=True, takes_relays=True)
        self.sent = 0

    def tell(self, guidance: Guidance) -> None:
        self.sent += len(encode_guidance(guidance))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=100_000)
    arguments = parser.parse_args()
    print(setting())
    asyncio.run(_measure(arguments.hosts))


async def _measure(count: int) -> None:
    hosts = [f"host-{number}" for number in range(count)]
    _each("rings of all hosts made anew", count, lambda: ProbeRings(enumerate(hosts), 1))
    await _targets(hosts)
    with tempfile.TemporaryDirectory() as directory:
        store = await open_store(f"sqlite:///{directory}/alcor.db")
        try:
            await _reports(store, hosts)
        finally:
            await store.close()


async def _targets(hosts: list[str]) -> None:
    model = ReadModel(nodes={host: NodeRecord(host, index, _FIRST_VTEP + index) for index, host in enumerate(hosts)})
    connections = {host: _Connection(host) for host in hosts}
    targeting = ProbeTargeting(connections, lambda: model, 10.0, 1500, lambda: b"s" * 32, lambda: 0.0)  # type: ignore[arg-type]
    await targeting.look()
    began = time.process_time()
    for host in hosts:
        targeting.connected(host)
    _print("a host told whom to probe and who may lead it", len(hosts), time.process_time() - began)
    print(f"  octets of that a host: {sum(each.sent for each in connections.values()) / len(hosts):.0f}")


class _Writer:
    """Keeps what is to be written, for it to be measured apart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, Told] = {}

    def health(self, told: Mapping[str, Told]) -> None:
        self._waiting.update(told)

    async def write(self) -> None:
        waiting, self._waiting = list(self._waiting.items()), {}
        for start in range(0, len(waiting), _WRITTEN_AT_ONCE):
            part = dict(waiting[start : start + _WRITTEN_AT_ONCE])
            await self._store.write(partial(node_health.put, told=part))


async def _reports(store: Store, hosts: list[str]) -> None:
    writer = _Writer(store)
    health = HostsHealth(writer, DpmMetrics(CollectorRegistry()), lambda index: hosts[index])  # type: ignore[arg-type]

    def good(_index: int) -> HostHealth:
        return HostHealth(probed=_TARGETS)

    def bad(index: int) -> HostHealth:
        return HostHealth(probed=_TARGETS, unreached={index + 1: Fault.UNREACHABLE, index + 2: Fault.UNREACHABLE})

    def gone(_index: int) -> HostHealth:
        return HostHealth(DataPlaneState.GONE, "the connection to ovs-vswitchd is lost", _TARGETS)

    memory = psutil.Process().memory_info().rss
    _hear("first reports, all good", health, hosts, good)
    print(f"  octets kept of a host: {(psutil.Process().memory_info().rss - memory) / len(hosts):.0f}")
    await _write(writer, hosts)
    _hear("reports that change nothing", health, hosts, good)
    some = hosts[: len(hosts) // 10]
    for what, said in (
        ("two hosts are not reached", bad),
        ("a data plane is gone", gone),
        ("all is good again", good),
        ("two hosts are not reached", bad),
    ):
        _hear(f"reports that {what}", health, some, said)
        await _write(writer, some)
    page = some[:_PAGE]
    began = time.process_time()
    await store.read(lambda connection: node_health.healths(connection, page))
    _print("nodes of a list judged, with something wrong each", len(page), time.process_time() - began)


async def _write(writer: _Writer, hosts: list[str]) -> None:
    began = time.process_time()
    await writer.write()
    _print("  written", len(hosts), time.process_time() - began)


def _hear(what: str, health: HostsHealth, hosts: list[str], says: Callable[[int], HostHealth]) -> None:
    messages = [encode_agent_message(says(index)) for index in range(len(hosts))]
    began = time.process_time()
    for host, message in zip(hosts, messages, strict=True):
        heard = decode_agent_message(message)
        assert isinstance(heard, HostHealth)
        health.heard(host, heard)
    _print(what, len(hosts), time.process_time() - began)


def _each(what: str, count: int, work: Callable[[], object]) -> None:
    began = time.process_time()
    work()
    _print(what, count, time.process_time() - began)


def _print(what: str, count: int, seconds: float) -> None:
    print(f"{what:52} {count:8,} x {1e6 * seconds / count:8.2f} us of CPU")


if __name__ == "__main__":
    main()
