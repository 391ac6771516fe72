"""Bindings of ports: a migration prepares one on another host, and makes it the active one (Nova's steps)."""

from typing import Any

from tests.integration.api.neutron.requests import Json, Neutron, shown
from tests.integration.api.neutron.test_ports import network_with_subnet


async def port_of_a_server(neutron: Neutron, host: str = "host-1") -> str:
    """The id of a new port that is bound to a host; there are the nodes host-1 and host-2."""
    for number in (1, 2):
        node = {"node_id": f"host-{number}", "local_ip": f"192.0.2.{number}"}
        shown(await neutron.http.post("/nodes", json={"host_info": node}), 201)
    network_id, _ = await network_with_subnet(neutron)
    bound: Json = {"device_owner": "compute:nova", "binding:host_id": host}
    return str((await neutron.create("port", network_id=network_id, **bound))["id"])


async def create(neutron: Neutron, port_id: str, **attributes: Any) -> Json:
    response = await neutron.http.post(f"/v2.0/ports/{port_id}/bindings", json={"binding": attributes})
    created: Json = shown(response, 201)["binding"]
    return created


async def statuses(neutron: Neutron, port_id: str, parameters: str = "") -> dict[str, str]:
    """Which bindings there are: host → status."""
    found = shown(await neutron.http.get(f"/v2.0/ports/{port_id}/bindings?{parameters}"))["bindings"]
    return {each["host"]: each["status"] for each in found}


async def test_a_port_migrates_to_another_host(neutron: Neutron) -> None:
    port_id = await port_of_a_server(neutron)
    prepared = await create(neutron, port_id, host="host-2", profile={"migrating_to": "host-2"})
    assert (prepared["status"], prepared["vif_type"], prepared["vnic_type"]) == ("INACTIVE", "ovs", "normal")
    assert prepared["profile"] == {"migrating_to": "host-2"}
    assert (await neutron.show("port", port_id))["binding:host_id"] == "host-1"
    assert await statuses(neutron, port_id) == {"host-1": "ACTIVE", "host-2": "INACTIVE"}
    assert await statuses(neutron, port_id, "status=INACTIVE") == {"host-2": "INACTIVE"}

    path = f"/v2.0/ports/{port_id}/bindings/host-2"
    activated = shown(await neutron.http.put(f"{path}/activate"))
    assert activated == prepared | {"status": "ACTIVE"}
    assert shown(await neutron.http.get(path))["binding"] == activated
    port = await neutron.show("port", port_id)
    assert (port["binding:host_id"], port["binding:profile"]) == ("host-2", {"migrating_to": "host-2"})
    assert await statuses(neutron, port_id) == {"host-1": "INACTIVE", "host-2": "ACTIVE"}
    assert (await neutron.http.delete(f"/v2.0/ports/{port_id}/bindings/host-1")).status_code == 204
    assert await statuses(neutron, port_id) == {"host-2": "ACTIVE"}


async def test_a_binding_is_changed_and_goes_with_its_port(neutron: Neutron) -> None:
    port_id = await port_of_a_server(neutron)
    await create(neutron, port_id, host="host-2")
    for host in ("host-1", "host-2"):
        body = {"binding": {"vnic_type": "direct", "profile": {"slot": host}}}
        changed = shown(await neutron.http.put(f"/v2.0/ports/{port_id}/bindings/{host}", json=body))["binding"]
        assert (changed["vnic_type"], changed["profile"]) == ("direct", {"slot": host})
    assert (await neutron.show("port", port_id))["binding:vnic_type"] == "direct"
    await neutron.delete("port", port_id)
    assert (await neutron.refused("GET", f"ports/{port_id}/bindings"))[:2] == (404, "PortNotFound")


async def test_the_only_binding_is_the_active_one(neutron: Neutron) -> None:
    port_id = await port_of_a_server(neutron, host="")
    assert await statuses(neutron, port_id) == {}
    assert (await create(neutron, port_id, host="host-1"))["status"] == "ACTIVE"
    assert (await neutron.show("port", port_id))["binding:host_id"] == "host-1"
    assert (await neutron.http.delete(f"/v2.0/ports/{port_id}/bindings/host-1")).status_code == 204
    assert (await neutron.show("port", port_id))["binding:vif_type"] == "unbound"


async def test_a_port_that_is_bound_elsewhere_has_no_second_binding_there(neutron: Neutron) -> None:
    port_id = await port_of_a_server(neutron)
    await create(neutron, port_id, host="host-2")
    await neutron.update("port", port_id, **{"binding:host_id": "host-2"})
    assert await statuses(neutron, port_id) == {"host-2": "ACTIVE"}


async def test_bindings_are_refused_as_neutron_refuses_them(neutron: Neutron) -> None:
    port_id = await port_of_a_server(neutron)
    path = f"ports/{port_id}/bindings"
    for method, below, host, refusal in (
        ("POST", "", "host-1", (409, "PortBindingAlreadyExists")),
        ("POST", "", "host-9", (409, "PortBindingError")),  # no node
        ("POST", "", None, (400, "HTTPBadRequest")),
        ("PUT", "/host-1/activate", "", (409, "PortBindingAlreadyActive")),
        ("PUT", "/host-2/activate", "", (404, "PortBindingNotFound")),
        ("GET", "/host-2", "", (404, "PortBindingNotFound")),
        ("DELETE", "/host-2", "", (404, "PortBindingNotFound")),
        ("GET", "?colour=red", "", (400, "HTTPBadRequest")),
    ):
        body = {"binding": {"host": host}} if method == "POST" else None
        assert (await neutron.refused(method, path + below, body))[:2] == refusal, (method, below)
    await neutron.update("port", port_id, device_owner="")
    assert (await neutron.refused("GET", path))[:2] == (400, "BadRequest")
