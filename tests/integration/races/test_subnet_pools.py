"""Subnet pools and address scopes, and what is taken from them, that come and go at once."""

from tests.integration.races import things
from tests.integration.races.racing import Cloud, Json, Request, create, delete, put, succeeded, update

LATE = (400, 404, 409)
"""Pools refuse with 400, as Neutron's do, what they have not got and what is in use."""


async def pool(cloud: Cloud, prefix: str, **attributes: object) -> Json:
    """A pool of one prefix."""
    return await cloud.make("subnetpools", "subnetpool", name="p", prefixes=[prefix], **attributes)


async def subnet_from(cloud: Cloud, pool: Json, **attributes: object) -> Request:
    """A request for a subnet from a pool, in a network of its own."""
    network = await cloud.make("networks", "network")
    return create("subnets", "subnet", network_id=network["id"], ip_version=4, subnetpool_id=pool["id"], **attributes)


def onboard(pool: Json, network: Json) -> Request:
    return put(f"subnetpools/{pool['id']}/onboard_network_subnets", network_id=network["id"])


async def test_every_range_is_given_out_and_none_twice(cloud: Cloud) -> None:
    """Four are there; one that goes makes room for another."""

    async def race(cloud: Cloud) -> None:
        its = await pool(cloud, "10.0.0.0/26")
        first = await cloud.do(await subnet_from(cloud, its, prefixlen=28))
        asked = [await subnet_from(cloud, its, prefixlen=28) for _ in range(6)]
        *made, gone = await cloud.at_once(*asked, delete(f"subnets/{first['subnet']['id']}"))
        assert succeeded(gone)
        assert sum(map(succeeded, made)) in (3, 4), made

    await cloud.rounds(race)


async def test_one_gets_the_range_that_all_name(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        its = await pool(cloud, "10.0.0.0/16")
        cidrs = ("10.0.8.0/24", "10.0.8.128/25", "10.0.0.0/20")
        await cloud.one_of(*[await subnet_from(cloud, its, cidr=each) for each in cidrs])

    await cloud.rounds(race)


async def test_a_pool_goes_or_gives_a_range(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        its = await pool(cloud, "10.0.0.0/16")
        asked = [await subnet_from(cloud, its, prefixlen=24) for _ in range(3)]
        await cloud.gone_or_used(delete(f"subnetpools/{its['id']}"), *asked, refused=LATE)

    await cloud.rounds(race)


async def test_prefixes_go_or_give_a_range(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        its = await pool(cloud, "10.0.0.0/16")
        path = f"subnetpools/{its['id']}"
        await cloud.do(put(f"{path}/add_prefixes", prefixes=["10.9.0.0/24"]))
        gone = put(f"{path}/remove_prefixes", prefixes=["10.9.0.0/24"])
        await cloud.gone_or_used(gone, await subnet_from(cloud, its, cidr="10.9.0.0/26"), refused=LATE)

    await cloud.rounds(race)


async def test_a_pool_changes_while_it_is_used(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        its = await pool(cloud, "10.0.0.0/24")
        path = f"subnetpools/{its['id']}"
        made = (await cloud.do(await subnet_from(cloud, its, prefixlen=27)))["subnet"]
        await cloud.at_once(
            update(path, "subnetpool", prefixes=["10.0.0.0/16"]),
            update(path, "subnetpool", prefixes=["10.0.0.0/24", "192.0.2.0/24"], default_quota=512),
            put(f"{path}/add_prefixes", prefixes=["10.0.1.0/24"]),
            put(f"{path}/remove_prefixes", prefixes=["10.0.0.128/25"]),
            *[await subnet_from(cloud, its, prefixlen=27) for _ in range(4)],
            delete(f"subnets/{made['id']}"),
            refused=LATE,
        )

    await cloud.rounds(race)


async def test_subnets_are_onboarded_while_they_and_others_come_and_go(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        its = await pool(cloud, "192.0.2.0/24")
        network, subnet = await things.network(cloud, "10.0.8.0/24")
        onboarded = {"network_id": network["id"]}
        ends = [
            delete(f"subnets/{subnet['id']}"),
            delete(f"networks/{network['id']}"),
            delete(f"subnetpools/{its['id']}"),
            create("subnets", "subnet", **onboarded, cidr="10.0.9.0/24"),
            create("subnets", "subnet", **onboarded, ip_version=4, subnetpool_id=its["id"], prefixlen=26),
            await subnet_from(cloud, its, cidr="10.0.8.128/25"),
            put(f"subnetpools/{its['id']}/remove_prefixes", prefixes=["10.0.8.0/24"]),
        ]
        await cloud.at_once(onboard(its, network), onboard(its, network), *cloud.random.sample(ends, 4), refused=LATE)

    await cloud.rounds(race, times=6)


async def test_a_network_is_onboarded_by_one_pool_that_overlaps_no_other(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        scope = await cloud.make("address-scopes", "address_scope", name="s", ip_version=4)
        pools = [await pool(cloud, f"192.0.{n}.0/24", address_scope_id=scope["id"]) for n in range(3)]
        network, _ = await things.network(cloud)
        await cloud.one_of(*(onboard(each, network) for each in pools), refused=LATE)

    await cloud.rounds(race)


async def test_a_scope_goes_or_gets_a_pool(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        scope = await cloud.make("address-scopes", "address_scope", name="s", ip_version=4)
        old, its = await pool(cloud, "10.1.0.0/16"), {"address_scope_id": scope["id"]}
        new = create("subnetpools", "subnetpool", name="p", prefixes=["10.0.0.0/16"], **its)
        joins = update(f"subnetpools/{old['id']}", "subnetpool", **its)
        await cloud.gone_or_used(delete(f"address-scopes/{scope['id']}"), new, joins)

    await cloud.rounds(race)


async def test_an_address_is_of_one_pool_of_a_scope(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        scope = await cloud.make("address-scopes", "address_scope", name="s", ip_version=4)
        its = {"address_scope_id": scope["id"]}
        old, other = await pool(cloud, "10.0.0.0/16"), await pool(cloud, "192.0.2.0/24", **its)
        await cloud.one_of(
            create("subnetpools", "subnetpool", name="p", prefixes=["10.0.0.0/8"], **its),
            create("subnetpools", "subnetpool", name="p", prefixes=["10.0.1.0/24"], **its),
            update(f"subnetpools/{old['id']}", "subnetpool", **its),
            put(f"subnetpools/{other['id']}/add_prefixes", prefixes=["10.0.0.0/12"]),
        )

    await cloud.rounds(race)
