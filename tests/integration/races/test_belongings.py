"""What is attached to other things, and quotas, at once."""

import pytest

from tests.integration.races import things
from tests.integration.races.racing import Cloud, Request, create, delete, put, succeeded, update


async def test_a_qos_policy_goes_or_is_attached(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        policy = (await cloud.make("qos/policies", "policy", name="q"))["id"]
        external, (network, _) = await things.outside(cloud), await things.network(cloud)
        port, router = await things.port(cloud, network), await things.router(cloud, external)
        its = {"qos_policy_id": policy}
        uses = [
            update(f"networks/{network['id']}", "network", **its),
            update(f"ports/{port['id']}", "port", **its),
            create("ports", "port", network_id=network["id"], **its),
            create("floatingips", "floatingip", floating_network_id=external["id"], **its),
            update(f"routers/{router['id']}", "router", external_gateway_info={"network_id": external["id"], **its}),
        ]
        await cloud.gone_or_used(delete(f"qos/policies/{policy}"), *cloud.random.sample(uses, 2))

    await cloud.rounds(race)


async def test_a_qos_policy_is_attached_and_detached_while_resources_go(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        policy = (await cloud.make("qos/policies", "policy", name="q"))["id"]
        network, _ = await things.network(cloud)
        port = await things.port(cloud, network, qos_policy_id=policy)
        await cloud.at_once(
            delete(f"ports/{port['id']}"),
            update(f"ports/{port['id']}", "port", qos_policy_id=None),
            update(f"ports/{port['id']}", "port", qos_policy_id=policy),
            update(f"networks/{network['id']}", "network", qos_policy_id=policy),
            delete(f"networks/{network['id']}"),
            delete(f"qos/policies/{policy}"),
        )

    await cloud.rounds(race)


async def test_a_qos_policy_goes_with_its_rules_each_there_once(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        policy = (await cloud.make("qos/policies", "policy", name="q"))["id"]
        rules = f"qos/policies/{policy}/bandwidth_limit_rules"
        await cloud.one_of(*[create(rules, "bandwidth_limit_rule", max_kbps=1000)] * 3)
        marking = create(f"qos/policies/{policy}/dscp_marking_rules", "dscp_marking_rule", dscp_mark=8)
        await cloud.gone_or_used(delete(f"qos/policies/{policy}"), marking, frees=True)

    await cloud.rounds(race)


async def test_a_project_has_one_default_policy(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        said = {"name": "q", "is_default": True, "project_id": f"p{cloud.random.randrange(10**9)}"}
        old = await cloud.make("qos/policies", "policy", **said | {"is_default": False})
        new = create("qos/policies", "policy", **said)
        await cloud.one_of(new, new, update(f"qos/policies/{old['id']}", "policy", is_default=True))

    await cloud.rounds(race)


async def test_a_label_goes_with_its_rules(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        label = await cloud.make("metering/metering-labels", "metering_label", name="m")
        said = {"metering_label_id": label["id"], "direction": "ingress", "remote_ip_prefix": "10.0.0.0/24"}
        rule = create("metering/metering-label-rules", "metering_label_rule", **said)
        await cloud.gone_or_used(delete(f"metering/metering-labels/{label['id']}"), rule, rule, frees=True)

    await cloud.rounds(race)


async def test_a_flavor_or_its_profile_goes_or_is_used(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        flavor = await cloud.make("flavors", "flavor", name="f", service_type="L3_ROUTER_NAT")
        profile = await cloud.make("service_profiles", "service_profile", metainfo="x")
        its = create(f"flavors/{flavor['id']}/service_profiles", "service_profile", id=profile["id"])
        await cloud.gone_or_used(delete(f"service_profiles/{profile['id']}"), its)
        await cloud.gone_or_used(delete(f"flavors/{flavor['id']}"), create("routers", "router", flavor_id=flavor["id"]))

    await cloud.rounds(race, times=2)


async def test_a_node_goes_or_gets_ports(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        number = cloud.random.randrange(10**6)
        node = {"node_id": f"node-{number}", "local_ip": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"}
        network, _ = await things.network(cloud)
        register = Request("POST", "/nodes", {"host_info": node})
        await cloud.one_of(register, register, register)
        bound = {"binding:host_id": node["node_id"]}
        await cloud.at_once(
            Request("DELETE", f"/nodes/{node['node_id']}"),
            create("ports", "port", network_id=network["id"], **bound),
            Request("PUT", f"/nodes/{node['node_id']}", {"host_info": {"node_name": "x"}}),
        )

    await cloud.rounds(race)


async def test_tags_come_while_what_has_them_goes(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, subnet = await things.network(cloud)
        path = f"networks/{network['id']}"
        await cloud.gone_or_used(
            delete(path),
            put(f"{path}/tags", tags=["red"]),
            put(f"{path}/tags/blue"),
            put(f"subnets/{subnet['id']}/tags", tags=["red"]),
            update(path, "network", name="n"),
            frees=True,
        )

    await cloud.rounds(race)


QUOTAS = {
    "network": ("networks", {}),
    "subnet": ("subnets", {}),
    "port": ("ports", {}),
    "router": ("routers", {}),
    "floatingip": ("floatingips", {}),
    "security_group": ("security-groups", {"name": "g"}),
    "security_group_rule": ("security-group-rules", {"direction": "ingress"}),
}


@pytest.mark.parametrize("resource", QUOTAS)
async def test_a_project_has_no_more_than_it_may(cloud: Cloud, resource: str) -> None:
    """Of those who ask for more, as many are served as there is room, also where others go."""

    async def race(cloud: Cloud) -> None:
        project, room = f"p{cloud.random.randrange(10**9)}", 4
        path, attributes = QUOTAS[resource]
        network, _ = await things.network(cloud, project_id=project)
        external = await things.outside(cloud)
        group = await cloud.make("security-groups", "security_group", name="g", project_id=project)
        needed = {
            "subnet": {"network_id": network["id"]},
            "port": {"network_id": network["id"]},
            "floatingip": {"floating_network_id": external["id"]},
            "security_group_rule": {"security_group_id": group["id"]},
        }.get(resource, {})
        has = await cloud.do(Request("GET", f"/v2.0/quotas/{project}/details.json"))
        limit = has["quota"][resource]["used"] + room
        await cloud.do(update(f"quotas/{project}", "quota", **{resource: limit}))
        asked = [
            create(path, resource, project_id=project, **attributes, **needed, **_distinct(resource, n))
            for n in range(9)
        ]
        statuses = await cloud.at_once(*asked, refused=(409,))
        assert sum(map(succeeded, statuses)) == room

    await cloud.rounds(race, times=2)


def _distinct(resource: str, number: int) -> dict[str, object]:
    if resource == "subnet":
        return {"cidr": f"10.7.{number}.0/24"}
    if resource == "security_group_rule":
        return {"protocol": "tcp", "port_range_min": number + 1, "port_range_max": number + 1}
    return {}


async def test_a_limit_that_is_checked_is_not_below_what_there_is(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        project = f"p{cloud.random.randrange(10**9)}"
        lower = update(f"quotas/{project}", "quota", network=2, check_limit=True)
        new = create("networks", "network", project_id=project)
        aside = Request(
            "POST", f"/project/{project}/quota/apply", {"resource_deltas": [{"resource": "network", "amount": 1}]}
        )
        lowered, *made = await cloud.at_once(lower, new, new, new, refused=(400, 409))
        if succeeded(lowered):
            room = 2 - sum(map(succeeded, made))
            again = await cloud.at_once(new, aside, aside, new, refused=(409,))
            assert sum(map(succeeded, again)) == room
        else:
            assert all(map(succeeded, made))

    await cloud.rounds(race)
