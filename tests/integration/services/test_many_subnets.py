"""Ports of a network with more subnets than are looked at get what those of one with few get."""

import pytest

from alcor.services.ports.port import PORTS
from alcor.services.rows import View
from alcor.services.subnets import port_subnets
from alcor.services.subnets.subnet import SUBNETS
from tests.integration.services.cloud import Cloud, addresses, refusal

MANY = port_subnets._FEW + 10


async def _many(cloud: Cloud) -> tuple[View, list[View]]:
    """A network, and its subnets of one address each in the order of their ids."""
    network = await cloud.network()
    cidrs = (f"10.0.{number}.0/30" for number in range(MANY))
    made = await cloud.create(SUBNETS, *({"network_id": network["id"], "cidr": cidr} for cidr in cidrs))
    return network, sorted(made, key=lambda subnet: str(subnet["id"]))


def _own(subnet: View) -> str:
    """The address of a subnet that ports can have."""
    return str(subnet["allocation_pools"][0]["start"])


async def test_the_oldest_subnets_are_filled_first(cloud: Cloud) -> None:
    network, subnets = await _many(cloud)
    given = addresses([*await cloud.ports(network, 2), await cloud.port(network)])
    rest = await cloud.ports(network, MANY - 3)
    assert [*given, *addresses(rest)] == [_own(each) for each in subnets]
    assert await refusal(cloud.port(network)) == (409, "IpAddressGenerationFailure")
    await cloud.delete(PORTS, rest[-1]["id"])
    assert addresses([await cloud.port(network)]) == [_own(subnets[-1])]


async def test_addresses_that_are_named_leave_others_for_those_who_name_none(cloud: Cloud) -> None:
    network, subnets = await _many(cloud)
    first, second, *_, other, last = subnets
    by_subnet, by_address = {"subnet_id": last["id"]}, {"ip_address": _own(first)}
    asked = [{"fixed_ips": [by_subnet, by_address]}, {}, {"fixed_ips": []}]
    made = await cloud.create(PORTS, *({"network_id": network["id"], **each} for each in asked))
    assert addresses(made) == [_own(first), _own(last), _own(second)]
    changed = await cloud.update(PORTS, made[1]["id"], fixed_ips=[{"ip_address": _own(other)}])
    assert addresses([changed]) == [_own(other)]
    assert addresses([await cloud.port(network)]) == [_own(second)]


@pytest.mark.parametrize(
    ("fixed_ip", "refused"),
    [
        ({"ip_address": "10.1.0.2"}, (400, "InvalidIpForNetwork")),
        ({"ip_address": "10.0.0.4"}, (400, "InvalidIpForNetwork")),
        ({"ip_address": "2001:db8::1"}, (400, "InvalidIpForNetwork")),
    ],
)
async def test_addresses_of_no_subnet_are_refused(
    cloud: Cloud, fixed_ip: dict[str, str], refused: tuple[int, str]
) -> None:
    network, _ = await _many(cloud)
    assert await refusal(cloud.port(network, fixed_ips=[fixed_ip])) == refused


async def test_a_subnet_of_another_network_is_refused(cloud: Cloud) -> None:
    network, _ = await _many(cloud)
    elsewhere = await cloud.subnet(await cloud.network())
    assert (await refusal(cloud.port(network, fixed_ips=[{"subnet_id": elsewhere["id"]}])))[0] == 400


async def test_subnets_that_make_addresses_or_serve_some_are_found_among_many(cloud: Cloud) -> None:
    network, _ = await _many(cloud)
    of_itself = {"ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}
    slaac = await cloud.subnet(network, "2001:db8::/64", **of_itself)
    port = await cloud.port(network)
    assert [each["subnet_id"] for each in port["fixed_ips"]][1:] == [slaac["id"]]
    served = await cloud.subnet(network, "10.1.0.0/24", service_types=["compute:special"])
    assert addresses([await cloud.port(network, device_owner="compute:special")])[0] == "10.1.0.2"
    assert served["id"] not in {each["subnet_id"] for each in (await cloud.port(network))["fixed_ips"]}
    refused = {"device_owner": "compute:nova", "fixed_ips": [{"ip_address": "10.1.0.9"}]}
    assert await refusal(cloud.port(network, **refused)) == (400, "InvalidIpForNetwork")
