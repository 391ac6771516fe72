"""RBAC policies: what is shared with whom, and what stays shared while it is used."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.integration.api.neutron.callers import As
from tests.integration.api.neutron.requests import Json, Neutron, shown
from tests.integration.api.neutron.test_networks import NOWHERE

SHARED = "access_as_shared"


class Cloud:
    """Two projects, blue and red, and an administrator."""

    def __init__(self, sign_in: As) -> None:
        self.blue = Neutron(sign_in("blue", "member", "manager", "reader"))
        self.red = Neutron(sign_in("red", "member", "manager", "reader"))
        self.admin = Neutron(sign_in("ops", "admin"))


@pytest.fixture
async def cloud(sign_in: As) -> AsyncIterator[Cloud]:
    yield Cloud(sign_in)


def policy(object_type: str, object_id: str, target: str = "red", action: str = SHARED) -> Json:
    return {"object_type": object_type, "object_id": object_id, "target_tenant": target, "action": action}


async def qos_policy(neutron: Neutron) -> str:
    created: Json = shown(await neutron.http.post("/v2.0/qos/policies", json={"policy": {}}), 201)["policy"]
    return str(created["id"])


async def uses_network(red: Neutron, network_id: str) -> str:
    return f"ports/{(await red.create('port', network_id=network_id))['id']}"


async def uses_qos_policy(red: Neutron, policy_id: str) -> str:
    return f"networks/{(await red.create('network', qos_policy_id=policy_id))['id']}"


async def uses_security_group(red: Neutron, group_id: str) -> str:
    network = await red.create("network")
    return f"ports/{(await red.create('port', network_id=network['id'], security_groups=[group_id]))['id']}"


async def uses_address_group(red: Neutron, group_id: str) -> str:
    group = await red.create("security_group")
    rule = {"security_group_id": group["id"], "direction": "ingress", "remote_address_group_id": group_id}
    return f"security-group-rules/{(await red.create('security_group_rule', **rule))['id']}"


async def uses_address_scope(red: Neutron, scope_id: str) -> str:
    pool = {"name": "p", "prefixes": ["10.0.0.0/16"], "address_scope_id": scope_id}
    return f"subnetpools/{(await red.create('subnetpool', **pool))['id']}"


async def uses_subnetpool(red: Neutron, pool_id: str) -> str:
    network = await red.create("network")
    subnet = {"network_id": network["id"], "subnetpool_id": pool_id, "prefixlen": 24}
    return f"subnets/{(await red.create('subnet', **subnet))['id']}"


Use = Callable[[Neutron, str], Awaitable[str]]
TYPES: list[tuple[str, str, Use]] = [
    ("network", "networks", uses_network),
    ("qos_policy", "qos/policies", uses_qos_policy),
    ("security_group", "security-groups", uses_security_group),
    ("address_group", "address-groups", uses_address_group),
    ("address_scope", "address-scopes", uses_address_scope),
    ("subnetpool", "subnetpools", uses_subnetpool),
]
NEEDED: dict[str, Json] = {"address_scope": {"ip_version": 4}, "subnetpool": {"name": "p", "prefixes": ["10.0.0.0/16"]}}


@pytest.mark.parametrize(("object_type", "path", "use"), TYPES)
async def test_what_is_shared_is_shown_to_its_target_and_stays_so_while_the_target_uses_it(
    cloud: Cloud, object_type: str, path: str, use: Use
) -> None:
    blue, red, admin = cloud.blue, cloud.red, cloud.admin
    of_qos = object_type == "qos_policy"
    object_id = (
        await qos_policy(blue) if of_qos else (await blue.create(object_type, **NEEDED.get(object_type, {})))["id"]
    )
    assert (await red.http.get(f"/v2.0/{path}/{object_id}")).status_code == 404
    created = await blue.create("rbac_policy", **policy(object_type, object_id))
    (seen,) = shown(await red.http.get(f"/v2.0/{path}/{object_id}")).values()
    assert seen["shared"] is True
    assert (await red.refused("DELETE", f"{path}/{object_id}"))[0] in (403, 404)
    used = await use(red, object_id)
    rbac = f"rbac-policies/{created['id']}"
    in_use = (
        409,
        "RbacPolicyInUse",
        f"RBAC policy on object {object_id} cannot be removed because other objects depend on it.\n"
        "Details: project_id=red",
    )
    assert await blue.refused("DELETE", rbac) == in_use
    assert await blue.refused("PUT", rbac, {"rbac_policy": {"target_tenant": "green"}}) == in_use
    everybodys = await admin.create("rbac_policy", **policy(object_type, object_id, "*"))
    await blue.delete("rbac_policy", created["id"])
    status, kind, message = await admin.refused("DELETE", f"rbac-policies/{everybodys['id']}")
    assert (status, kind, message.endswith("project_id=*")) == (409, "RbacPolicyInUse", True)
    assert (await red.http.delete(f"/v2.0/{used}")).status_code == 204
    await admin.delete("rbac_policy", everybodys["id"])
    assert (await red.http.get(f"/v2.0/{path}/{object_id}")).status_code == 404


async def test_a_policy_goes_with_what_it_shares(cloud: Cloud) -> None:
    for object_type, path, _ in TYPES:
        of_qos = object_type == "qos_policy"
        object_id = (
            await qos_policy(cloud.blue)
            if of_qos
            else (await cloud.blue.create(object_type, **NEEDED.get(object_type, {})))["id"]
        )
        await cloud.blue.create("rbac_policy", **policy(object_type, object_id))
        assert (await cloud.blue.http.delete(f"/v2.0/{path}/{object_id}")).status_code == 204
        assert await cloud.admin.list("rbac_policy") == []


async def test_a_policy_shows_what_was_said_and_is_found_by_it(cloud: Cloud) -> None:
    network = await cloud.blue.create("network")
    created = await cloud.blue.create("rbac_policy", **policy("  NETWORK ", network["id"]))
    said = policy("network", network["id"]) | {"project_id": "blue", "tenant_id": "blue"}
    assert created == said | {"id": created["id"]}
    assert await cloud.blue.show("rbac_policy", created["id"]) == created
    for name, value in created.items():
        assert await cloud.blue.list("rbac_policy", f"{name}={value}") == [created]
        assert await cloud.blue.list("rbac_policy", f"{name}=x") == []
    changed = await cloud.blue.update("rbac_policy", created["id"], target_tenant="green")
    assert changed == created | {"target_tenant": "green"}
    for name in ("object_id", "object_type", "action", "project_id"):
        refused = await cloud.blue.refused("PUT", f"rbac-policies/{created['id']}", {"rbac_policy": {name: "x"}})
        assert refused[2] == f"Cannot update read-only attribute {name}"


async def test_sharing_a_network_is_a_revision_of_it(cloud: Cloud) -> None:
    network = await cloud.blue.create("network")

    async def revision() -> int:
        number: int = (await cloud.blue.show("network", network["id"]))["revision_number"]
        return number

    created = await cloud.blue.create("rbac_policy", **policy("network", network["id"]))
    assert await revision() == 2
    await cloud.blue.update("rbac_policy", created["id"], target_tenant="green")
    assert await revision() == 3
    await cloud.blue.delete("rbac_policy", created["id"])
    assert await revision() == 4


async def test_only_owners_share_and_only_administrators_with_everybody(cloud: Cloud) -> None:
    network = await cloud.blue.create("network")
    body = {"rbac_policy": policy("network", network["id"], "green")}
    absent = {"rbac_policy": policy("network", NOWHERE, "green")}
    assert (await cloud.red.refused("POST", "rbac-policies", body))[:2] == (404, "NetworkNotFound")
    assert (await cloud.red.refused("POST", "rbac-policies", absent))[:2] == (404, "NetworkNotFound")
    created = await cloud.blue.create("rbac_policy", **policy("network", network["id"]))
    assert await cloud.red.refused("POST", "rbac-policies", body) == (
        400,
        "InvalidInput",
        "Invalid input for operation: Only admins can manipulate policies on objects they do not own.",
    )
    wild = {"rbac_policy": policy("network", network["id"], "*")}
    assert (await cloud.blue.refused("POST", "rbac-policies", wild))[:2] == (403, "PolicyNotAuthorized")
    change = {"rbac_policy": {"target_tenant": "*"}}
    path = f"rbac-policies/{created['id']}"
    assert (await cloud.blue.refused("PUT", path, change))[:2] == (403, "PolicyNotAuthorized")
    assert (await cloud.admin.update("rbac_policy", created["id"], target_tenant="*"))["target_tenant"] == "*"


async def test_what_is_shared_with_its_own_project_may_be_unshared_whoever_uses_it(cloud: Cloud) -> None:
    network = await cloud.blue.create("network")
    created = await cloud.blue.create("rbac_policy", **policy("network", network["id"], "blue"))
    await cloud.blue.create("port", network_id=network["id"])
    await cloud.blue.update("rbac_policy", created["id"], target_tenant="red")
    await cloud.blue.delete("rbac_policy", created["id"])


async def test_a_policy_is_there_once(cloud: Cloud) -> None:
    network = await cloud.blue.create("network")
    said = policy("network", network["id"])
    await cloud.blue.create("rbac_policy", **said)
    other = await cloud.blue.create("rbac_policy", **said | {"target_tenant": "green"})
    twice = (409, "DuplicateRbacPolicy", "An RBAC policy already exists with those values.")
    assert await cloud.blue.refused("POST", "rbac-policies", {"rbac_policy": said}) == twice
    change = {"rbac_policy": {"target_tenant": "red"}}
    assert await cloud.blue.refused("PUT", f"rbac-policies/{other['id']}", change) == twice
    assert await cloud.blue.update("rbac_policy", other["id"], target_tenant="green") == other


async def test_bad_requests_are_told_what_is_wrong(neutron: Neutron) -> None:
    network = await neutron.create("network")
    said = policy("network", network["id"])
    for wrong, kind, message in (
        ({"object_type": "port"}, "InvalidInput", "Invalid input for operation: 'port' is not a valid RBAC object"),
        ({"action": "access_as_mine"}, "InvalidActionForType", "Invalid action 'access_as_mine' for object type"),
        ({"target_tenant": None}, "HTTPBadRequest", "Invalid input for target_tenant. Reason: 'None' is not a valid"),
        ({"target_tenant": ""}, "HTTPBadRequest", "Invalid input for target_tenant. Reason: '' is not a valid"),
        ({"target_tenant": "1" * 256}, "HTTPBadRequest", "Invalid input for target_tenant. Reason: '1111"),
        ({"object_id": "x"}, "HTTPBadRequest", "Invalid input for object_id. Reason: 'x' is not a valid UUID."),
    ):
        status, found, text = await neutron.refused("POST", "rbac-policies", {"rbac_policy": said | wrong})
        assert (status, found) == (400, kind), wrong
        assert text.startswith(message), wrong
    for name in said:
        rest = {"rbac_policy": {other: value for other, value in said.items() if other != name}}
        refused = await neutron.refused("POST", "rbac-policies", rest)
        assert refused[2] == f"Failed to parse request. Required attribute '{name}' not specified"
    absent = await neutron.refused("GET", f"rbac-policies/{NOWHERE}")
    assert absent[:2] == (404, "RbacPolicyNotFound")


async def test_a_network_is_shared_by_its_attribute_and_by_entries_alike(cloud: Cloud) -> None:
    admin, red = cloud.admin, cloud.red
    network = await admin.create("network", shared=True)
    (everybodys,) = await admin.list("rbac_policy", f"object_id={network['id']}")
    assert (everybodys["target_tenant"], everybodys["action"], everybodys["project_id"]) == ("*", SHARED, "ops")
    assert await red.list("network", "shared=true") == [await red.show("network", network["id"])]
    assert await red.list("network", "shared=false") == []
    subnet = await admin.create("subnet", network_id=network["id"], cidr="10.0.0.0/24")
    assert [each["id"] for each in await red.list("subnet", "shared=true")] == [subnet["id"]]
    assert await red.list("subnet", "shared=false") == []
    port = await red.create("port", network_id=network["id"])
    unshare = {"network": {"shared": False}}
    assert await admin.refused("PUT", f"networks/{network['id']}", unshare) == (
        409,
        "InvalidSharedSetting",
        f"Unable to reconfigure sharing settings for network {network['id']}. Multiple projects are using it.",
    )
    reds = await admin.create("rbac_policy", **policy("network", network["id"], "red"))
    assert (await admin.update("network", network["id"], shared=False))["shared"] is False
    assert (await red.show("network", network["id"]))["shared"] is True
    await red.delete("port", port["id"])
    await admin.delete("rbac_policy", reds["id"])
    assert (await red.http.get(f"/v2.0/networks/{network['id']}")).status_code == 404
    assert await red.list("subnet") == []


async def test_a_network_is_external_to_those_whom_entries_name(cloud: Cloud, sign_in: As) -> None:
    blue, red, admin = cloud.blue, cloud.red, cloud.admin
    network = await blue.create("network")
    await blue.create("subnet", network_id=network["id"], cidr="10.0.0.0/24")
    path, gateway = f"networks/{network['id']}", {"network_id": network["id"]}
    reds = await blue.create("rbac_policy", **policy("network", network["id"], action="access_as_external"))
    seen = await red.show("network", network["id"])
    assert (seen["router:external"], seen["shared"]) == (True, False)
    assert [each["router:external"] for each in await red.list("subnet", "router:external=true")] == [True]
    assert await red.list("subnet", "router:external=false") == []
    green = Neutron(sign_in("green", "member", "reader"))
    refused = await green.refused("POST", "routers", {"router": {"external_gateway_info": gateway}})
    assert refused[:2] == (404, "NetworkNotFound")
    router = await red.create("router", external_gateway_info=gateway)
    in_use = (
        409,
        "RbacPolicyInUse",
        f"RBAC policy on object {network['id']} cannot be removed because other objects depend on it.\n"
        "Details: project_id=red",
    )
    assert await blue.refused("DELETE", f"rbac-policies/{reds['id']}") == in_use
    off = {"network": {"router:external": False}}
    assert (await admin.refused("PUT", path, off))[:2] == (409, "ExternalNetworkInUse")
    await red.delete("router", router["id"])
    assert (await admin.update("network", network["id"], **{"router:external": False}))["router:external"] is False
    assert await admin.list("rbac_policy") == []
    assert (await red.http.get(f"/v2.0/{path}")).status_code == 404
    await admin.update("network", network["id"], **{"router:external": True})
    (everybodys,) = await admin.list("rbac_policy")
    assert (everybodys["target_tenant"], everybodys["action"]) == ("*", "access_as_external")
    router = await red.create("router", external_gateway_info=gateway)
    await admin.update("rbac_policy", everybodys["id"], target_tenant="red")
    await red.delete("router", router["id"])
    await admin.delete("rbac_policy", everybodys["id"])
    assert (await blue.show("network", network["id"]))["router:external"] is False


async def test_one_network_that_is_external_to_all_may_be_the_default(neutron: Neutron) -> None:
    default = await neutron.create("network", is_default=True, **{"router:external": True})
    assert default["is_default"] is True
    await neutron.create("network", is_default=True)  # nothing leads out there
    other = await neutron.create("network", **{"router:external": True})
    exists = (409, "DefaultExternalNetworkExists", f"A default external network already exists: {default['id']}.")
    assert await neutron.refused("PUT", f"networks/{other['id']}", {"network": {"is_default": True}}) == exists
    two = {"networks": [{"is_default": True, "router:external": True}]}
    assert await neutron.refused("POST", "networks", two) == exists
    (everybodys,) = await neutron.list("rbac_policy", f"object_id={default['id']}")
    status, kind, message = await neutron.refused("DELETE", f"rbac-policies/{everybodys['id']}")
    assert (status, kind, "must be shared to everyone" in message) == (409, "RbacPolicyInUse", True)
    assert [each["id"] for each in await neutron.list("network", "is_default=true&router:external=true")] == [
        default["id"]
    ]
    await neutron.update("network", default["id"], **{"router:external": False})
    assert (await neutron.update("network", other["id"], is_default=True))["is_default"] is True
    two = {"networks": [{"is_default": True, "router:external": True}] * 2}
    await neutron.delete("network", other["id"])
    assert (await neutron.refused("POST", "networks", two))[:2] == (409, "DefaultExternalNetworkExists")
