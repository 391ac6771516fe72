"""Security groups and address groups, and what uses them, that come and go at once."""

from tests.integration.races import things
from tests.integration.races.racing import Cloud, create, delete, put, succeeded, update


async def test_a_group_goes_or_gets_members(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        port = await things.port(cloud, network)
        group = await cloud.make("security-groups", "security_group", name="g")
        its = {"security_groups": [group["id"]]}
        new = create("ports", "port", network_id=network["id"], **its)
        await cloud.gone_or_used(
            delete(f"security-groups/{group['id']}"), new, update(f"ports/{port['id']}", "port", **its)
        )

    await cloud.rounds(race)


async def test_a_group_goes_while_members_leave(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        group = await cloud.make("security-groups", "security_group", name="g")
        ports = [await things.port(cloud, network, security_groups=[group["id"]]) for _ in range(2)]
        await cloud.at_once(
            delete(f"security-groups/{group['id']}"),
            update(f"ports/{ports[0]['id']}", "port", security_groups=[]),
            delete(f"ports/{ports[1]['id']}"),
            delete(f"security-groups/{group['id']}"),
            update(f"security-groups/{group['id']}", "security_group", stateful=False),
        )

    await cloud.rounds(race)


async def test_a_group_goes_with_what_is_said_of_it(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        group, other = [await cloud.make("security-groups", "security_group", name="g") for _ in range(2)]
        rule = {"direction": "ingress", "ethertype": "IPv4"}
        its, others = {**rule, "security_group_id": group["id"]}, {**rule, "security_group_id": other["id"]}
        await cloud.gone_or_used(
            delete(f"security-groups/{group['id']}"),
            create("security-group-rules", "security_group_rule", **its, protocol="tcp"),
            create("security-group-rules", "security_group_rule", **others, remote_group_id=group["id"]),
            create("log/logs", "log", name="l", resource_type="security_group", resource_id=group["id"]),
            put(f"security-groups/{group['id']}/tags", tags=["red"]),
            frees=True,
        )

    await cloud.rounds(race)


async def test_a_rule_is_there_once(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        group = await cloud.make("security-groups", "security_group", name="g")
        rule = {"direction": "ingress", "security_group_id": group["id"], "protocol": "udp"}
        await cloud.one_of(*[create("security-group-rules", "security_group_rule", **rule)] * 4)

    await cloud.rounds(race)


async def test_a_project_gets_one_default_group(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        project = f"p{cloud.random.randrange(10**9)}"
        network, _ = await things.network(cloud)
        port = create("ports", "port", network_id=network["id"], project_id=project)
        group = create("security-groups", "security_group", name="g", project_id=project)
        net = create("networks", "network", project_id=project)
        assert all(map(succeeded, await cloud.at_once(port, group, net, port, group, refused=())))

    await cloud.rounds(race)


async def test_an_address_group_goes_or_gets_rules(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        group = await cloud.make("security-groups", "security_group", name="g")
        addresses = await cloud.make("address-groups", "address_group", name="a", addresses=["10.0.0.0/24"])
        rule = {"direction": "ingress", "security_group_id": group["id"], "remote_address_group_id": addresses["id"]}
        path = f"address-groups/{addresses['id']}"
        await cloud.gone_or_used(delete(path), create("security-group-rules", "security_group_rule", **rule))

    await cloud.rounds(race)


async def test_addresses_of_a_group_are_not_lost(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        group = await cloud.make("address-groups", "address_group", name="a", addresses=[])
        path, wanted = f"address-groups/{group['id']}", [f"10.0.{n}.0/24" for n in range(6)]
        await cloud.at_once(*(put(f"{path}/add_addresses", addresses=[each]) for each in wanted), refused=())
        shown = (await cloud.do(update(path, "address_group", name="b")))["address_group"]
        assert sorted(shown["addresses"]) == wanted

    await cloud.rounds(race)
