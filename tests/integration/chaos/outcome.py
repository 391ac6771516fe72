"""What must be so in the end: of what was acknowledged, of every host's goal state, and of its data plane."""

import asyncio
import time
from collections.abc import Collection, Mapping
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from alcor.dpm.digests import host_digest
from alcor.dpm.manager import DataPlaneManager
from alcor.dpm.metrics import DpmMetrics
from alcor.store.store import open_store
from tests.integration.chaos.clients import Clients
from tests.integration.chaos.host import Host
from tests.integration.chaos.site import Site
from tests.invariants import check

_LOOK_SECONDS = 0.5

Port = dict[str, Any]


async def troubles(site: Site, clients: Clients) -> list[str]:
    """What is not as it should be yet."""
    listed = [await _listed(controller.address) for controller in site.controllers.values()]
    if any(ports != listed[0] for ports in listed):
        return ["controllers list different ports"]
    ports = listed[0]
    found = _of_clients(clients, ports)
    found += await _of_goal_states(site)
    vteps = {host.name: host.address for host in site.hosts.values()}
    for host in site.hosts.values():
        found += await asyncio.to_thread(_of_data_plane, host, ports.values(), vteps)
    return found


async def wait_until_all_is_well(site: Site, clients: Clients, seconds: float) -> None:
    """Fails with what is not as it should be, and what those said last that have to do with it."""
    deadline = time.monotonic() + seconds
    while found := await troubles(site, clients):
        if time.monotonic() > deadline:
            concerned = [host for host in site.hosts.values() if any(host.name in trouble for trouble in found)]
            words = [f"{host.name} said last: {host.last_words()}" for host in concerned]
            raise AssertionError("\n".join([*found, *words]))
        await asyncio.sleep(_LOOK_SECONDS)


async def check_database(site: Site) -> None:
    """Raises AssertionError unless all is true of it that must be true of any."""
    store = await open_store(site.database)
    try:
        await store.read(lambda connection: check(connection, site.choices))
    finally:
        await store.close()


def accidents(site: Site) -> list[str]:
    """What never may have happened, whatever did: agents that ended by themselves, hosts that had missed something and
    were given everything anew.
    """
    for host in site.hosts.values():
        host.look()
    found = [death for host in site.hosts.values() for death in host.deaths]
    found += [
        line for part in site.controllers.values() for line in part.log().splitlines() if "does not have what" in line
    ]
    return found


async def _listed(api: str) -> dict[str, Port]:
    async with httpx.AsyncClient(base_url=f"http://{api}", timeout=60) as client:
        return {port["id"]: port for port in (await client.get("/v2.0/ports")).json()["ports"]}


def _of_clients(clients: Clients, ports: dict[str, Port]) -> list[str]:
    """What was acknowledged holds, and every port that has an interface works."""
    found = [f"port {port_id} is back" for port_id in clients.deleted & ports.keys()]
    for port_id, host in clients.ports.items():
        port = ports.get(port_id)
        if port is None:
            found.append(f"port {port_id} is lost")
        elif (port["binding:host_id"], port["status"]) != (host, "ACTIVE"):
            found.append(f"port {port_id} is {port['status']} on {port['binding:host_id']}, not ACTIVE on {host}")
    return found


async def _of_goal_states(site: Site) -> list[str]:
    """What a controller that begins now would have every host have, and what the host's agent wants."""
    store = await open_store(site.database)
    try:
        manager = DataPlaneManager(store, "observer", metrics=DpmMetrics(CollectorRegistry()))
        await manager.load()
        return [
            f"the {' and '.join(differences)} of {host.name} differ"
            for host in site.hosts.values()
            if (differences := host_digest(manager.model, host.name).differences(host.digest()))
        ]
    finally:
        await store.close()


def _of_data_plane(host: Host, ports: Collection[Port], vteps: Mapping[str, str]) -> list[str]:
    """It has the host's ports that have interfaces, and the others of their networks at their hosts' addresses."""
    lines = host.ask("flows")
    if lines is None:
        return [f"the agent of {host.name} does not answer"]
    own = [port for port in ports if port["binding:host_id"] == host.name]
    networks = {port["network_id"] for port in own}
    others = [port for port in ports if port["binding:host_id"] != host.name and port["network_id"] in networks]
    words = [line.split(" ") for line in lines]
    endpoints = {each[1] for each in words if each[0] == "endpoint"}
    remotes = {(each[4], each[6]) for each in words if each[0] == "remote"}
    found = []
    if endpoints != (wanted := {port["id"] for port in own if host.has_interface(port["id"])}):
        found.append(f"{host.name} has other ports than it should: {sorted(endpoints ^ wanted)}")
    peers = {(port["mac_address"], vteps[port["binding:host_id"]]) for port in others}
    if remotes != peers:
        found.append(f"{host.name} knows other peers than it should: {sorted(remotes ^ peers)}")
    return found
