"""Subnets through the API: what is shown, what may be said, and how refusals look."""

from tests.integration.api.neutron.requests import Json, Neutron
from tests.integration.api.neutron.test_networks import NOWHERE, settled


async def test_a_subnet_has_neutrons_attributes_and_defaults(neutron: Neutron) -> None:
    network = await neutron.create("network")
    created = await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4)
    assert settled(created) == {
        "network_id": network["id"],
        "name": "",
        "description": "",
        "project_id": "default",
        "tenant_id": "default",
        "ip_version": 4,
        "cidr": "10.0.0.0/24",
        "gateway_ip": "10.0.0.1",
        "enable_dhcp": True,
        "allocation_pools": [{"start": "10.0.0.2", "end": "10.0.0.254"}],
        "dns_nameservers": [],
        "host_routes": [],
        "ipv6_address_mode": None,
        "ipv6_ra_mode": None,
        "subnetpool_id": None,
        "segment_id": None,
        "dns_publish_fixed_ip": False,
        "service_types": [],
        "tags": [],
        "shared": False,
        "router:external": False,
        "revision_number": 1,
    }


async def test_what_was_said_is_shown_until_it_is_deleted(neutron: Neutron) -> None:
    network = await neutron.create("network")
    said: Json = {
        "network_id": network["id"],
        "name": "s",
        "cidr": "10.0.0.0/24",
        "ip_version": 4,
        "gateway_ip": None,
        "enable_dhcp": False,
        "allocation_pools": [{"start": "10.0.0.5", "end": "10.0.0.9"}, {"start": "10.0.0.20", "end": "10.0.0.20"}],
        "dns_nameservers": ["192.0.2.53", "192.0.2.54"],
        "host_routes": [{"destination": "198.51.100.0/24", "nexthop": "10.0.0.9"}],
    }
    created = await neutron.create("subnet", **said)
    assert {name: created[name] for name in said} == said
    assert await neutron.show("subnet", created["id"]) == created
    assert await neutron.list("subnet") == [created]
    changes: Json = {
        "name": "t", "gateway_ip": "10.0.0.1", "enable_dhcp": True, "dns_nameservers": [], "host_routes": [],
        "allocation_pools": [{"start": "10.0.0.2", "end": "10.0.0.9"}],
    }  # fmt: skip
    updated = await neutron.update("subnet", created["id"], **changes)
    assert settled(updated) == settled(created) | changes | {"revision_number": 2}
    assert await neutron.show("subnet", created["id"]) == updated
    assert (await neutron.update("subnet", created["id"], gateway_ip=None))["gateway_ip"] is None
    await neutron.delete("subnet", created["id"])
    assert (await neutron.refused("GET", f"subnets/{created['id']}"))[:2] == (404, "SubnetNotFound")


async def test_addresses_are_shown_in_canonical_form(neutron: Neutron) -> None:
    network = await neutron.create("network")
    created = await neutron.create(
        "subnet",
        network_id=network["id"].upper(),
        cidr="2001:DB8:0:0::7/64",
        gateway_ip="2001:db8:0::0001",
        dns_nameservers=["2001:DB8::53"],
    )
    shown = [created[name] for name in ("network_id", "ip_version", "cidr", "gateway_ip", "dns_nameservers")]
    assert shown == [network["id"], 6, "2001:db8::/64", "2001:db8::1", ["2001:db8::53"]]


REFUSED: list[tuple[Json, int, str, str]] = [
    ({}, 400, "BadRequest", "Bad subnets request: a subnetpool must be specified in the absence of a cidr."),
    ({"cidr": "10.0.0.0"}, 400, "HTTPBadRequest", "Invalid input for cidr. Reason: '10.0.0.0' is not a valid IP"),
    ({"cidr": "10.0.0.0/33"}, 400, "HTTPBadRequest", "Invalid input for cidr."),
    ({"cidr": "10.0.0.0/24", "ip_version": 5}, 400, "HTTPBadRequest", "Invalid input for ip_version."),
    (
        {"cidr": "10.0.0.0/24", "ip_version": 6},
        400,
        "InvalidInput",
        "Invalid input for operation: cidr '10.0.0.0/24' does not match the ip_version '6'.",
    ),
    ({"cidr": "10.0.0.0/24", "network_id": NOWHERE}, 404, "NetworkNotFound", f"Network {NOWHERE} could not be found."),
    ({"cidr": "10.0.0.0/24", "network_id": "x"}, 400, "HTTPBadRequest", "Invalid input for network_id. Reason: 'x' is"),
    (
        {"cidr": "10.0.0.0/31"},
        400,
        "InvalidInput",
        "Invalid input for operation: Subnet has a prefix length that is incompatible with DHCP service enabled.",
    ),
    (
        {"cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.255"},
        400,
        "InvalidInput",
        "Invalid input for operation: Gateway is not valid on subnet.",
    ),
    (
        {"cidr": "10.0.0.0/24", "allocation_pools": [{"start": "10.0.0.1", "end": "10.0.0.9"}]},
        409,
        "GatewayConflictWithAllocationPools",
        "Gateway ip 10.0.0.1 conflicts with allocation pool 10.0.0.1-10.0.0.9.",
    ),
    (
        {"cidr": "10.0.0.0/24", "allocation_pools": [{"start": "10.0.0.5", "end": "10.0.1.9"}]},
        400,
        "OutOfBoundsAllocationPool",
        "The allocation pool 10.0.0.5-10.0.1.9 spans beyond the subnet cidr 10.0.0.0/24.",
    ),
    (
        {"cidr": "10.0.0.0/24", "allocation_pools": [{"start": "10.0.0.5"}]},
        400,
        "HTTPBadRequest",
        "Invalid input for allocation_pools. Reason: member 'end' is missing",
    ),
    (
        {"cidr": "10.0.0.0/24", "dns_nameservers": ["192.0.2.1", "192.0.2.1"]},
        400,
        "HTTPBadRequest",
        "Invalid input for dns_nameservers. Reason: duplicate item '192.0.2.1'.",
    ),
    (
        {"cidr": "10.0.0.0/24", "host_routes": [{"destination": "10.9.0.0/16", "nexthop": "nowhere"}]},
        400,
        "HTTPBadRequest",
        "Invalid input for host_routes. Reason: 'nowhere' is not a valid IP address.",
    ),
    (
        {"cidr": "10.0.0.0/24", "ipv6_ra_mode": "slaac"},
        400,
        "InvalidInput",
        "Invalid input for operation: ipv6_ra_mode is not valid when ip_version is 4.",
    ),
    (
        {"cidr": "10.0.0.0/24", "prefixlen": 24},
        400,
        "BadRequest",
        "Bad subnets request: cidr and prefixlen must not be supplied together",
    ),
]


async def test_a_refusal_says_what_neutron_says(neutron: Neutron) -> None:
    network = await neutron.create("network")
    for attributes, status, kind, message in REFUSED:
        body = {"subnet": {"network_id": network["id"], **attributes}}
        refused = await neutron.refused("POST", "subnets", body)
        assert refused[:2] == (status, kind), attributes
        assert refused[2].startswith(message), attributes
    assert await neutron.list("subnet") == []


async def test_conflicts_have_neutrons_names(neutron: Neutron) -> None:
    network = await neutron.create("network")
    subnet = await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24")
    again = {"subnet": {"network_id": network["id"], "cidr": "10.0.0.0/25"}}
    status, kind, message = await neutron.refused("POST", "subnets", again)
    assert (status, kind) == (400, "InvalidInput")
    assert message.startswith(
        "Invalid input for operation: Requested subnet with cidr: 10.0.0.0/25 for network: "
        f"{network['id']} overlaps with another subnet"
    )
    port = await neutron.create("port", network_id=network["id"])
    status, kind, message = await neutron.refused("DELETE", f"subnets/{subnet['id']}")
    assert (status, kind) == (409, "SubnetInUse")
    assert port["id"] in message


async def test_what_cannot_change_is_read_only(neutron: Neutron) -> None:
    network = await neutron.create("network")
    subnet = await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24")
    for name in ("network_id", "cidr", "ip_version", "project_id", "ipv6_ra_mode", "subnetpool_id", "id"):
        refused = await neutron.refused("PUT", f"subnets/{subnet['id']}", {"subnet": {name: subnet[name]}})
        assert refused == (400, "HTTPBadRequest", f"Cannot update read-only attribute {name}")


async def test_ports_get_addresses_of_subnets_for_what_they_are(neutron: Neutron) -> None:
    network = await neutron.create("network")
    its = {"network_id": network["id"]}
    gateways = await neutron.create("subnet", **its, cidr="10.0.0.0/24", service_types=["network:distributed"])
    body = {"port": its | {"device_owner": "compute:nova"}}
    refused = await neutron.refused("POST", "ports", body)
    assert refused[:2] == (409, "IpAddressGenerationFailureNoMatchingSubnet")
    assert refused[2].endswith(f"network {network['id']}, service type compute:nova.")
    workloads = await neutron.create("subnet", **its, cidr="10.0.1.0/24", service_types=["compute:nova"])
    anything = await neutron.create("subnet", **its, cidr="10.0.2.0/24")
    for owner, subnet in (
        ("network:distributed", gateways),
        ("compute:nova", workloads),
        ("network:dhcp", gateways),  # where DHCP is on, it is served
        ("", anything),
    ):
        port = await neutron.create("port", **its, device_owner=owner)
        assert [each["subnet_id"] for each in port["fixed_ips"]] == [subnet["id"]], owner
    asked = await neutron.create("port", **its, fixed_ips=[{"subnet_id": gateways["id"]}])
    assert asked["fixed_ips"][0]["subnet_id"] == gateways["id"]
    body = {"port": its | {"fixed_ips": [{"ip_address": "10.0.0.99"}]}}
    assert (await neutron.refused("POST", "ports", body))[:2] == (400, "InvalidIpForNetwork")
    changed = await neutron.update("subnet", workloads["id"], service_types=[])
    assert changed["service_types"] == []
    changed = await neutron.update("subnet", workloads["id"], service_types=["test:kind"])
    assert changed["service_types"] == ["test:kind"]
    for wrong, kind in (
        ("compute:nova", "HTTPBadRequest"),
        ([7], "HTTPBadRequest"),
        ([""], "InvalidSubnetServiceType"),
        (["workloads"], "InvalidSubnetServiceType"),
        ([":nova"], "InvalidSubnetServiceType"),
        (["compute:nova"] * 2, "HTTPBadRequest"),
    ):
        body = {"subnet": its | {"cidr": "10.0.3.0/24", "service_types": wrong}}
        assert (await neutron.refused("POST", "subnets", body))[:2] == (400, kind), wrong


async def test_a_subnet_says_whether_a_dns_service_is_to_have_its_addresses(neutron: Neutron) -> None:
    network = await neutron.create("network")
    subnet = await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", dns_publish_fixed_ip=True)
    assert (await neutron.show("subnet", subnet["id"]))["dns_publish_fixed_ip"] is True
    assert (await neutron.update("subnet", subnet["id"], dns_publish_fixed_ip=False))["dns_publish_fixed_ip"] is False
    body = {"subnet": {"dns_publish_fixed_ip": "sometimes"}}
    assert (await neutron.refused("PUT", f"subnets/{subnet['id']}", body))[0] == 400


async def test_pools_that_are_said_to_be_none_are_the_usual_ones(neutron: Neutron) -> None:
    network = await neutron.create("network")
    its = {"network_id": network["id"], "ip_version": 4}
    for number, said in enumerate((None, [])):
        subnet = await neutron.create("subnet", **its, cidr=f"10.0.{number}.0/24", allocation_pools=said)
        assert subnet["allocation_pools"] == [{"start": f"10.0.{number}.2", "end": f"10.0.{number}.254"}]
        assert (await neutron.update("subnet", subnet["id"], allocation_pools=said))["allocation_pools"] == []
