"""What routers and their interfaces leave in the change log for hosts."""

from typing import Any

from alcor.model.addresses import ip_bytes, mac_number
from alcor.model.context import OPERATOR
from alcor.model.identifiers import id_bytes
from alcor.model.records import (
    Record,
    RouterDeleted,
    RouterInterfaceDeleted,
    RouterInterfaceRecord,
    RouterRecord,
    RouteTableDeleted,
    RouteTableRecord,
)
from alcor.services.manager import Act, Update
from alcor.services.networks.vpc import NETWORKS
from alcor.services.ports.port import PORTS
from alcor.services.routers.router import ROUTERS
from alcor.services.routers.vpc_router import Owner, Vpc, change_table, delete_router, ensure_router, make_table
from alcor.services.subnets.subnet import SUBNETS
from alcor.store import snapshot
from tests.integration.services.cloud import Cloud, recorded

View = dict[str, Any]
KINDS = (
    RouterRecord,
    RouterInterfaceRecord,
    RouteTableRecord,
    RouterDeleted,
    RouterInterfaceDeleted,
    RouteTableDeleted,
)


async def of_routers(cloud: Cloud, awaitable: Any) -> list[Record]:
    return [record for record in await recorded(cloud, awaitable) if isinstance(record, KINDS)]


async def acting(cloud: Cloud, router: View, action: str, /, **body: Any) -> View:
    (chosen,) = (each for each in ROUTERS.actions if each.name == action)
    info: View = await cloud.store.write(lambda transaction: chosen.operation(transaction, Act(router["id"], body)))
    return info


async def routed(cloud: Cloud) -> tuple[View, View, View, View]:
    """A router in a subnet: the router, the network, the subnet and the interface."""
    (router,) = await cloud.create(ROUTERS, {"name": "r"})
    network = await cloud.network()
    subnet = await cloud.subnet(network)
    info = await acting(cloud, router, "add_router_interface", subnet_id=subnet["id"])
    return router, network, subnet, (await cloud.all(PORTS))[info["port_id"]]


async def test_a_router_tells_whether_it_is_up(cloud: Cloud) -> None:
    assert len(await of_routers(cloud, cloud.create(ROUTERS, {"name": "r"}))) == 1
    (router,) = (await cloud.all(ROUTERS)).values()
    down = RouterRecord(id_bytes(router["id"]), admin_state_up=False)
    assert await of_routers(cloud, cloud.update(ROUTERS, router["id"], admin_state_up=False)) == [down]
    assert await of_routers(cloud, cloud.update(ROUTERS, router["id"], name="other")) == []
    assert await of_routers(cloud, cloud.delete(ROUTERS, router["id"])) == [RouterDeleted(id_bytes(router["id"]))]


async def test_a_router_tells_its_routes_however_they_come_and_go(cloud: Cloud) -> None:
    router, _, _, _ = await routed(cloud)
    router_id = id_bytes(router["id"])
    one, other = ({"destination": f"192.0.{number}.0/24", "nexthop": f"10.0.0.{number + 5}"} for number in (0, 1))
    texts = [(each["destination"], each["nexthop"]) for each in (one, other)]

    async def told(awaitable: Any) -> list[Record]:
        return await of_routers(cloud, awaitable)

    def body(*routes: View) -> View:
        return {"router": {"routes": list(routes)}}

    added = await told(acting(cloud, router, "add_extraroutes", **body(one)))
    assert added == [RouterRecord(router_id, routes=(texts[0],))]
    assert await told(acting(cloud, router, "add_extraroutes", **body(one))) == []
    both = await told(cloud.update(ROUTERS, router["id"], routes=[one, other]))
    assert both == [RouterRecord(router_id, routes=tuple(texts))]
    stored = await cloud.store.read(lambda connection: list(snapshot.read_records(connection)[1]))
    assert both[0] in stored
    less = await told(acting(cloud, router, "remove_extraroutes", **body(one)))
    assert less == [RouterRecord(router_id, routes=(texts[1],))]
    assert await told(cloud.update(ROUTERS, router["id"], routes=None)) == [RouterRecord(router_id)]


async def test_route_tables_are_told_and_go_with_their_owners(cloud: Cloud) -> None:
    network = await cloud.network()
    subnet = await cloud.subnet(network)
    vpc = Vpc(network["project_id"], network["id"], OPERATOR)
    vpc_id, subnet_id = id_bytes(network["id"]), id_bytes(subnet["id"])
    routes = [{"destination": "192.0.2.0/24", "nexthop": "10.0.0.9"}, {"destination": "0.0.0.0/0", "target": "x"}]

    def write(operation: Any) -> Any:
        return cloud.store.write(operation)

    assert await of_routers(cloud, write(lambda transaction: ensure_router(transaction, vpc))) == [
        RouteTableRecord(vpc_id, vpc_id, ())
    ]
    values = {"name": "t", "description": "", "route_table_type": "private_subnet", "routes": routes}
    made = await of_routers(cloud, write(lambda transaction: make_table(transaction, Owner(vpc, subnet["id"]), values)))
    expected = (("192.0.2.0/24", "10.0.0.9", 100), ("0.0.0.0/0", "", 100))
    assert made == [RouteTableRecord(subnet_id, vpc_id, expected)]
    change = Update("", {"routes": routes[:1]}, context=OPERATOR)
    changed = await of_routers(
        cloud, write(lambda transaction: change_table(transaction, Owner(vpc, subnet["id"]), change))
    )
    assert changed == [RouteTableRecord(subnet_id, vpc_id, expected[:1])]
    assert await of_routers(cloud, cloud.delete(SUBNETS, subnet["id"])) == [RouteTableDeleted(subnet_id)]
    gone = await of_routers(cloud, write(lambda transaction: delete_router(transaction, vpc)))
    assert gone == [RouteTableDeleted(vpc_id)]
    await write(lambda transaction: ensure_router(transaction, vpc))
    assert await of_routers(cloud, cloud.delete(NETWORKS, network["id"])) == [RouteTableDeleted(vpc_id)]


async def test_an_interface_tells_all_that_is_needed_of_its_surroundings(cloud: Cloud) -> None:
    (router,) = await cloud.create(ROUTERS, {"name": "r"})
    network = await cloud.network(**{"provider:network_type": "vxlan", "provider:segmentation_id": 77})
    subnet = await cloud.subnet(network)
    records = await of_routers(cloud, acting(cloud, router, "add_router_interface", subnet_id=subnet["id"]))
    (interface,) = (await cloud.all(PORTS)).values()
    expected = RouterInterfaceRecord(
        id=id_bytes(interface["id"]),
        router_id=id_bytes(router["id"]),
        vpc_id=id_bytes(network["id"]),
        vni=77,
        mac=mac_number(interface["mac_address"]),
        addresses=((id_bytes(subnet["id"]), "10.0.0.0/24", ip_bytes("10.0.0.1")),),
        mtu=network["mtu"],
    )
    assert records == [expected]
    stored = await cloud.store.read(lambda connection: list(snapshot.read_records(connection)[1]))
    assert expected in stored
    assert RouterRecord(id_bytes(router["id"])) in stored


async def test_how_large_packets_may_be_is_told_when_it_changes(cloud: Cloud) -> None:
    _, network, _, interface = await routed(cloud)
    (told,) = await of_routers(cloud, cloud.update(NETWORKS, network["id"], mtu=1400))
    assert isinstance(told, RouterInterfaceRecord)
    assert (told.id, told.mtu) == (id_bytes(interface["id"]), 1400)
    assert await of_routers(cloud, cloud.update(NETWORKS, network["id"], mtu=1400, name="same")) == []


async def test_an_interface_that_is_removed_is_told(cloud: Cloud) -> None:
    router, _, subnet, interface = await routed(cloud)
    removal = acting(cloud, router, "remove_router_interface", subnet_id=subnet["id"])
    assert await of_routers(cloud, removal) == [RouterInterfaceDeleted(id_bytes(interface["id"]))]


async def test_an_interface_changed_as_a_port_is_told(cloud: Cloud) -> None:
    _, _, _, interface = await routed(cloud)
    (down,) = await of_routers(cloud, cloud.update(PORTS, interface["id"], admin_state_up=False))
    assert isinstance(down, RouterInterfaceRecord)
    assert not down.admin_state_up
    gone = await of_routers(cloud, cloud.update(PORTS, interface["id"], device_owner="compute:nova"))
    assert gone == [RouterInterfaceDeleted(id_bytes(interface["id"]))]


async def test_a_port_made_an_interface_is_told(cloud: Cloud) -> None:
    (router,) = await cloud.create(ROUTERS, {"name": "r"})
    network = await cloud.network()
    await cloud.subnet(network)
    port = await cloud.port(network)
    (record,) = await of_routers(cloud, acting(cloud, router, "add_router_interface", port_id=port["id"]))
    assert isinstance(record, RouterInterfaceRecord)
    assert record.id == id_bytes(port["id"])
    assert [address for _, _, address in record.addresses] == [ip_bytes(port["fixed_ips"][0]["ip_address"])]


async def test_a_port_of_a_router_that_is_not_there_is_nobodys_interface(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.subnet(network)
    for device in ("no-such-router", "6f1f9a3e-6a6c-4a8e-8a52-0d7f3a1f9b11"):
        port = {"device_id": device, "device_owner": "network:router_interface"}
        assert await of_routers(cloud, cloud.port(network, **port)) == []
        for made in await cloud.all(PORTS):
            await cloud.delete(PORTS, made)
