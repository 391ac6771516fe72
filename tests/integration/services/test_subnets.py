"""Subnets: their ranges, gateways and pools, and what becomes of addresses when pools change."""

import ipaddress
import itertools
from functools import partial
from typing import Any

from sqlalchemy import Connection, event

from alcor.model.identifiers import id_bytes
from alcor.model.records import SubnetDeleted, SubnetRecord
from alcor.services.ports.port import PORTS
from alcor.services.subnets.subnet import SUBNETS
from tests.integration.services.cloud import Cloud, addresses, recorded, refusal


def pool(first: str, last: str) -> dict[str, str]:
    return {"start": first, "end": last}


RANGES: list[tuple[dict[str, Any], str | None, list[dict[str, str]]]] = [
    ({"cidr": "10.0.0.0/24"}, "10.0.0.1", [pool("10.0.0.2", "10.0.0.254")]),
    ({"cidr": "10.0.0.77/24"}, "10.0.0.1", [pool("10.0.0.2", "10.0.0.254")]),
    ({"cidr": "10.0.0.0/24", "gateway_ip": None}, None, [pool("10.0.0.1", "10.0.0.254")]),
    (
        {"cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.9"},
        "10.0.0.9",
        [pool("10.0.0.1", "10.0.0.8"), pool("10.0.0.10", "10.0.0.254")],
    ),
    ({"cidr": "10.0.0.0/24", "gateway_ip": "192.0.2.1"}, "192.0.2.1", [pool("10.0.0.1", "10.0.0.254")]),
    ({"cidr": "10.0.0.0/31", "enable_dhcp": False}, "10.0.0.1", [pool("10.0.0.0", "10.0.0.0")]),
    ({"cidr": "10.0.0.0/32", "enable_dhcp": False}, "10.0.0.1", [pool("10.0.0.0", "10.0.0.0")]),
    ({"cidr": "10.0.0.0/24", "allocation_pools": []}, "10.0.0.1", [pool("10.0.0.2", "10.0.0.254")]),
    (
        {"cidr": "10.0.0.0/24", "allocation_pools": [pool("10.0.0.9", "10.0.0.9"), pool("10.0.0.5", "10.0.0.7")]},
        "10.0.0.1",
        [pool("10.0.0.5", "10.0.0.7"), pool("10.0.0.9", "10.0.0.9")],
    ),
    ({"cidr": "2001:db8::/64"}, "2001:db8::", [pool("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff")]),
    ({"cidr": "2001:db8::/126"}, "2001:db8::", [pool("2001:db8::1", "2001:db8::3")]),
]


async def test_gateway_and_pools_follow_from_the_range(cloud: Cloud) -> None:
    for values, gateway_ip, pools in RANGES:
        subnet = await cloud.subnet(await cloud.network(), **values)
        assert (subnet["gateway_ip"], subnet["allocation_pools"]) == (gateway_ip, pools), values
        assert (await cloud.all(SUBNETS))[subnet["id"]] == subnet


INPUT = (400, "InvalidInput")


IMPOSSIBLE: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"cidr": "0.0.0.0/0"}, INPUT),
    ({"cidr": "0.0.0.0/8"}, INPUT),
    ({"cidr": "224.0.0.0/24"}, INPUT),
    ({"cidr": "127.0.0.0/24"}, INPUT),
    ({"cidr": "255.255.255.255/32", "enable_dhcp": False}, INPUT),
    ({"cidr": "fe80::/64"}, INPUT),
    ({"cidr": "10.0.0.0/31"}, INPUT),  # no room for DHCP
    ({"cidr": "2001:db8::/127"}, INPUT),
    ({"cidr": "10.0.0.0/24", "ip_version": 6}, INPUT),
    ({"cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.0"}, INPUT),
    ({"cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.255"}, INPUT),
    ({"cidr": "10.0.0.0/24", "gateway_ip": "2001:db8::1"}, INPUT),
    ({"cidr": "10.0.0.0/24", "dns_nameservers": ["2001:db8::53"]}, INPUT),
    ({"cidr": "10.0.0.0/24", "host_routes": [{"destination": "2001:db8::/32", "nexthop": "10.0.0.9"}]}, INPUT),
    ({"cidr": "10.0.0.0/24", "ipv6_ra_mode": "slaac"}, INPUT),
    ({"cidr": "2001:db8::/80", "ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}, INPUT),
    ({"cidr": "2001:db8::/64", "ipv6_ra_mode": "slaac", "ipv6_address_mode": "dhcpv6-stateful"}, INPUT),
    ({"cidr": "2001:db8::/64", "ipv6_ra_mode": "slaac", "enable_dhcp": False}, INPUT),
    (
        {"cidr": "10.0.0.0/24", "allocation_pools": [pool("10.0.0.9", "10.0.0.8")]},
        (400, "InvalidAllocationPool"),
    ),
    (
        {"cidr": "10.0.0.0/24", "allocation_pools": [pool("2001:db8::1", "2001:db8::2")]},
        (400, "InvalidAllocationPool"),
    ),
    (
        {"cidr": "10.0.0.0/24", "allocation_pools": [pool("10.0.0.9", "10.0.1.9")]},
        (400, "OutOfBoundsAllocationPool"),
    ),
    (
        {"cidr": "10.0.0.0/24", "allocation_pools": [pool("10.0.0.9", "10.0.0.255")]},
        (400, "OutOfBoundsAllocationPool"),
    ),
    (
        {"cidr": "10.0.0.0/24", "allocation_pools": [pool("10.0.0.2", "10.0.0.9"), pool("10.0.0.9", "10.0.0.12")]},
        (409, "OverlappingAllocationPools"),
    ),
    (
        {"cidr": "10.0.0.0/24", "allocation_pools": [pool("10.0.0.1", "10.0.0.9")]},
        (409, "GatewayConflictWithAllocationPools"),
    ),
]


async def test_what_cannot_be_is_refused(cloud: Cloud) -> None:
    network = await cloud.network()
    for values, refused in IMPOSSIBLE:
        assert await refusal(cloud.subnet(network, **values)) == refused, values
    assert not await cloud.all(SUBNETS)


async def test_subnets_of_a_network_do_not_overlap(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.subnet(network, "10.0.0.0/24")
    for cidr in ("10.0.0.0/24", "10.0.0.128/25", "10.0.0.0/16"):
        assert await refusal(cloud.subnet(network, cidr)) == INPUT
    await cloud.subnet(network, "10.0.1.0/24")
    await cloud.subnet(await cloud.network(), "10.0.0.0/24")  # another network is another world


async def test_what_overlaps_is_found_on_any_side(cloud: Cloud) -> None:
    """Each range against each other, of both IP versions, as the standard library knows it."""
    cidrs = [f"10.0.{first}.{second}/{length}" for first in (0, 1) for second in (0, 64, 128) for length in (25, 26)]
    cidrs = [cidr for cidr in cidrs if cidr not in ("10.0.0.64/25", "10.0.1.64/25")]
    cidrs += ["10.0.0.0/23", "9.0.0.0/8", "11.0.0.0/8", "a00::/32", "a00::/64", "a00:0:0:1::/64", "a00:1::/32"]
    for taken in itertools.combinations(cidrs, 2):
        network = await cloud.network()
        one, other = map(ipaddress.ip_network, taken)
        await cloud.subnet(network, taken[0])
        if one.version == other.version and one.overlaps(other):  # type: ignore[arg-type]
            assert await refusal(cloud.subnet(network, taken[1])) == INPUT, taken
        else:
            await cloud.subnet(network, taken[1])


async def test_the_last_subnet_of_many_costs_what_the_second_did(cloud: Cloud) -> None:
    seen: list[tuple[str, Any, int]] = []

    def keep(connection: Connection, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if connection.get_execution_options().get("writes"):
            seen.append((statement, parameters, cursor.rowcount))

    network = await cloud.network()
    values = [
        {"network_id": network["id"], "cidr": f"10.1.{number // 256}.{number % 256}/32", "enable_dhcp": False}
        for number in range(2000)
    ]
    await cloud.create(SUBNETS, values[0])
    costs = []
    for before, last in (([], values[1]), (values[2:-1], values[-1])):
        if before:
            await cloud.create(SUBNETS, *before)
        event.listen(cloud.store._engine, "after_cursor_execute", keep)
        await cloud.create(SUBNETS, last)
        event.remove(cloud.store._engine, "after_cursor_execute", keep)
        costs.append([(statement, rows) for statement, _, rows in seen])
        (check,) = ((statement, parameters) for statement, parameters, _ in seen if "first_address <=" in statement)
        seen.clear()
    assert costs[0] == costs[1]
    await cloud.store.write(lambda tx: tx.connection.exec_driver_sql("ANALYZE subnet").close())  # as it is soon anyway
    assert "ix_subnet_first_address" in await cloud.store.read(partial(plan, *check))


def plan(statement: str, parameters: Any, connection: Connection) -> str:
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    return str(connection.exec_driver_sql(f"{explain} {statement}", parameters).all())


async def test_several_subnets_are_created_together_or_not_at_all(cloud: Cloud) -> None:
    network = await cloud.network()
    both = [{"network_id": network["id"], "cidr": cidr} for cidr in ("10.0.0.0/24", "10.0.0.0/25")]
    assert await refusal(cloud.create(SUBNETS, *both)) == INPUT
    assert not await cloud.all(SUBNETS)
    both[1]["cidr"] = "10.0.1.0/24"
    assert len(await cloud.create(SUBNETS, *both)) == 2


async def test_a_subnet_needs_its_network(cloud: Cloud) -> None:
    nowhere = {"id": "11111111-1111-4111-8111-111111111111"}
    assert await refusal(cloud.subnet(nowhere)) == (404, "NetworkNotFound")


async def test_a_smaller_pool_keeps_what_ports_hold(cloud: Cloud) -> None:
    network = await cloud.network()
    subnet = await cloud.subnet(network)
    ports = await cloud.ports(network, 4)
    assert addresses(ports) == ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"]
    await cloud.update(SUBNETS, subnet["id"], allocation_pools=[pool("10.0.0.4", "10.0.0.7")])
    assert addresses(await cloud.ports(network, 2)) == ["10.0.0.6", "10.0.0.7"]
    assert await refusal(cloud.port(network)) == (409, "IpAddressGenerationFailure")
    await cloud.delete(PORTS, ports[0]["id"])  # 10.0.0.2 is not of the pool any more
    assert await refusal(cloud.port(network)) == (409, "IpAddressGenerationFailure")
    await cloud.delete(PORTS, ports[2]["id"])
    assert addresses([await cloud.port(network)]) == ["10.0.0.4"]


async def test_a_larger_pool_gives_more(cloud: Cloud) -> None:
    network = await cloud.network()
    subnet = await cloud.subnet(network, allocation_pools=[pool("10.0.0.9", "10.0.0.9")])
    outside = await cloud.port(network, fixed_ips=[{"ip_address": "10.0.0.10"}])
    await cloud.port(network)
    await cloud.update(SUBNETS, subnet["id"], allocation_pools=[pool("10.0.0.9", "10.0.0.11")])
    assert addresses([await cloud.port(network)]) == ["10.0.0.11"]
    await cloud.delete(PORTS, outside["id"])  # by now of the pool
    assert addresses([await cloud.port(network)]) == ["10.0.0.10"]


async def test_the_gateway_stays_out_of_the_pools(cloud: Cloud) -> None:
    network = await cloud.network()
    subnet = await cloud.subnet(network)
    assert await refusal(cloud.update(SUBNETS, subnet["id"], gateway_ip="10.0.0.9")) == (
        409,
        "GatewayConflictWithAllocationPools",
    )
    changed = await cloud.update(
        SUBNETS, subnet["id"], gateway_ip="10.0.0.9", allocation_pools=[pool("10.0.0.1", "10.0.0.8")]
    )
    assert (changed["gateway_ip"], changed["allocation_pools"]) == ("10.0.0.9", [pool("10.0.0.1", "10.0.0.8")])
    assert (await cloud.update(SUBNETS, subnet["id"], gateway_ip=None))["gateway_ip"] is None


async def test_a_port_can_have_the_gateways_address(cloud: Cloud) -> None:
    """A workload that routes for its subnet."""
    network = await cloud.network()
    subnet = await cloud.subnet(network, gateway_ip=None, allocation_pools=[pool("10.0.0.100", "10.0.0.200")])
    await cloud.port(network, fixed_ips=[{"ip_address": "10.0.0.5"}])
    assert (await cloud.update(SUBNETS, subnet["id"], gateway_ip="10.0.0.5"))["gateway_ip"] == "10.0.0.5"


async def test_hosts_are_told_how_addresses_are_made(cloud: Cloud) -> None:
    network = await cloud.network()
    modes = {"ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}
    (created,) = await recorded(cloud, cloud.subnet(network, ip_version=6, cidr="2001:db8::/64", **modes))
    assert isinstance(created, SubnetRecord)
    assert (created.ipv6_ra_mode, created.ipv6_address_mode) == ("slaac", "slaac")


async def test_hosts_are_told_what_concerns_them(cloud: Cloud) -> None:
    network = await cloud.network()
    created = await recorded(cloud, cloud.subnet(network, dns_nameservers=["192.0.2.53"]))
    (subnet_id,) = await cloud.all(SUBNETS)
    ids = id_bytes(subnet_id), id_bytes(network["id"])
    assert created == [SubnetRecord(*ids, "10.0.0.0/24", "10.0.0.1", True, ("192.0.2.53",))]
    told = await recorded(
        cloud, cloud.update(SUBNETS, subnet_id, name="s", allocation_pools=[pool("10.0.0.5", "10.0.0.6")])
    )
    assert told == []
    routes = [{"destination": "198.51.100.0/24", "nexthop": "10.0.0.9"}]
    told = await recorded(
        cloud,
        cloud.update(SUBNETS, subnet_id, gateway_ip=None, enable_dhcp=False, dns_nameservers=[], host_routes=routes),
    )
    assert told == [SubnetRecord(*ids, "10.0.0.0/24", "", False, (), (("198.51.100.0/24", "10.0.0.9"),))]
    assert await recorded(cloud, cloud.delete(SUBNETS, subnet_id)) == [SubnetDeleted(ids[0])]


async def test_a_subnet_with_addresses_in_use_stays(cloud: Cloud) -> None:
    network = await cloud.network()
    subnet = await cloud.subnet(network)
    port = await cloud.port(network)
    assert await refusal(cloud.delete(SUBNETS, subnet["id"])) == (409, "SubnetInUse")
    await cloud.update(PORTS, port["id"], fixed_ips=[])
    await cloud.delete(SUBNETS, subnet["id"])
    assert await refusal(cloud.delete(SUBNETS, subnet["id"])) == (404, "SubnetNotFound")


async def test_ports_show_no_address_that_went_with_its_subnet(cloud: Cloud) -> None:
    network = await cloud.network()
    of_itself = {"ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}
    first = await cloud.subnet(network)
    made = [await cloud.subnet(network, f"2001:db8:{number}::/64", **of_itself) for number in range(2)]
    ports = [await cloud.port(network, **{"binding:host_id": host}) for host in ("", "host-1")]
    assert all(len(port["fixed_ips"]) == 3 for port in ports)
    await cloud.delete(SUBNETS, made[0]["id"])
    for port in (await cloud.all(PORTS)).values():
        assert [each["subnet_id"] for each in port["fixed_ips"]] == [first["id"], made[1]["id"]]
