"""Sharing with other projects, at once with what it is about."""

import pytest

from tests.integration.races import things
from tests.integration.races.racing import Cloud, Request, create, delete, succeeded, update

SHAREABLE = {
    "network": ("networks", "network", {}),
    "security_group": ("security-groups", "security_group", {"name": "g"}),
    "qos_policy": ("qos/policies", "policy", {"name": "q"}),
    "address_group": ("address-groups", "address_group", {"name": "a", "addresses": ["10.0.0.0/24"]}),
}


def share(object_type: str, object_id: str, target: str, action: str = "access_as_shared") -> Request:
    about = {"object_type": object_type, "object_id": object_id, "action": action, "target_tenant": target}
    return create("rbac-policies", "rbac_policy", **about)


@pytest.mark.parametrize("object_type", SHAREABLE)
async def test_what_goes_is_shared_with_nobody(cloud: Cloud, object_type: str) -> None:
    async def race(cloud: Cloud) -> None:
        path, member, attributes = SHAREABLE[object_type]
        made = await cloud.make(path, member, **attributes)
        shares = [share(object_type, made["id"], target) for target in ("a", "b", "*")]
        await cloud.gone_or_used(delete(f"{path}/{made['id']}"), *shares, frees=True)

    await cloud.rounds(race)


async def test_a_thing_is_shared_once_with_each(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network = await cloud.make("networks", "network")
        for_all = share("network", network["id"], "*")
        await cloud.one_of(for_all, for_all, for_all)
        other = await cloud.make("networks", "network")
        shared = update(f"networks/{other['id']}", "network", shared=True)
        await cloud.at_once(shared, share("network", other["id"], "*"), shared)

    await cloud.rounds(race)


async def test_a_network_is_shared_while_others_have_ports_in_it(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud, project_id="owner")
        policy = (await cloud.do(share("network", network["id"], "guest")))["rbac_policy"]
        port = create("ports", "port", network_id=network["id"], project_id="guest")
        withdrawn, made = await cloud.at_once(delete(f"rbac-policies/{policy['id']}"), port)
        assert succeeded(made)
        assert withdrawn in (204, 409)

    await cloud.rounds(race)


async def test_a_network_is_external_or_is_not_used_as_such(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        external, router = await things.outside(cloud), await things.router(cloud, None)
        gateway = update(f"routers/{router['id']}", "router", external_gateway_info={"network_id": external["id"]})
        withdraw = update(f"networks/{external['id']}", "network", **{"router:external": False})
        await cloud.gone_or_used(withdraw, gateway, refused=(400, 404, 409))

    await cloud.rounds(race)
