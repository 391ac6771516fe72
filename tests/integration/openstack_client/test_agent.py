"""Agents and availability zones, as people type them."""

import httpx

from tests.integration.openstack_client.conftest import OpenStack


def test_agent_commands(openstack: OpenStack, endpoint: str) -> None:
    info = {"node_id": "rack-7", "local_ip": "198.51.100.77", "availability_zone": "east"}
    assert httpx.post(f"{endpoint}/nodes", json={"host_info": info}).status_code == 201
    (agent,) = openstack.show("network agent list --host rack-7")
    assert (agent["Agent Type"], agent["Alive"], agent["State"]) == ("Open vSwitch agent", False, True)
    openstack(f"network agent set {agent['ID']} --disable --description seven")
    shown = openstack.show(f"network agent show {agent['ID']}")
    assert (shown["admin_state_up"], shown["description"]) == (False, "seven")
    assert "east" in openstack("availability zone list --network")
    openstack(f"network agent delete {agent['ID']}")
    assert httpx.delete(f"{endpoint}/nodes/rack-7").status_code == 200
