"""``openstack router`` and ``openstack floating ip``: each verb, with the options people use."""

from collections.abc import Iterator

import pytest

from tests.integration.openstack_client.conftest import OpenStack


@pytest.fixture(scope="module", autouse=True)
def town(openstack: OpenStack) -> Iterator[None]:
    """An external network, and one behind a router that leads there, with a port."""
    openstack("network create outside --external")
    openstack("subnet create out-1 --network outside --subnet-range 203.0.113.0/24")
    openstack("network create inside")
    openstack("subnet create in-1 --network inside --subnet-range 10.0.0.0/24")
    openstack("port create server --network inside --fixed-ip ip-address=10.0.0.9")
    openstack("router create gate --description D --external-gateway outside --disable-snat")
    openstack("router add subnet gate in-1")
    yield
    openstack("router remove subnet gate in-1")
    openstack("router delete gate")
    openstack("port delete server")
    openstack("network delete inside outside")


def test_a_router_shows_its_gateway_and_its_interfaces(openstack: OpenStack) -> None:
    shown = openstack.show("router show gate")
    assert (shown["description"], shown["status"], shown["admin_state_up"]) == ("D", "ACTIVE", True)
    assert shown["external_gateway_info"]["enable_snat"] is False
    assert shown["external_gateway_info"]["external_fixed_ips"][0]["ip_address"].startswith("203.0.113.")
    assert [each["ip_address"] for each in shown["interfaces_info"]] == ["10.0.0.1"]
    assert openstack.names("router list") == ["gate"]
    assert openstack.names("router list --name other") == []


def test_set_unset_and_refusals(openstack: OpenStack) -> None:
    openstack("router set gate --name portal --disable --route destination=10.9.0.0/16,gateway=10.0.0.9")
    openstack("router add route portal --route destination=10.8.0.0/16,gateway=10.0.0.9")
    shown = openstack.show("router show portal")
    assert {each["destination"] for each in shown["routes"]} == {"10.9.0.0/16", "10.8.0.0/16"}
    assert "required by one or more routes" in openstack.fails("router remove subnet portal in-1")
    assert "has ports still attached" in openstack.fails("router delete portal")
    openstack("router remove route portal --route destination=10.8.0.0/16,gateway=10.0.0.9")
    openstack("router set portal --name gate --enable --no-route")
    assert openstack.show("router show gate")["routes"] == []


def test_an_interface_by_port_and_gateways_come_and_go(openstack: OpenStack) -> None:
    openstack("router create second")
    openstack("port create door --network inside --fixed-ip ip-address=10.0.0.77")
    openstack("router add port second door")
    assert "already has an attached device" in openstack.fails("router add port gate door")
    openstack("router set second --external-gateway outside --fixed-ip ip-address=203.0.113.99")
    assert openstack.show("router show second")["external_gateway_info"]["external_fixed_ips"][0]["ip_address"] == (
        "203.0.113.99"
    )
    openstack("router unset second --external-gateway")
    assert openstack.show("router show second")["external_gateway_info"] is None
    openstack("router remove port second door")
    openstack("router delete second")


def test_a_floating_ip_is_given_to_a_server_and_taken_back(openstack: OpenStack) -> None:
    created = openstack.show("floating ip create outside --floating-ip-address 203.0.113.50 --description D")
    assert (created["floating_ip_address"], created["status"], created["port_id"]) == ("203.0.113.50", "DOWN", None)
    openstack("floating ip set 203.0.113.50 --port server --fixed-ip-address 10.0.0.9")
    shown = openstack.show("floating ip show 203.0.113.50")
    assert (shown["fixed_ip_address"], shown["port_details"]["name"]) == ("10.0.0.9", "server")
    assert "required by one or more floating IPs" in openstack.fails("router remove subnet gate in-1")
    assert "required by one or more" in openstack.fails("router unset gate --external-gateway")
    listed = openstack.show("floating ip list --port server")
    assert [each["Floating IP Address"] for each in listed] == ["203.0.113.50"]
    openstack("floating ip unset 203.0.113.50 --port")
    assert openstack.show("floating ip show 203.0.113.50")["port_id"] is None
    openstack("floating ip delete 203.0.113.50")
    assert openstack.show("floating ip list") == []


def test_ports_of_a_floating_ip_are_forwarded(openstack: OpenStack) -> None:
    openstack("floating ip create outside --floating-ip-address 203.0.113.60")
    command, server = "floating ip port forwarding", openstack.show("port show server")["id"]
    to = f"--port {server} --internal-ip-address 10.0.0.9 --protocol tcp"
    ports = "--internal-protocol-port 80 --external-protocol-port 8080"
    made = openstack.show(f"{command} create 203.0.113.60 {to} {ports} --description web")
    assert (made["external_port"], made["internal_port"], made["internal_port_id"]) == (8080, 80, server)
    again = f"{command} create 203.0.113.60 {to} --internal-protocol-port 81 --external-protocol-port 8080"
    assert "port collision" in openstack.fails(again)
    openstack(f"{command} set 203.0.113.60 {made['id']} --external-protocol-port 9000 --description other")
    shown = openstack.show(f"{command} show 203.0.113.60 {made['id']}")
    assert (shown["external_port"], shown["description"]) == (9000, "other")
    (listed,) = openstack.show(f"{command} list 203.0.113.60 --protocol tcp")
    assert (listed["ID"], listed["External Port"]) == (made["id"], 9000)
    assert "in use by Port Forwarding" in openstack.fails("floating ip delete 203.0.113.60")
    openstack(f"{command} delete 203.0.113.60 {made['id']}")
    openstack("floating ip delete 203.0.113.60")


def test_a_router_proxies_ndp(openstack: OpenStack) -> None:
    openstack("address scope create six --ip-version 6")
    openstack("subnet pool create six --address-scope six --pool-prefix 2001:db8::/48 --default-prefix-length 64")
    openstack("network create outside6 --external")
    openstack("subnet create out-6 --network outside6 --subnet-pool six --ip-version 6")
    openstack("network create inside6")
    openstack("subnet create in-6 --network inside6 --subnet-pool six --ip-version 6")
    openstack("router create proxy --external-gateway outside6")
    openstack("router set proxy --enable-ndp-proxy")
    openstack("router add subnet proxy in-6")
    openstack("port create server6 --network inside6")
    openstack("router ndp proxy create proxy --name web --port server6")
    shown = openstack.show("router ndp proxy show web")
    assert shown["ip_address"] == openstack.show("port show server6")["fixed_ips"][0]["ip_address"]
    openstack("router ndp proxy set web --name www")
    assert openstack.names("router ndp proxy list --router proxy") == ["www"]
    assert "ndp proxies still in use" in openstack.fails("router unset proxy --external-gateway")
    openstack("router ndp proxy delete www")
    openstack("router remove subnet proxy in-6")
    openstack("router delete proxy")
    openstack("port delete server6")
    openstack("network delete inside6 outside6")
    openstack("subnet pool delete six")
    openstack("address scope delete six")
