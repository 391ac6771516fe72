"""What must be so in the end: of what was acknowledged, of every host's goal state, and of its data plane."""

import asyncio
import time
from collections.abc import Collection
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
    for host in site.hosts.values():
        found += await asyncio.to_thread(_of_data_plane, host, ports.values())
    return found


async def wait_until_all_is_well(site: Site, clients: Clients, seconds: float) -> None:
    """Fails with what is not as it should be."""
    deadline = time.monotonic() + seconds
    while found := await troubles(site, clients):
        assert time.monotonic() < deadline, "\n".join(found)
        await asyncio.sleep(_LOOK_SECONDS)


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


def _of_data_plane(host: Host, ports: Collection[Port]) -> list[str]:
    """It has the host's ports that have interfaces, and the others of their networks at their hosts' addresses."""
    lines = host.ask("flows")
    if lines is None:
        return [f"the agent of {host.name} does not answer: {host.log()}"]
    own = [port for port in ports if port["binding:host_id"] == host.name]
    networks = {port["network_id"] for port in own}
    others = [port for port in ports if port["binding:host_id"] != host.name and port["network_id"] in networks]
    words = [line.split(" ") for line in lines]
    endpoints = {each[1] for each in words if each[0] == "endpoint"}
    remotes = {each[4] for each in words if each[0] == "remote"}
    found = []
    if endpoints != (wanted := {port["id"] for port in own if host.has_interface(port["id"])}):
        found.append(f"{host.name} has other ports than it should: {sorted(endpoints ^ wanted)}")
    if remotes != (wanted := {port["mac_address"] for port in others}):
        found.append(f"{host.name} knows other peers than it should: {sorted(remotes ^ wanted)}")
    return found
