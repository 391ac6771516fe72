"""Subnet pools: the ranges of subnets out of them, and address scopes, within which pools do not overlap."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.api.neutron.callers import As
from tests.integration.api.neutron.requests import Json, Neutron, shown
from tests.integration.api.neutron.test_networks import NOWHERE, settled


async def pool(neutron: Neutron, *prefixes: str, **attributes: Any) -> Json:
    return await neutron.create(
        "subnetpool", **{"name": "p", "prefixes": prefixes or ["10.0.0.0/16"], "min_prefixlen": 24} | attributes
    )


async def subnet(neutron: Neutron, its_pool: Json, network: Json | None = None, **attributes: Any) -> Json:
    network = network or await neutron.create("network")
    return await neutron.create("subnet", network_id=network["id"], subnetpool_id=its_pool["id"], **attributes)


async def test_a_pool_has_neutrons_attributes_and_defaults(neutron: Neutron) -> None:
    created = await neutron.create("subnetpool", name="p", prefixes=["10.1.0.0/24", "10.0.0.0/16", "10.1.1.0/24"])
    assert settled(created) == {
        "project_id": "default",
        "tenant_id": "default",
        "name": "p",
        "description": "",
        "prefixes": ["10.0.0.0/16", "10.1.0.0/23"],
        "ip_version": 4,
        "min_prefixlen": "8",
        "max_prefixlen": "32",
        "default_prefixlen": "8",
        "default_quota": None,
        "address_scope_id": None,
        "is_default": False,
        "shared": False,
        "tags": [],
        "revision_number": 1,
    }
    six = await neutron.create("subnetpool", name="six", prefixes=["2001:db8::/32"])
    assert [six[f"{each}_prefixlen"] for each in ("min", "max", "default")] == ["64", "128", "64"]


async def test_what_is_said_of_a_pool_is_shown_until_it_is_deleted(neutron: Neutron) -> None:
    said: Json = {"min_prefixlen": "20", "default_prefixlen": "26", "max_prefixlen": "28", "default_quota": 512}
    created = await pool(neutron, **said)
    assert created | said == created == await neutron.show("subnetpool", created["id"])
    changes: Json = {"name": "q", "description": "d", "default_prefixlen": 25, "default_quota": 7}
    updated = await neutron.update("subnetpool", created["id"], **changes, prefixes=["10.0.0.0/15"])
    assert updated | changes | {"default_prefixlen": "25", "prefixes": ["10.0.0.0/15"]} == updated
    assert await neutron.names("subnetpool", "default_prefixlen=25&ip_version=4&shared=False") == ["q"]
    assert await neutron.names("subnetpool", "shared=True") == []
    await neutron.delete("subnetpool", created["id"])
    assert await neutron.list("subnetpool") == []


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ({"name": ""}, "HTTPBadRequest", "Invalid input for name. Reason: '' Blank strings are not permitted."),
        ({"prefixes": []}, "EmptySubnetPoolPrefixList", "Empty subnet pool prefix list."),
        ({"prefixes": ["10.0.0.0"]}, "HTTPBadRequest", "Invalid input for prefixes."),
        ({"prefixes": ["10.0.0.0/8", "2001:db8::/64"]}, "PrefixVersionMismatch", "Cannot mix IPv4 and IPv6"),
        ({"prefixes": ["0.0.0.0/0"]}, "InvalidInput", "0 is not allowed as CIDR prefix length"),
        ({"min_prefixlen": 25, "max_prefixlen": 24}, "IllegalSubnetPoolPrefixBounds", "min_prefixlen=25"),
        ({"max_prefixlen": 33}, "IllegalSubnetPoolPrefixBounds", "max_prefixlen=33, ip_version_max=32"),
        ({"default_prefixlen": 23}, "IllegalSubnetPoolPrefixBounds", "default_prefixlen=23, min_prefixlen=24"),
        ({"max_prefixlen": 26, "default_prefixlen": 27}, "IllegalSubnetPoolPrefixBounds", "max_prefixlen=26"),
        ({"default_quota": -1}, "HTTPBadRequest", "Invalid input for default_quota."),
        ({"address_scope_id": "x"}, "HTTPBadRequest", "Invalid input for address_scope_id."),
    ],
)
async def test_what_a_pool_cannot_be(neutron: Neutron, said: Json, kind: str, words: str) -> None:
    body = {"name": "p", "prefixes": ["10.0.0.0/16"], "min_prefixlen": 24} | said
    refused = await neutron.refused("POST", "subnetpools", {"subnetpool": body})
    assert refused[:2] == (400, kind)
    assert words in refused[2]


async def test_subnets_get_their_ranges_from_a_pool(neutron: Neutron) -> None:
    its_pool = await pool(neutron, "10.0.0.0/22", default_prefixlen=25)
    network = await neutron.create("network")
    first = await subnet(neutron, its_pool, network)
    assert (first["cidr"], first["gateway_ip"], first["subnetpool_id"]) == ("10.0.0.0/25", "10.0.0.1", its_pool["id"])
    assert first["allocation_pools"] == [{"start": "10.0.0.2", "end": "10.0.0.126"}]
    assert "prefixlen" not in first and "use_default_subnetpool" not in first
    by_length = await subnet(neutron, its_pool, network, prefixlen="24", ip_version=4, gateway_ip=None)
    assert (by_length["cidr"], by_length["gateway_ip"]) == ("10.0.1.0/24", None)
    assert (await subnet(neutron, its_pool, network))["cidr"] == "10.0.0.128/25"  # the smallest that is large enough
    certain = await subnet(neutron, its_pool, network, cidr="10.0.3.0/24", gateway_ip="10.0.3.9")
    assert (certain["cidr"], certain["gateway_ip"]) == ("10.0.3.0/24", "10.0.3.9")
    assert await neutron.names("subnet", f"subnetpool_id={its_pool['id']}") == [""] * 4
    await neutron.delete("subnet", first["id"])
    assert (await subnet(neutron, its_pool, network))["cidr"] == first["cidr"]
    await neutron.delete("network", network["id"])
    assert (await subnet(neutron, its_pool, prefixlen=24))["cidr"] == "10.0.0.0/24"


async def test_many_at_once_get_ranges_of_their_own(neutron: Neutron) -> None:
    its_pool = await pool(neutron, "10.0.0.0/20")
    network = await neutron.create("network")
    body = {"subnet": {"network_id": network["id"], "subnetpool_id": its_pool["id"]}}
    answers = await asyncio.gather(*(neutron.http.post("/v2.0/subnets", json=body) for _ in range(20)))
    made = [answer.json()["subnet"]["cidr"] for answer in answers if answer.status_code == 201]
    assert sorted(set(made)) == sorted(made) and len(made) == 16
    assert {answer.status_code for answer in answers} == {201, 409}


async def test_a_pool_gives_no_range_twice_and_stays_while_it_has_subnets(neutron: Neutron) -> None:
    its_pool = await pool(neutron, "10.0.0.0/24")
    held = await subnet(neutron, its_pool)
    network = await neutron.create("network")
    wanted = {"network_id": network["id"], "subnetpool_id": its_pool["id"]}
    for more in ({}, {"prefixlen": 32}, {"cidr": "10.0.0.0/25"}):
        refused = await neutron.refused("POST", "subnets", {"subnet": wanted | more | {"enable_dhcp": False}})
        assert refused[:2] == (409, "SubnetAllocationError")
    refused = await neutron.refused("DELETE", f"subnetpools/{its_pool['id']}")
    assert refused == (
        400,
        "SubnetPoolDeleteError",
        "Unable to delete subnet pool: Subnet pool has existing allocations.",
    )
    await neutron.delete("subnet", held["id"])
    await neutron.delete("subnetpool", its_pool["id"])


@pytest.mark.parametrize(
    ("said", "status", "kind"),
    [
        ({"prefixlen": 23}, 400, "MinPrefixSubnetAllocationError"),
        ({"prefixlen": 29}, 400, "MaxPrefixSubnetAllocationError"),
        ({"cidr": "10.0.0.0/29"}, 400, "MaxPrefixSubnetAllocationError"),
        ({"cidr": "10.9.0.0/24"}, 409, "SubnetAllocationError"),
        ({"cidr": "10.0.0.0/24", "prefixlen": 24}, 400, "BadRequest"),
        ({"ip_version": 6}, 400, "BadRequest"),
        ({"allocation_pools": [{"start": "10.0.0.2", "end": "10.0.0.9"}]}, 400, "BadRequest"),
        ({"use_default_subnetpool": True}, 400, "BadRequest"),
        ({"subnetpool_id": NOWHERE}, 404, "SubnetPoolNotFound"),
        ({"subnetpool_id": None, "prefixlen": 24}, 400, "BadRequest"),
        ({"subnetpool_id": None, "use_default_subnetpool": True, "ip_version": 4}, 400, "BadRequest"),
        ({"subnetpool_id": None, "use_default_subnetpool": True}, 400, "BadRequest"),
    ],
)
async def test_what_cannot_be_had_of_a_pool(neutron: Neutron, said: Json, status: int, kind: str) -> None:
    its_pool = await pool(neutron, "10.0.0.0/16", max_prefixlen=28)
    network = await neutron.create("network")
    body = {"network_id": network["id"], "subnetpool_id": its_pool["id"]} | said
    assert (await neutron.refused("POST", "subnets", {"subnet": body}))[:2] == (status, kind)


async def test_default_pools_are_one_of_each_version(neutron: Neutron) -> None:
    four = await pool(neutron, is_default=True)
    six = await pool(neutron, "2001:db8::/48", min_prefixlen=64, is_default=True)
    another = await pool(neutron, "10.1.0.0/16")
    words = "A default subnetpool for this IP family has already been set. Only one default may exist per IP family"
    taken = (400, "InvalidInput", f"Invalid input for operation: {words}.")
    body = {"subnetpool": {"is_default": True}}
    assert await neutron.refused("PUT", f"subnetpools/{another['id']}", body) == taken
    network = await neutron.create("network")
    for version, its in ((4, four), (6, six)):
        found = await neutron.create(
            "subnet", network_id=network["id"], ip_version=version, use_default_subnetpool=True
        )
        assert (found["subnetpool_id"], found["ip_version"]) == (its["id"], version)
    await neutron.update("subnetpool", four["id"], is_default=False)
    assert (await neutron.update("subnetpool", another["id"], is_default=True))["is_default"]


async def test_a_project_has_no_more_of_a_pool_than_its_quota(neutron: Neutron) -> None:
    its_pool = await pool(neutron, default_quota=512)
    network = await neutron.create("network")
    for _ in range(2):
        await subnet(neutron, its_pool, network)
    wanted = {"network_id": network["id"], "subnetpool_id": its_pool["id"]}
    refused = await neutron.refused("POST", "subnets", {"subnet": wanted | {"prefixlen": 32, "enable_dhcp": False}})
    assert refused == (409, "SubnetPoolQuotaExceeded", "Per-project subnet pool prefix quota exceeded.")
    assert await subnet(neutron, its_pool, project_id="another")
    await neutron.update("subnetpool", its_pool["id"], default_quota=513)
    assert await subnet(neutron, its_pool, network, prefixlen=32, enable_dhcp=False)


async def test_subnets_of_a_network_are_of_one_pool_or_scope(neutron: Neutron) -> None:
    one, other = await pool(neutron), await pool(neutron, "10.1.0.0/16")
    network = await neutron.create("network")
    its = {"network_id": network["id"]}
    await subnet(neutron, one, network)
    affinity = 400, "NetworkSubnetPoolAffinityError"
    for more in ({"subnetpool_id": other["id"]}, {"cidr": "192.0.2.0/24"}):
        assert (await neutron.refused("POST", "subnets", {"subnet": its | more}))[:2] == affinity
    await neutron.create("subnet", **its, cidr="2001:db8::/64")
    scope = await neutron.create("address_scope", ip_version=4)
    await neutron.update("subnetpool", one["id"], address_scope_id=scope["id"])
    of_other = {"subnet": its | {"subnetpool_id": other["id"]}}
    assert (await neutron.refused("POST", "subnets", of_other))[:2] == (400, "NetworkAddressScopeAffinityError")
    await neutron.update("subnetpool", other["id"], address_scope_id=scope["id"])
    await subnet(neutron, other, network)
    found = await neutron.show("network", network["id"])
    assert (found["ipv4_address_scope"], found["ipv6_address_scope"]) == (scope["id"], None)
    leaving = await neutron.refused("PUT", f"subnetpools/{one['id']}", {"subnetpool": {"address_scope_id": None}})
    assert leaving[:2] == (400, "NetworkAddressScopeAffinityError")


async def test_pools_of_a_scope_do_not_overlap(neutron: Neutron) -> None:
    scope = await neutron.create("address_scope", ip_version=4)
    assert scope.keys() == {"id", "project_id", "tenant_id", "name", "ip_version", "shared"}
    one = await pool(neutron, address_scope_id=scope["id"])
    overlapping = await pool(neutron, "10.0.8.0/24")
    into = {"subnetpool": {"address_scope_id": scope["id"]}}
    path = f"subnetpools/{overlapping['id']}"
    words = "Failed to associate address scope: subnetpools within an address scope must have unique prefixes."
    assert await neutron.refused("PUT", path, into) == (409, "AddressScopePrefixConflict", words)
    apart = await pool(neutron, "10.1.0.0/16", address_scope_id=scope["id"])
    growing = {"subnetpool": {"prefixes": ["10.0.0.0/15"]}}
    assert (await neutron.refused("PUT", f"subnetpools/{apart['id']}", growing))[:2] == (
        409,
        "AddressScopePrefixConflict",
    )
    adding = await neutron.refused("PUT", f"subnetpools/{apart['id']}/add_prefixes", {"prefixes": ["10.0.0.0/30"]})
    assert adding[:2] == (409, "AddressScopePrefixConflict")
    six = await neutron.create("address_scope", ip_version=6)
    into = {"subnetpool": {"address_scope_id": six["id"]}}
    wrong = 400, "IllegalSubnetPoolIpVersionAssociationToAddressScope"
    assert (await neutron.refused("PUT", path, into))[:2] == wrong
    assert (await neutron.refused("DELETE", f"address-scopes/{scope['id']}"))[:2] == (409, "AddressScopeInUse")
    for each in (one, apart):
        await neutron.delete("subnetpool", each["id"])
    await neutron.delete("address_scope", scope["id"])


async def test_prefixes_are_added_and_removed(neutron: Neutron) -> None:
    its_pool = await pool(neutron, "10.0.0.0/24", "10.0.2.0/24")
    path = f"/v2.0/subnetpools/{its_pool['id']}"
    more = {"prefixes": ["10.0.1.0/24", "10.0.2.128/25"]}
    assert shown(await neutron.http.put(f"{path}/add_prefixes", json=more)) == {
        "prefixes": ["10.0.0.0/23", "10.0.2.0/24"]
    }
    held = await subnet(neutron, its_pool, cidr="10.0.1.0/24")
    illegal = 400, "IllegalSubnetPoolPrefixUpdate"
    assert (await neutron.refused("PUT", f"{path[6:]}/remove_prefixes", {"prefixes": ["10.0.0.0/22"]}))[:2] == illegal
    less = {"subnetpool": {"prefixes": ["10.0.0.0/23"]}}
    assert (await neutron.refused("PUT", path[6:], less))[:2] == illegal
    removed = await neutron.http.put(f"{path}/remove_prefixes", json={"prefixes": ["10.0.2.0/23", "192.0.2.0/24"]})
    assert shown(removed) == {"prefixes": ["10.0.0.0/23"]}
    assert (await neutron.show("subnetpool", its_pool["id"]))["prefixes"] == ["10.0.0.0/23"]
    await neutron.delete("subnet", held["id"])
    assert (await subnet(neutron, its_pool, cidr="10.0.1.0/24"))["cidr"] == held["cidr"]
    for body in ({}, [], {"prefixes": []}, {"prefixes": "10.0.0.0/8"}, {"prefixes": ["x"]}, {"prefixes": ["::/64"]}):
        assert (await neutron.refused("PUT", f"{path[6:]}/add_prefixes", body))[0] == 400


async def test_subnets_are_brought_into_a_pool(neutron: Neutron) -> None:
    its_pool = await pool(neutron, "10.0.0.0/24")
    network = await neutron.create("network")
    ranges = ["10.0.0.0/25", "192.0.2.0/24", "2001:db8::/64"]
    subnets = [await neutron.create("subnet", network_id=network["id"], cidr=each) for each in ranges]
    path, body = f"subnetpools/{its_pool['id']}/onboard_network_subnets", {"network_id": network["id"]}
    answer = shown(await neutron.http.put(f"/v2.0/{path}", json=body))
    assert answer == [{"id": each["id"], "cidr": each["cidr"]} for each in subnets[:2]]
    found = [(await neutron.show("subnet", each["id"]))["subnetpool_id"] for each in subnets]
    assert found == [its_pool["id"], its_pool["id"], None]
    assert (await neutron.show("subnetpool", its_pool["id"]))["prefixes"] == ["10.0.0.0/24", "192.0.2.0/24"]
    assert (await subnet(neutron, its_pool, network, prefixlen=25))["cidr"] == "10.0.0.128/25"
    assert (await neutron.refused("PUT", path, body))[:2] == (400, "IllegalSubnetPoolUpdate")  # they are in it
    other = await neutron.create("network")
    await neutron.create("subnet", network_id=other["id"], cidr="10.0.0.0/16")
    assert (await neutron.refused("PUT", path, {"network_id": other["id"]}))[:2] == (400, "IllegalSubnetPoolUpdate")
    for wrong, status in (({}, 400), ({"network_id": "x"}, 400), ({"network_id": NOWHERE}, 404)):
        assert (await neutron.refused("PUT", path, wrong))[0] == status
    another = await pool(neutron, "10.9.0.0/16")
    shown(await neutron.http.put(f"/v2.0/subnetpools/{another['id']}/onboard_network_subnets", json=body))
    assert (await subnet(neutron, its_pool, cidr="10.0.0.0/24"))["cidr"] == "10.0.0.0/24"


class Cloud:
    """Two projects, blue and red, and an administrator."""

    def __init__(self, sign_in: As) -> None:
        self.blue = Neutron(sign_in("blue", "member", "manager", "reader"))
        self.red = Neutron(sign_in("red", "member", "manager", "reader"))
        self.admin = Neutron(sign_in("ops", "admin"))


@pytest.fixture
async def cloud(sign_in: As) -> AsyncIterator[Cloud]:
    yield Cloud(sign_in)


async def test_a_shared_pool_gives_ranges_to_everybody(cloud: Cloud) -> None:
    shared = await pool(cloud.admin, shared=True)
    its_own = await pool(cloud.admin, "10.1.0.0/16")
    assert [each["id"] for each in await cloud.red.list("subnetpool")] == [shared["id"]]
    assert (await cloud.red.show("subnetpool", shared["id"]))["shared"]
    assert (await subnet(cloud.red, shared))["cidr"] == "10.0.0.0/24"
    network = await cloud.red.create("network")
    body = {"subnet": {"network_id": network["id"], "subnetpool_id": its_own["id"]}}
    assert (await cloud.red.refused("POST", "subnets", body))[:2] == (404, "SubnetPoolNotFound")
    for words in ({"shared": True}, {"is_default": True}):
        body = {"subnetpool": {"name": "p", "prefixes": ["10.0.0.0/16"]} | words}
        assert (await cloud.red.refused("POST", "subnetpools", body))[0] == 403
    assert (await cloud.admin.refused("PUT", f"subnetpools/{shared['id']}", {"subnetpool": {"shared": False}}))[
        0
    ] == 400
    theirs = await cloud.blue.create("network")
    body = {"network_id": theirs["id"]}
    onboarding = f"subnetpools/{(await pool(cloud.red))['id']}/onboard_network_subnets"
    assert (await cloud.red.refused("PUT", onboarding, body))[:2] == (404, "NetworkNotFound")
    change = {"prefixes": ["10.2.0.0/16"]}
    assert (await cloud.red.refused("PUT", f"subnetpools/{shared['id']}/add_prefixes", change))[0] == 403


async def test_pools_in_a_scope_of_another_are_changed_by_its_owner(cloud: Cloud) -> None:
    scope = await cloud.admin.create("address_scope", ip_version=4, shared=True)
    assert (await cloud.red.show("address_scope", scope["id"]))["shared"]
    its_pool = await pool(cloud.red, address_scope_id=scope["id"])
    path, more = f"subnetpools/{its_pool['id']}", {"prefixes": ["10.0.0.0/15"]}
    assert (await cloud.red.refused("PUT", path, {"subnetpool": more}))[:2] == (400, "IllegalSubnetPoolUpdate")
    assert (await cloud.red.refused("PUT", f"{path}/add_prefixes", more))[:2] == (400, "IllegalSubnetPoolUpdate")
    assert (await cloud.admin.update("subnetpool", its_pool["id"], **more))["prefixes"] == ["10.0.0.0/15"]
    body = {"address_scope": {"shared": False}}
    refused = await cloud.admin.refused("PUT", f"address-scopes/{scope['id']}", body)
    assert refused[:2] == (400, "AddressScopeUpdateError")
    hidden = await cloud.admin.create("address_scope", ip_version=4)
    body = {"subnetpool": {"name": "p", "prefixes": ["10.0.0.0/16"], "address_scope_id": hidden["id"]}}
    assert (await cloud.red.refused("POST", "subnetpools", body))[:2] == (404, "AddressScopeNotFound")


async def test_a_pool_is_shared_with_those_who_have_a_part_in_its_scope(cloud: Cloud) -> None:
    scope = await cloud.blue.create("address_scope", ip_version=4)
    its_pool = await pool(cloud.blue, address_scope_id=scope["id"])
    share = {"object_type": "subnetpool", "object_id": its_pool["id"], "action": "access_as_shared"}
    body = {"rbac_policy": share | {"target_tenant": "red"}}
    assert (await cloud.blue.refused("POST", "rbac-policies", body))[:2] == (400, "RbacPolicyInitError")
    of_scope = {"object_type": "address_scope", "object_id": scope["id"], "action": "access_as_shared"}
    await cloud.blue.create("rbac_policy", **of_scope, target_tenant="red")
    policy = await cloud.blue.create("rbac_policy", **share, target_tenant="red")
    body = {"rbac_policy": {"target_tenant": "green"}}
    refused = await cloud.blue.refused("PUT", f"rbac-policies/{policy['id']}", body)
    assert refused[:2] == (400, "RbacPolicyInitError")
    assert (await subnet(cloud.red, its_pool))["subnetpool_id"] == its_pool["id"]
