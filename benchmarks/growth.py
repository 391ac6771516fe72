"""Which requests cost more where there is more of what they may look at, on SQLite and on a private PostgreSQL.

python -m benchmarks.growth [--database sqlite|postgresql] [--sizes 1000 10000 100000] [--only ports subnets …]
                            [--rounds N]

The API on a store, in this process, asked by one caller after the other. A scenario fills up with one kind of thing
(ports of a shared network, subnets of a network, rules of a group, floating IPs of a router) to each size in turn, and
asks at each size for everything that might depend on how many there are. Shown is the fastest of some rounds, in
milliseconds, for what else the machine does only adds; and how many times the cost at the first size the cost at the
last one is: near 1 for what does not grow.
"""

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

import httpx

from alcor.model.choices import Choices
from alcor.model.context import OPERATOR, Context
from alcor.model.identifiers import new_id
from alcor.store.store import open_store
from benchmarks.setting import setting
from tests.any_caller import SignIn, asking_as_any
from tests.databases import DATABASES, run_postgresql

_A_CALL = 1_000  # of a bulk create
_GUESTS = 10  # one of so many ports is of a guest's project
_TAGGED = 100  # one of so many ports has the tag
_LIMIT = {"port": 10**8, "subnet": 10**8, "security_group_rule": 10**8, "floatingip": 10**8}

Json = dict[str, Any]
_OWNER, _GUEST = "owner", "guest"
CALLERS = {"admin": OPERATOR, **{name: Context(project_id=name, is_admin=False) for name in (_OWNER, _GUEST)}}


class Cloud:
    """The API, whoever asks, and what its requests took."""

    def __init__(self, client: httpx.AsyncClient, sign_in: SignIn) -> None:
        self._client = client
        self._sign_in = sign_in
        self.took: dict[str, dict[int, list[float]]] = {}
        self.size = 0

    async def ask(self, method: str, path: str, body: Json | None = None, allowed: int = 299) -> Any:
        """The answer, which must not have a worse status than ``allowed``."""
        response = await self._client.request(method, f"/v2.0/{path}", json=body)
        if response.status_code > allowed:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text}")
        return response.json() if response.content else None

    async def create(self, resource: str, **attributes: Any) -> Json:
        """A new resource."""
        created: Json = (await self.ask("POST", _path(resource), {resource: attributes}))[resource]
        return created

    async def fill(self, resource: str, items: Sequence[Json]) -> list[Json]:
        """Many new resources."""
        made: list[Json] = []
        name = _path(resource).replace("-", "_")
        for start in range(0, len(items), _A_CALL):
            made += (await self.ask("POST", _path(resource), {name: items[start : start + _A_CALL]}))[name]
        return made

    async def timed(
        self, name: str, method: str, path: str, body: Json | None = None, *, caller: str = "admin", allowed: int = 299
    ) -> Any:
        """Ask, and remember what it took."""
        self._sign_in(CALLERS[caller])
        started = time.perf_counter()
        answer = await self.ask(method, path, body, allowed)
        self.took.setdefault(name, {}).setdefault(self.size, []).append(time.perf_counter() - started)
        self._sign_in(OPERATOR)
        return answer

    async def timed_life(self, resource: str, change: Json, name: str = "", **attributes: Any) -> None:
        """Create, change and delete a resource, which the table calls by ``name``."""
        path, name = _path(resource), name or resource
        made = (await self.timed(f"create a {name}", "POST", path, {resource: attributes}))[resource]
        if change:
            await self.timed(f"update a {name}", "PUT", f"{path}/{made['id']}", {resource: change})
        await self.timed(f"delete a {name}", "DELETE", f"{path}/{made['id']}")


def _path(resource: str) -> str:
    return {"rbac_policy": "rbac-policies"}.get(resource, f"{resource}s".replace("_", "-"))


async def _network(cloud: Cloud, cidr: str, **attributes: Any) -> tuple[str, str]:
    network = (await cloud.create("network", project_id=_OWNER, **attributes))["id"]
    subnet = await cloud.create("subnet", project_id=_OWNER, network_id=network, cidr=cidr, ip_version=4)
    return network, subnet["id"]


Fill = Callable[[int], Awaitable[None]]
"""Have so many more."""

Ask = Callable[[int], Awaitable[None]]
"""Ask for everything once, in a round."""


async def ports(cloud: Cloud) -> tuple[Fill, Ask]:
    """Ports of a shared network: of its owner, and some of a guest."""
    network, subnet = await _network(cloud, "10.0.0.0/8", shared=True)
    external, _ = await _network(cloud, "172.16.0.0/12", **{"router:external": True})
    router = (await cloud.create("router", project_id=_OWNER, external_gateway_info={"network_id": external}))["id"]
    await cloud.ask("PUT", f"routers/{router}/add_router_interface", {"subnet_id": subnet})
    other_router = (await cloud.create("router", project_id=_OWNER))["id"]
    groups = {name: (await cloud.create("security_group", project_id=name, name="g"))["id"] for name in CALLERS}
    known: dict[str, Json] = {}
    addresses = iter(range(1, 255))

    def item(number: int) -> Json:
        owner = _GUEST if number % _GUESTS == 0 else _OWNER
        return {
            "network_id": network,
            "project_id": owner,
            "device_id": new_id(),
            "device_owner": "compute:nova",
            "security_groups": [groups[owner]],
            "tags": ["blue"] if number % _TAGGED == 0 else [],
        }

    async def fill(more: int) -> None:
        made = await cloud.fill("port", [item(number) for number in range(more)])
        for owner in (_OWNER, _GUEST):
            known[owner] = next(port for port in reversed(made) if port["project_id"] == owner)

    async def ask(number: int) -> None:
        await cloud.timed_life("port", {"name": "changed"}, **item(number))
        port = known[_OWNER]
        fixed_ips = [{"subnet_id": subnet, "ip_address": f"10.255.255.{next(addresses)}"}]
        path = f"ports/{port['id']}"
        await cloud.timed("update a port's fixed_ips", "PUT", path, {"port": {"fixed_ips": fixed_ips}})
        for its in ([], [groups[_OWNER]]):
            await cloud.timed("update a port's security groups", "PUT", path, {"port": {"security_groups": its}})
        port["fixed_ips"] = fixed_ips
        await _ask_for_lists(cloud, network, subnet, groups, known)
        await cloud.timed_life("subnet", {"name": "s"}, network_id=network, cidr="192.0.2.0/24", ip_version=4)
        await cloud.timed("update the network", "PUT", f"networks/{network}", {"network": {"name": str(number)}})
        await cloud.timed("delete the network, in use", "DELETE", f"networks/{network}", allowed=409)
        await cloud.timed("delete the subnet, in use", "DELETE", f"subnets/{subnet}", allowed=409)
        unshared = {"network": {"shared": False}}
        await cloud.timed("stop sharing the network, in use", "PUT", f"networks/{network}", unshared, allowed=409)
        shared = {"network": network, "security_group": groups[_OWNER]}
        for kind, object_id in shared.items():
            entry = {"object_type": kind, "object_id": object_id, "action": "access_as_shared", "target_tenant": "p"}
            await cloud.timed_life("rbac_policy", {}, f"rbac_policy of a {kind}", **entry)
        group = groups[_OWNER]
        await cloud.timed("delete a group, in use", "DELETE", f"security-groups/{group}", allowed=409)
        await cloud.timed("update a group", "PUT", f"security-groups/{group}", {"security_group": {"name": "g"}})
        target = {"floating_network_id": external, "port_id": port["id"], "project_id": _OWNER}
        await cloud.timed_life("floatingip", {"description": "d"}, **target)
        second = await cloud.create("port", network_id=network, project_id=_OWNER)
        for action in ("add", "remove"):
            what = f"{action} a router's interface"
            where = f"routers/{other_router}/{action}_router_interface"
            await cloud.timed(what, "PUT", where, {"port_id": second["id"]})
        parent = await cloud.create("port", network_id=network, project_id=_OWNER)
        await cloud.timed_life("trunk", {"name": "t"}, port_id=parent["id"], project_id=_OWNER)
        await cloud.ask("DELETE", f"ports/{parent['id']}")
        await cloud.timed("quota details", "GET", f"quotas/{_OWNER}/details.json")
        await cloud.timed("show a port", "GET", path, caller=_OWNER)

    return fill, ask


async def _ask_for_lists(cloud: Cloud, network: str, subnet: str, groups: Json, known: dict[str, Json]) -> None:
    for caller in CALLERS:
        port = known[_GUEST if caller == _GUEST else _OWNER]
        address, group = port["fixed_ips"][0]["ip_address"], groups[port["project_id"]]
        filters = {
            "": "",
            "network_id": f"&network_id={network}",
            "device_id": f"&device_id={port['device_id']}",
            "device_owner": "&device_owner=compute:nova",
            "device_owner, seldom": "&device_owner=network:router_interface",
            "ip_address": f"&fixed_ips=ip_address%3D{address}",
            "subnet_id": f"&fixed_ips=subnet_id%3D{subnet}",
            "mac_address": f"&mac_address={port['mac_address']}",
            "status": "&status=DOWN",
            "status, none": "&status=ERROR",
            "tags": "&tags=blue",
            "security_groups": f"&security_groups={group}",
            "name, none": "&name=nobody",
        }
        for name, query in filters.items():
            await cloud.timed(f"list ports, {name or 'all'}; {caller}", "GET", f"ports?limit=50{query}", caller=caller)
        page = f"ports?limit=1000&marker={port['id']}&page_reverse=true"
        await cloud.timed(f"list ports, a page of 1,000; {caller}", "GET", page, caller=caller)


async def subnets(cloud: Cloud) -> tuple[Fill, Ask]:
    """Subnets of a network."""
    network = (await cloud.create("network", project_id=_OWNER))["id"]
    numbers = iter(range(1, 1 << 16))

    def item() -> Json:
        high, low = divmod(next(numbers), 256)
        return {"network_id": network, "cidr": f"10.{high}.{low}.0/24", "ip_version": 4, "project_id": _OWNER}

    known: dict[str, Json] = {}

    async def fill(more: int) -> None:
        newest = (await cloud.fill("subnet", [item() for _ in range(more)]))[-1]
        known["a subnet"] = {"subnet_id": newest["id"]}
        known["an address"] = {"ip_address": newest["cidr"].replace(".0/24", ".9")}

    async def ask(_number: int) -> None:
        await cloud.timed_life("subnet", {"name": "s"}, **item())
        of_owner = {"network_id": network, "project_id": _OWNER}
        await cloud.timed_life("port", {"name": "p"}, **of_owner)
        for name, fixed_ip in known.items():
            await cloud.timed_life("port", {}, f"port with {name}", fixed_ips=[fixed_ip], **of_owner)
        await cloud.timed("list subnets of the network", "GET", f"subnets?limit=50&network_id={network}", caller=_OWNER)

    return fill, ask


async def rules(cloud: Cloud) -> tuple[Fill, Ask]:
    """Rules of a security group."""
    group = (await cloud.create("security_group", project_id=_OWNER, name="g"))["id"]
    numbers = iter(range(1, 1 << 16))

    def item() -> Json:
        high, low = divmod(next(numbers), 256)
        prefix = f"10.{high}.{low}.0/24"
        return {"security_group_id": group, "direction": "ingress", "remote_ip_prefix": prefix, "project_id": _OWNER}

    async def fill(more: int) -> None:
        for _ in range(more):  # each rule of a request is compared with all that there are
            await cloud.create("security_group_rule", **item())

    async def ask(_number: int) -> None:
        await cloud.timed_life("security_group_rule", {}, **item())

    return fill, ask


async def floating_ips(cloud: Cloud) -> tuple[Fill, Ask]:
    """Floating IPs of an external network, that lead through one router."""
    external, _ = await _network(cloud, "172.16.0.0/12", **{"router:external": True})
    network, subnet = await _network(cloud, "10.0.0.0/8")
    gateway = {"network_id": external}
    router = (await cloud.create("router", project_id=_OWNER, external_gateway_info=gateway))["id"]
    await cloud.ask("PUT", f"routers/{router}/add_router_interface", {"subnet_id": subnet})

    def item(port: Json) -> Json:
        return {"floating_network_id": external, "port_id": port["id"], "project_id": _OWNER}

    async def fill(more: int) -> None:
        made = await cloud.fill("port", [{"network_id": network, "project_id": _OWNER}] * more)
        await cloud.fill("floatingip", [item(port) for port in made])

    async def ask(_number: int) -> None:
        port = await cloud.create("port", network_id=network, project_id=_OWNER)
        await cloud.timed_life("floatingip", {"description": "d"}, **item(port))
        await cloud.timed_life("router", {"name": "r"}, external_gateway_info=gateway, project_id="p")
        other = {"network_id": network, "cidr": "192.0.2.0/24", "ip_version": 4, "project_id": _OWNER}
        beside = await cloud.create("subnet", **other)
        for action in ("add", "remove"):
            where = f"routers/{router}/{action}_router_interface"
            await cloud.timed(f"{action} an interface of the router", "PUT", where, {"subnet_id": beside["id"]})
        await cloud.ask("DELETE", f"subnets/{beside['id']}")
        await cloud.timed("update the external network", "PUT", f"networks/{external}", {"network": {"name": "e"}})
        entry = {"object_type": "network", "object_id": external, "action": "access_as_external", "target_tenant": "p"}
        await cloud.timed_life("rbac_policy", {}, **entry)
        await cloud.timed("list floatingips", "GET", "floatingips?limit=50", caller=_OWNER)

    return fill, ask


SCENARIOS = {
    "ports": (ports, 10**9),
    "subnets": (subnets, 10_000),
    "rules": (rules, 2_000),
    "floating_ips": (floating_ips, 2_000),
}
"""What there is more and more of, and how much at most."""


async def _measure(cloud: Cloud, name: str, sizes: Sequence[int], rounds: int) -> None:
    scenario, most = SCENARIOS[name]
    fill, ask = await scenario(cloud)
    cloud.took, stored = {}, 0
    wanted = sorted({min(size, most) for size in sizes} | ({most // 10} if min(sizes) > most // 10 else set()))
    for size in wanted:
        await fill(size - stored)
        stored = cloud.size = size
        for number in range(rounds):
            await ask(number)
    print(f"  {name:<56}" + "".join(f"{size:>12,}" for size in wanted) + "   ratio")
    for what, took in cloud.took.items():
        found = [min(took[size]) * 1000 for size in wanted]
        print(f"  {what:<56}" + "".join(f"{each:>9.2f} ms" for each in found) + f"{found[-1] / found[0]:>8.1f}")


@contextlib.asynccontextmanager
async def _cloud(url: str) -> AsyncIterator[Cloud]:
    store = await open_store(url, Choices(default_limits=_LIMIT))
    async with asking_as_any(store) as (client, sign_in):
        yield Cloud(client, sign_in)
    await store.close()


@contextlib.contextmanager
def _database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="alcor-benchmark-") as directory:
            yield f"sqlite:///{directory}/alcor.db"
    else:
        with run_postgresql() as server:
            yield server.url(server.create_database())


async def _run(url: str, name: str, sizes: Sequence[int], rounds: int) -> None:
    async with _cloud(url) as cloud:
        await _measure(cloud, name, sizes, rounds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=DATABASES, help="only this one (default both)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="the smallest first")
    parser.add_argument("--only", choices=SCENARIOS, nargs="+", default=list(SCENARIOS), help="scenarios (default all)")
    parser.add_argument("--rounds", type=int, default=5, help="at each size (default %(default)s)")
    arguments = parser.parse_args()
    print(setting())
    for kind in [arguments.database] if arguments.database else DATABASES:
        print(kind)
        for name in arguments.only:
            with _database(kind) as url:
                asyncio.run(_run(url, name, arguments.sizes, arguments.rounds))


if __name__ == "__main__":
    main()
