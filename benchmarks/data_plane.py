"""What features of the data plane cost packets, over real Open vSwitch (as root).

python -m benchmarks.data_plane [--rounds 5] [--seconds 2]

Two hosts, each a network namespace with an Open vSwitch and an agent of its own, and pairs of workloads: on one host
within a subnet, without port security, with it and a stateful security group, and with a stateless one; routed to
another subnet, with network ACLs of both, to another VPC, and through two routers; over IPv6; and between the hosts.
For comparison, two interfaces of a bare Open vSwitch bridge of the first host that has two flows and nothing else.

All of these by turns, in rounds: a thousand pings, then one TCP connection and one stream of datagrams of 1,400
bytes, sent as fast as they can be (iperf3), of which those count that arrive. What is shown is the best round, which
other work on the machine disturbed least (of pings the least of the rounds' medians), and its ratio to the bare
bridge's; and the processor time of ovs-vswitchd, of both hosts together, for a gigabyte of TCP: the median of rounds.
"""

import argparse
import asyncio
import contextlib
import re
import subprocess
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any, NamedTuple

import msgspec
import psutil

from alcor.testbed.cloud import Cloud, Resource
from alcor.testbed.host import Host
from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import until
from alcor.testbed.workload import INTERFACE
from benchmarks.routing import Region
from benchmarks.setting import setting

_PINGS = 1000
_DATAGRAM = 1400
_PORT = 5201
_TIME = re.compile(r"time=([\d.]+) ms")
_BARE = ("10.99.0.1", "10.99.0.2")
_UNGUARDED = {"port_security_enabled": False, "security_groups": []}

Attributes = dict[str, Any]


class Path(msgspec.Struct):
    """A way between two workloads, and what was measured of it in each round."""

    name: str
    source: NetworkNamespace
    target: NetworkNamespace
    address: str
    milliseconds: list[float] = []
    tcp: list[float] = []  # Mbit/s
    udp: list[float] = []
    processor: list[float] = []  # seconds of ovs-vswitchd for a gigabyte of TCP


class Arrived(NamedTuple):
    """Of a stream."""

    gigabytes: float
    megabits: float  # a second


class Pairs:
    """Pairs of workloads in subnets of two VPCs, which routers join."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._subnets: dict[str, Resource] = {}
        self._groups: dict[str, Attributes] = {"": _UNGUARDED}
        self.paths: list[Path] = []

    async def make(self) -> None:
        """Create what they are in."""
        cloud = self._region.cloud
        first, second = [await cloud.create("network", name=name) for name in ("first", "second")]
        for name, network, cidr in (
            ("near", first, "10.1.0.0/24"),
            ("same", first, "10.1.1.0/24"),
            ("other", second, "10.2.0.0/24"),
            ("behind", second, "10.2.1.0/24"),
            ("judged", first, "10.1.2.0/24"),
            ("judged too", first, "10.1.3.0/24"),
            ("near, IPv6", first, "2001:db8:1::/64"),
            ("same, IPv6", first, "2001:db8:2::/64"),
        ):
            version = 6 if ":" in cidr else 4
            self._subnets[name] = await cloud.create("subnet", network_id=network["id"], ip_version=version, cidr=cidr)
        await self._make_routers(first["id"])
        await self._make_acl(first)
        for name in ("stateful", "stateless"):
            group = await cloud.create("security_group", name=name, stateful=name == "stateful")
            rule = {"security_group_id": group["id"], "direction": "ingress", "ethertype": "IPv4"}
            await cloud.create("security_group_rule", **rule)
            self._groups[name] = {"security_groups": [group["id"]]}

    async def _make_routers(self, network_id: str) -> None:
        """One is in all subnets but that behind, to which another leads."""
        cloud, subnets = self._region.cloud, self._subnets
        router, behind = [await cloud.create("router", name=name) for name in ("router", "behind")]
        for name in self._subnets.keys() - {"behind"}:
            await self._region.attach(router, subnets[name])
        address = [{"subnet_id": subnets["same"]["id"], "ip_address": "10.1.1.253"}]
        port = await cloud.create("port", network_id=network_id, fixed_ips=address)
        await cloud.act("router", behind["id"], "add_router_interface", port_id=port["id"])
        await self._region.attach(behind, subnets["behind"])
        for each, to, next_hop in ((router, "behind", "10.1.1.253"), (behind, "near", "10.1.1.1")):
            routes = [{"destination": subnets[to]["cidr"], "nexthop": next_hop}]
            await cloud.update("router", each["id"], {"routes": routes})

    async def _make_acl(self, network: Resource) -> None:
        """Two subnets have one, whose last rules let everything pass."""
        cloud, project_id = self._region.cloud, network["project_id"]
        judged = [self._subnets[name]["id"] for name in ("judged", "judged too")]
        acl = await cloud.create_alcors("network_acl", project_id, vpc_id=network["id"], associated_subnets=judged)
        for direction in ("ingress", "egress"):
            usual = {"network_acl_id": acl["id"], "direction": direction, "protocol": "tcp"}
            for number in range(1, 10):
                denied = {"action": "deny", "port_range_min": number, "port_range_max": number}
                await cloud.create_alcors("network_acl_rule", project_id, **usual | denied, number=number)
            rest = {"action": "allow", "number": 100, "protocol": None}
            await cloud.create_alcors("network_acl_rule", project_id, **usual | rest)

    async def add(
        self, name: str, subnet: str, guarded: str = "", host_number: int = 0, source_subnet: str = "near"
    ) -> None:
        """A workload of the first host, in the first subnet unless it says otherwise, and its peer."""
        attributes, number = self._groups[guarded], len(self.paths)
        source, _ = await self._region.add(f"a{number}", self._subnets[source_subnet], 0, **attributes)
        target, address = await self._region.add(f"b{number}", self._subnets[subnet], host_number, **attributes)
        self.paths.append(Path(name, source.namespace, target.namespace, address))

    async def add_ipv6(self, name: str, subnet: str) -> None:
        """The same of the first host, over IPv6."""
        await self.add(name, subnet)
        path = self.paths[-1]
        for end, its_subnet in ((path.source, "near"), (path.target, subnet)):
            path.address = await self._give_ipv6(end, its_subnet)

    async def _give_ipv6(self, end: NetworkNamespace, subnet: str) -> str:
        cloud, chosen = self._region.cloud, self._subnets[f"{subnet}, IPv6"]
        mac = end.run("cat", f"/sys/class/net/{INTERFACE}/address").strip()
        port = next(each for each in await cloud.list_all("port") if each["mac_address"] == mac)
        both = [*port["fixed_ips"], {"subnet_id": chosen["id"]}]
        port = await cloud.update("port", port["id"], {"fixed_ips": both})
        address: str = next(each["ip_address"] for each in port["fixed_ips"] if each["subnet_id"] == chosen["id"])
        end.ip("-6", "address", "add", f"{address}/64", "dev", INTERFACE, "nodad")
        end.ip("-6", "route", "add", "default", "via", chosen["gateway_ip"], "dev", INTERFACE)
        return address


async def paths_between_workloads(region: Region) -> list[Path]:
    """Pairs of workloads, which reach each other."""
    pairs = Pairs(region)
    await pairs.make()
    await pairs.add("within a subnet", "near")
    await pairs.add("within a subnet, stateful group", "near", "stateful")
    await pairs.add("within a subnet, stateless group", "near", "stateless")
    await pairs.add("to another subnet", "same")
    await pairs.add("to another subnet, network ACLs", "judged too", source_subnet="judged")
    await pairs.add("to another VPC", "other")
    await pairs.add("to another VPC, stateful group", "other", "stateful")
    await pairs.add("through two routers", "behind")
    await pairs.add_ipv6("within a subnet, IPv6", "near")
    await pairs.add_ipv6("to another subnet, IPv6", "same")
    await pairs.add("between hosts, within a subnet", "near", host_number=1)
    await pairs.add("between hosts, to another VPC", "other", host_number=1)
    await pairs.add("between hosts, to another VPC, stateful", "other", "stateful", host_number=1)
    region.testbed.wait_steady()
    for path in pairs.paths:
        await until(lambda path=path: _answers(path), f"the way {path.name}")  # type: ignore[misc]
    return pairs.paths


def _answers(path: Path) -> bool:
    return bool(_TIME.search(path.source.run("ping", "-n", "-c", "1", "-W", "1", path.address, check=False)))


def bare_path(testbed: Testbed) -> Path:
    """Two namespaces on a bridge of the first host that has two flows."""
    host = testbed.hosts[0]
    datapath = host.switch.vsctl("get", "bridge", "br-int", "datapath_type").strip('"')
    host.switch.vsctl("add-br", "br-bare", "--", "set", "bridge", "br-bare", f"datapath_type={datapath}")
    host.switch.ofctl("del-flows", bridge="br-bare")
    ends = [testbed.add_workload(name, host) for name in ("left", "right")]
    for number, (end, address) in enumerate(zip(ends, _BARE, strict=True), 1):
        tap = f"tap-{end.name}"
        host.switch.vsctl("add-port", "br-bare", tap, "--", "set", "interface", tap, f"ofport_request={number}")
        end.namespace.ip("address", "add", f"{address}/24", "dev", INTERFACE)
        end.namespace.ip("link", "set", INTERFACE, "up")
        host.switch.ofctl("add-flow", f"in_port={number},actions=output:{3 - number}", bridge="br-bare")
    return Path("a bare bridge with two flows", ends[0].namespace, ends[1].namespace, _BARE[1])


def ping(path: Path) -> float:
    """The median of some pings (ms), each sent when the one before was answered: nobody sleeps for long."""
    told = path.source.run("ping", "-n", "-A", "-c", str(_PINGS), path.address)
    return median(map(float, _TIME.findall(told)))


def stream(path: Path, seconds: int, *options: str) -> Arrived:
    """What arrives of what is sent as fast as it can be."""
    with _receiver(path.target):
        command = ("iperf3", "--client", path.address, "--time", str(seconds), "--json", *options)
        told = msgspec.json.decode(path.source.run(*command))["end"]["sum_received"]
    return Arrived(told["bytes"] / 1e9, told["bits_per_second"] / 1e6)


@contextlib.contextmanager
def _receiver(namespace: NetworkNamespace) -> Iterator[None]:
    """Takes one stream."""
    command = ("iperf3", "--server", "--one-off", "--forceflush")
    process = namespace.popen(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    try:
        while b"listening" not in (process.stdout.readline() or b"listening"):
            pass
        yield
    finally:
        process.kill()
        process.wait()


def measure(hosts: Sequence[Host], paths: list[Path], rounds: int, seconds: int) -> None:
    """Measure all ways by turns."""
    for number in range(rounds):
        for path in paths[number % len(paths) :] + paths[: number % len(paths)]:
            path.milliseconds.append(ping(path))
            before = _processor_seconds(hosts)
            arrived = stream(path, seconds)
            path.processor.append((_processor_seconds(hosts) - before) / arrived.gigabytes)
            path.tcp.append(arrived.megabits)
            datagrams = stream(path, seconds, "--udp", "--bitrate", "0", "--length", str(_DATAGRAM))
            path.udp.append(datagrams.megabits)


def _processor_seconds(hosts: Sequence[Host]) -> float:
    """That ovs-vswitchd took so far."""
    times = [psutil.Process(host.switch.switch.process_id).cpu_times() for host in hosts]
    return sum(each.user + each.system for each in times)


def show(paths: list[Path]) -> None:
    """Print what was measured; the first is what all are compared with."""
    print(
        f"{'':<41}{'ping':>9}{'ratio':>7}{'TCP':>12}{'ratio':>7}{'UDP':>12}{'ratio':>7}{'ovs-vswitchd':>15}{'ratio':>7}"
    )
    bare = _figures(paths[0])
    for path in paths:
        figures = _figures(path)
        ratios = [mine / its for mine, its in zip(figures, bare, strict=True)]
        forms = ("{:>6.3f} ms", "{:>5.0f} Mbit/s", "{:>5.0f} Mbit/s", "{:>10.1f} s/GB")
        shown = (
            form.format(figure) + f"{ratio:>7.2f}" for form, figure, ratio in zip(forms, figures, ratios, strict=True)
        )
        print(f"{path.name:<41}" + "".join(shown), flush=True)


def _figures(path: Path) -> tuple[float, float, float, float]:
    return min(path.milliseconds), max(path.tcp), max(path.udp), median(path.processor)


async def prepare(testbed: Testbed) -> list[Path]:
    """All ways, the bare one first."""
    testbed.controller.start()
    hosts = testbed.make_hosts(2)
    async with Cloud(testbed.controller) as cloud:
        await cloud.register(hosts)
        testbed.start_hosts()
        paths = await paths_between_workloads(Region(testbed, cloud))
    return [bare_path(testbed), *paths]


def main() -> None:
    """Measure on a testbed of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="of all ways")
    parser.add_argument("--seconds", type=int, default=2, help="that each stream lasts, at least one")
    arguments = parser.parse_args()
    print(setting())
    with Testbed() as testbed:
        paths = asyncio.run(prepare(testbed))
        measure(testbed.hosts, paths, arguments.rounds, arguments.seconds)
        show(paths)


if __name__ == "__main__":
    main()
