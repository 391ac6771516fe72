"""Elastic IPs and their ranges, as Alcor's Elastic IP Manager has them."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from alcor.model.identifiers import new_id
from tests.integration.api.alcor.requests import ELSEWHERE, PROJECT, add_port, add_subnet, add_vpc, refusal, shown

ELASTIC_IPS = f"{PROJECT}/elasticips"
RANGES = "/elasticip-ranges"


def parts(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"start": start, "end": end} for start, end in pairs]


async def add_range(client: httpx.AsyncClient, *pairs: tuple[str, str], **others: Any) -> dict[str, Any]:
    body = {"elasticip-range": {"allocation_ranges": parts(*pairs)} | others}
    return shown(await client.post(RANGES, json=body), 201)["elasticip-range"]


async def add(client: httpx.AsyncClient, **others: Any) -> dict[str, Any]:
    return shown(await client.post(ELASTIC_IPS, json={"elasticip": others}), 201)["elasticip"]


async def put(client: httpx.AsyncClient, elastic: Mapping[str, Any], **changes: Any) -> httpx.Response:
    return await client.put(f"{ELASTIC_IPS}/{elastic['id']}", json={"elasticip": changes})


async def show(client: httpx.AsyncClient, elastic: Mapping[str, Any]) -> dict[str, Any]:
    return shown(await client.get(f"{ELASTIC_IPS}/{elastic['id']}"))["elasticip"]


async def used(client: httpx.AsyncClient, its_range: Mapping[str, Any]) -> int:
    return shown(await client.get(f"{RANGES}/{its_range['id']}"))["elasticip-range"]["used_ip_count"]


async def two_addresses(client: httpx.AsyncClient, **others: Any) -> dict[str, Any]:
    """A port with two IPv4 addresses."""
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    fixed_ips = [{"subnet_id": subnet["id"], "ip_address": f"10.0.0.{last}"} for last in (5, 6)]
    return await add_port(client, vpc["id"], fixed_ips=fixed_ips, **others)


async def test_addresses_are_given_out_from_ranges(client: httpx.AsyncClient) -> None:
    its_range = await add_range(client, ("198.51.100.1", "198.51.100.2"), ("203.0.113.7", "203.0.113.7"), name="r")
    assert its_range.items() >= {"name": "r", "ip_version": 4, "used_ip_count": 0}.items()
    first = await add(client, name="e", dns_name="www", dns_domain="example.org")
    assert first.items() >= {
        "name": "e", "project_id": "p1", "elastic_ip_version": 4, "port_id": None, "private_ip": None,
        "dns_name": "www", "dns_domain": "example.org", "state": "deactivated", "port_details": None,
    }.items()  # fmt: skip
    wanted = await add(client, elastic_ip="203.0.113.7")
    others = [first, wanted, await add(client)]
    assert {each["elastic_ip"] for each in others} == {"198.51.100.1", "198.51.100.2", "203.0.113.7"}
    assert await used(client, its_range) == 3
    assert "203.0.113.7" in refusal(await client.post(ELASTIC_IPS, json={"elasticip": wanted | {"id": new_id()}}), 409)
    refusal(await client.post(ELASTIC_IPS, json={"elasticip": {}}), 409)
    assert shown(await client.delete(f"/v4{ELASTIC_IPS}/{wanted['id']}")) == {"id": wanted["id"]}
    refusal(await client.get(f"{ELASTIC_IPS}/{wanted['id']}"), 404)
    assert (await add(client))["elastic_ip"] == "203.0.113.7"


async def test_each_version_has_its_own_ranges(client: httpx.AsyncClient) -> None:
    refusal(await client.post(ELASTIC_IPS, json={"elasticip": {"elastic_ip_version": 6}}), 409)
    await add_range(client, ("198.51.100.1", "198.51.100.9"))
    await add_range(client, ("2001:db8::", "2001:db8::ffff:ffff"), ip_version=6)
    assert ":" in (await add(client, elastic_ip_version=6))["elastic_ip"]
    named = await add(client, elastic_ip="2001:DB8::0:7")
    assert (named["elastic_ip"], named["elastic_ip_version"]) == ("2001:db8::7", 6)
    assert "." in (await add(client))["elastic_ip"]
    assert [each["id"] for each in shown(await client.get(f"{ELASTIC_IPS}?elastic_ip=2001:db8::7"))["elasticips"]] == [
        named["id"]
    ]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("elastic_ip", {"elastic_ip": "x"}),
        ("elastic_ip", {"elastic_ip": "198.51.100.1", "elastic_ip_version": 6}),
        ("elastic_ip_version", {"elastic_ip_version": 5}),
        ("private_ip", {"private_ip": "10.0.0.5"}),
        ("port_id", {"port_id": "x"}),
        ("dns_name", {"dns_name": "a b"}),
        ("state", {"status": "state"}),
    ],
)
async def test_a_wrong_elastic_ip_is_refused(client: httpx.AsyncClient, field: str, wrong: dict[str, Any]) -> None:
    await add_range(client, ("198.51.100.1", "198.51.100.9"))
    message = refusal(await client.post(ELASTIC_IPS, json={"elasticip": wrong}), 400)
    assert next(iter(wrong)) in message or field in message
    assert shown(await client.get(ELASTIC_IPS))["elasticips"] == []


async def test_an_elastic_ip_leads_to_an_address_of_a_port(client: httpx.AsyncClient) -> None:
    await add_range(client, ("198.51.100.1", "198.51.100.9"))
    port = await two_addresses(client, name="web")
    first, second = await add(client, port_id=port["id"]), await add(client)
    assert first.items() >= {"port_id": port["id"], "private_ip": "10.0.0.5", "state": "activated"}.items()
    details = first["port_details"]
    assert (details["name"], details["network_id"]) == ("web", port["network_id"])
    taken = await put(client, second, port_id=port["id"], private_ip="10.0.0.5")
    assert first["id"] in refusal(taken, 409)
    second = shown(await put(client, second, port_id=port["id"]))["elasticip"]
    assert second["private_ip"] == "10.0.0.6"
    third = await put(client, await add(client), port_id=port["id"])
    assert "10.0.0.5" in refusal(third, 409)
    for state, count in (("activated", 2), ("deactivated", 1), ("x", 0)):
        assert len(shown(await client.get(f"{ELASTIC_IPS}?state={state}"))["elasticips"]) == count
    whole = shown(await put(client, second, **(second | {"name": "renamed"})))["elasticip"]
    assert (whole["name"], whole["private_ip"]) == ("renamed", "10.0.0.6")
    assert port["id"] in refusal(await client.delete(f"{ELASTIC_IPS}/{first['id']}"), 409)
    gone = shown(await put(client, first, port_id=""))["elasticip"]
    assert (gone["port_id"], gone["private_ip"], gone["state"]) == (None, None, "deactivated")
    moved = shown(await put(client, second, port_id=port["id"], private_ip="10.0.0.5"))["elasticip"]
    assert moved["private_ip"] == "10.0.0.5"
    shown(await client.delete(f"{ELASTIC_IPS}/{first['id']}"))


async def test_what_an_elastic_ip_cannot_lead_to_is_refused(client: httpx.AsyncClient) -> None:
    await add_range(client, ("198.51.100.1", "198.51.100.9"))
    await add_range(client, ("2001:db8::1", "2001:db8::9"), ip_version=6)
    port, other = await two_addresses(client), await two_addresses(client)
    vpc = await add_vpc(client, ELSEWHERE)
    foreign = shown(await client.post(f"{ELSEWHERE}/ports", json={"port": {"network_id": vpc["id"]}}), 201)["port"]
    bare = await add_port(client, (await add_vpc(client))["id"])
    owned = await two_addresses(client, device_owner="network:dhcp")
    for field, status, wrong in (
        ("private_ip", 400, {"port_id": port["id"], "private_ip": "10.0.0.9"}),
        ("IPv6", 400, {"port_id": port["id"], "elastic_ip_version": 6}),
        ("port_id", 400, {"port_id": bare["id"]}),
        ("port_id", 400, {"port_id": owned["id"]}),
        (foreign["id"], 404, {"port_id": foreign["id"]}),
        ("", 404, {"port_id": new_id()}),
    ):
        assert field in refusal(await client.post(ELASTIC_IPS, json={"elasticip": wrong}), status)
    elastic = await add(client, port_id=port["id"])
    assert port["id"] in refusal(await put(client, elastic, port_id=other["id"]), 409)
    for name, value in (("elastic_ip", "198.51.100.77"), ("elastic_ip_version", 6)):
        assert name in refusal(await put(client, elastic, **{name: value}), 400)
    assert await show(client, elastic) == elastic


async def test_an_elastic_ip_leads_nowhere_once_the_address_is_gone(client: httpx.AsyncClient) -> None:
    await add_range(client, ("198.51.100.1", "198.51.100.9"))
    port = await two_addresses(client)
    first, second = [await add(client, port_id=port["id"], private_ip=f"10.0.0.{last}") for last in (5, 6)]
    kept = {"port": {"fixed_ips": [each for each in port["fixed_ips"] if each["ip_address"] == "10.0.0.6"]}}
    shown(await client.put(f"{PROJECT}/ports/{port['id']}", json=kept))
    states = [(await show(client, each))["state"] for each in (first, second)]
    assert states == ["deactivated", "activated"]
    shown(await client.delete(f"{PROJECT}/ports/{port['id']}"))
    after = await show(client, second)
    assert (after["port_id"], after["private_ip"]) == (None, None)
    assert after["revision_number"] == second["revision_number"] + 1


async def test_a_range_keeps_what_is_allocated(client: httpx.AsyncClient) -> None:
    its_range = await add_range(client, ("198.51.100.1", "198.51.100.4"))
    path = f"{RANGES}/{its_range['id']}"
    elastic = await add(client, elastic_ip="198.51.100.3")

    async def change(**changes: Any) -> httpx.Response:
        return await client.put(path, json={"elasticip-range": changes})

    cut = await change(allocation_ranges=parts(("198.51.100.1", "198.51.100.2")))
    assert its_range["id"] in refusal(cut, 409)
    wanted = parts(("198.51.100.3", "198.51.100.3"), ("203.0.113.1", "203.0.113.1"))
    after = shown(await change(allocation_ranges=wanted, name="r"))["elasticip-range"]
    assert (after["allocation_ranges"], after["used_ip_count"], after["name"]) == (wanted, 1, "r")
    assert (await add(client))["elastic_ip"] == "203.0.113.1"
    refusal(await client.post(ELASTIC_IPS, json={"elasticip": {}}), 409)
    assert its_range["id"] in refusal(await client.delete(path), 409)
    for each in shown(await client.get(ELASTIC_IPS))["elasticips"]:
        shown(await client.delete(f"{ELASTIC_IPS}/{each['id']}"))
    assert elastic["id"] and shown(await client.delete(path)) == {"id": its_range["id"]}
    refusal(await client.post(ELASTIC_IPS, json={"elasticip": {}}), 409)
    assert shown(await client.get(f"/v4{RANGES}"))["elasticip-ranges"] == []


async def test_a_wrong_range_is_refused(client: httpx.AsyncClient) -> None:
    first = await add_range(client, ("198.51.100.1", "198.51.100.9"))
    for text, status, wrong in (
        ("198.51.100.8-198.51.100.7", 400, {"allocation_ranges": parts(("198.51.100.8", "198.51.100.7"))}),
        ("IPv4", 400, {"allocation_ranges": parts(("2001:db8::1", "2001:db8::2"))}),
        ("IPv6", 400, {"ip_version": 6, "allocation_ranges": parts(("10.0.0.1", "10.0.0.2"))}),
        ("10.0.0.2", 400, {"allocation_ranges": parts(("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.3"))}),
        ("allocation_ranges", 400, {"allocation_ranges": [{"start": "10.0.0.1"}]}),
        ("ip_version", 400, {"ip_version": 5}),
        (first["id"], 409, {"allocation_ranges": parts(("198.51.100.9", "198.51.100.12"))}),
        ("id", 409, {"id": first["id"], "allocation_ranges": parts(("10.0.0.1", "10.0.0.2"))}),
    ):
        assert text in refusal(await client.post(RANGES, json={"elasticip-range": wrong}), status)
    body = {"elasticip-range": {"ip_version": 6}}
    assert "ip_version" in refusal(await client.put(f"{RANGES}/{first['id']}", json=body), 400)
    refusal(await client.put(f"{RANGES}/{new_id()}", json={"elasticip-range": {}}), 404)
    assert [each["id"] for each in shown(await client.get(RANGES))["elasticip-ranges"]] == [first["id"]]
