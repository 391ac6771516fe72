"""How many addresses networks have, and how many are in use."""

from tests.integration.api.neutron.requests import Neutron, shown

PATH = "/v2.0/network-ip-availabilities"


async def one(neutron: Neutron, network_id: str) -> dict[str, object]:
    found: dict[str, object] = shown(await neutron.http.get(f"{PATH}/{network_id}"))["network_ip_availability"]
    return found


async def several(neutron: Neutron, query: str = "") -> list[dict[str, object]]:
    found: list[dict[str, object]] = shown(await neutron.http.get(f"{PATH}?{query}"))["network_ip_availabilities"]
    return found


async def test_addresses_are_counted_by_subnet_and_network(neutron: Neutron) -> None:
    network = await neutron.create("network", name="blue", project_id="p")
    four = await neutron.create("subnet", name="4", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4)
    pools = [{"start": "fd00::10", "end": "fd00::1f"}, {"start": "fd00::30", "end": "fd00::3f"}]
    six = await neutron.create(
        "subnet", name="6", network_id=network["id"], cidr="fd00::/64", ip_version=6, allocation_pools=pools
    )
    fixed_ips = [{"subnet_id": four["id"]}, {"subnet_id": six["id"]}]
    ports = [await neutron.create("port", network_id=network["id"], fixed_ips=fixed_ips) for _ in range(3)]
    await neutron.create("port", network_id=network["id"], fixed_ips=[{"ip_address": "10.0.0.1"}])  # in no pool

    def details(*counts: int) -> dict[str, int]:
        return dict(zip(("total_ips_in_subnet", "total_ips_in_allocation_pool",
                         "used_ips_in_subnet", "used_ips_in_allocation_pool"), counts, strict=True))  # fmt: skip

    expected = {
        "network_id": network["id"], "network_name": "blue", "project_id": "p", "tenant_id": "p",
        "total_ips": 253 + 32, "used_ips": 7,
        "ip_availability_details": details(2**64 + 254, 253 + 32, 7, 6),
        "subnet_ip_availability": sorted(
            (
                {"subnet_id": four["id"], "subnet_name": "4", "cidr": "10.0.0.0/24", "ip_version": 4,
                 "total_ips": 253, "used_ips": 4, "ip_availability_details": details(254, 253, 4, 3)},
                {"subnet_id": six["id"], "subnet_name": "6", "cidr": "fd00::/64", "ip_version": 6,
                 "total_ips": 32, "used_ips": 3, "ip_availability_details": details(2**64, 32, 3, 3)},
            ),
            key=lambda subnet: str(subnet["subnet_id"]),
        ),
    }  # fmt: skip
    assert await one(neutron, network["id"]) == expected
    assert await several(neutron) == [expected]
    await neutron.delete("port", ports[0]["id"])
    assert (await one(neutron, network["id"]))["used_ips"] == 5


async def test_a_network_without_subnets_has_no_addresses(neutron: Neutron) -> None:
    network = await neutron.create("network")
    found = await one(neutron, network["id"])
    assert (found["total_ips"], found["used_ips"], found["subnet_ip_availability"]) == (0, 0, [])
    assert set(dict(found["ip_availability_details"]).values()) == {0}  # type: ignore[call-overload]


async def test_they_are_looked_for_and_listed_by_the_page(neutron: Neutron) -> None:
    networks = [await neutron.create("network", name=name, project_id=name[0]) for name in ("a1", "a2", "b1")]
    for network, cidr, version in zip(networks, ("10.0.0.0/24", "fd00::/64", "10.0.0.0/8"), (4, 6, 4), strict=True):
        await neutron.create("subnet", network_id=network["id"], cidr=cidr, ip_version=version)

    async def names(query: str) -> set[object]:
        return {found["network_name"] for found in await several(neutron, query)}

    assert await names("") == {"a1", "a2", "b1"}
    assert await names("ip_version=4") == {"a1", "b1"}
    assert await names("ip_version=6") == {"a2"}
    assert await names("project_id=a") == await names("tenant_id=a") == {"a1", "a2"}
    assert await names("network_name=b1&ip_version=4") == {"b1"}
    assert await names(f"network_id={networks[1]['id']}") == {"a2"}
    assert await several(neutron, "fields=used_ips&network_name=b1") == [{"used_ips": 0}]
    first = (await neutron.http.get(f"{PATH}?limit=2&sort_key=network_name&sort_dir=asc")).json()
    assert [found["network_name"] for found in first["network_ip_availabilities"]] == ["a1", "a2"]
    (link,) = first["network_ip_availabilities_links"]
    assert [found["network_name"] for found in (await neutron.http.get(link["href"])).json()[
        "network_ip_availabilities"
    ]] == ["b1"]  # fmt: skip


async def test_what_cannot_be_is_refused(neutron: Neutron) -> None:
    status, kind, _ = await neutron.refused("GET", "network-ip-availabilities/nothing")
    assert (status, kind) == (404, "NetworkNotFound")
    for query in ("ip_version=5", "ip_version=", "total_ips=7", "colour=red", "limit=-1"):
        assert (await neutron.http.get(f"{PATH}?{query}")).status_code == 400
    assert (await neutron.http.post(PATH, json={})).status_code == 405


async def test_an_ipv6_subnet_has_more_addresses_than_64_bits_count(neutron: Neutron) -> None:
    network = await neutron.create("network")
    await neutron.create("subnet", network_id=network["id"], cidr="fd00::/56", ip_version=6)
    answer = shown(await neutron.http.get(f"/v2.0/network-ip-availabilities/{network['id']}"))
    assert answer["network_ip_availability"]["total_ips"] > 2**64
