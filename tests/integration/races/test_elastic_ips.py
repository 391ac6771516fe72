"""Elastic IPs: their addresses, their ranges, and the ports that they lead to, at once."""

from typing import Any

from alcor.model.context import DEFAULT_PROJECT
from tests.integration.races import things
from tests.integration.races.racing import Cloud, Request, delete, update

ELASTIC_IPS = f"/project/{DEFAULT_PROJECT}/elasticips"
RANGES = "/elasticip-ranges"


def taking(address: str, **others: Any) -> Request:
    """A request for a certain address."""
    return Request("POST", ELASTIC_IPS, {"elasticip": {"elastic_ip": address} | others})


def leading(elastic_ip_id: str, port_id: str) -> Request:
    """A request to have an elastic IP lead to a port, or nowhere."""
    return Request("PUT", f"{ELASTIC_IPS}/{elastic_ip_id}", {"elasticip": {"port_id": port_id}})


def ranging(prefix: str, last: int) -> dict[str, Any]:
    """A range of the addresses 0 to ``last`` of a prefix, as a request says it."""
    return {
        "elasticip-range": {"ip_version": 6, "allocation_ranges": [{"start": f"{prefix}0", "end": f"{prefix}{last}"}]}
    }


def prefix_of(cloud: Cloud) -> str:
    """Of addresses that no other race has."""
    number = cloud.random.randrange(2**32)
    return f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::"


async def make_range(cloud: Cloud, prefix: str) -> str:
    made = await cloud.do(Request("POST", RANGES, ranging(prefix, 9)))
    return str(made["elasticip-range"]["id"])


async def make(cloud: Cloud, address: str, **others: Any) -> str:
    return str((await cloud.do(taking(address, **others)))["elasticip"]["id"])


async def port_id(cloud: Cloud) -> str:
    """A port with one IPv6 address."""
    network, _ = await things.network(cloud, "fd00::/64")
    return str((await things.port(cloud, network))["id"])


async def test_an_address_is_given_out_once(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        prefix = prefix_of(cloud)
        await make_range(cloud, prefix)
        await cloud.one_of(*[taking(f"{prefix}7")] * 4)

    await cloud.rounds(race)


async def test_addresses_are_of_one_range(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        prefix = prefix_of(cloud)
        await cloud.one_of(*(Request("POST", RANGES, ranging(prefix, last)) for last in (3, 5, 7)))

    await cloud.rounds(race)


async def test_a_range_goes_or_is_taken_from(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        prefix = prefix_of(cloud)
        path = f"{RANGES}/{await make_range(cloud, prefix)}"
        cut = Request("PUT", path, ranging(prefix, 4))
        await cloud.gone_or_used(cut, taking(f"{prefix}7"), taking(f"{prefix}8"))
        gone = Request("DELETE", path)
        await cloud.at_once(gone, taking(f"{prefix}1"), taking(f"{prefix}2"), cut)

    await cloud.rounds(race)


async def test_one_elastic_ip_leads_to_an_address(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        prefix, port = prefix_of(cloud), await port_id(cloud)
        await make_range(cloud, prefix)
        ids = [await make(cloud, f"{prefix}{last}") for last in (1, 2)]
        await cloud.one_of(*(leading(each, port) for each in ids), taking(f"{prefix}3", port_id=port))

    await cloud.rounds(race)


async def test_ports_go_while_elastic_ips_begin_to_lead_to_them(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        prefix, port, other = prefix_of(cloud), await port_id(cloud), await port_id(cloud)
        await make_range(cloud, prefix)
        elastic_ip = await make(cloud, f"{prefix}1", port_id=port)
        await cloud.at_once(
            delete(f"ports/{port}"),
            leading(elastic_ip, port),
            leading(elastic_ip, ""),
            leading(elastic_ip, other),
            update(f"ports/{port}", "port", fixed_ips=[]),
            delete(f"ports/{other}"),
            Request("DELETE", f"{ELASTIC_IPS}/{elastic_ip}"),
            refused=(400, 404, 409),
        )

    await cloud.rounds(race)
