"""Hosts are told of a security group whenever what it lets pass changes, and of ports' groups with the ports."""

from typing import Any

from alcor.model.identifiers import id_bytes
from alcor.model.records import (
    AddressGroupDeleted,
    AddressGroupRecord,
    PortRecord,
    Record,
    SecurityGroupDeleted,
    SecurityGroupRecord,
    SecurityRule,
)
from alcor.services.manager import Act
from alcor.services.ports.port import PORTS
from alcor.services.security.address_group import ADDRESS_GROUPS
from alcor.services.security.security_group import SECURITY_GROUPS
from alcor.services.security.security_group_rule import SECURITY_GROUP_RULES
from alcor.store import change_log
from alcor.store.snapshot import read_records
from tests.integration.services.cloud import Cloud

HOST = "binding:host_id"
KINDS = (SecurityGroupRecord, SecurityGroupDeleted, AddressGroupRecord, AddressGroupDeleted)
OPEN = (SecurityRule(ingress=False, ipv6=False), SecurityRule(ingress=False, ipv6=True))


async def told(cloud: Cloud, awaitable: Any) -> list[Record]:
    """What a request tells hosts of groups."""
    before = await cloud.store.read(change_log.head)
    await awaitable
    entries = await cloud.store.read(lambda connection: change_log.read_entries(connection, before, 1000))
    return [record for entry in entries for record in entry.records if isinstance(record, KINDS)]


async def group(cloud: Cloud, name: str = "web") -> dict[str, Any]:
    (created,) = await cloud.create(SECURITY_GROUPS, {"name": name})
    return created


def rule(group_id: str, **values: Any) -> dict[str, Any]:
    usual = {"direction": "ingress", "ethertype": "IPv4", "security_group_id": group_id}
    return usual | values


async def test_a_new_group_is_told_with_the_rules_it_begins_with(cloud: Cloud) -> None:
    await group(cloud, "first")  # and with it the default group
    (record,) = await told(cloud, group(cloud))
    assert isinstance(record, SecurityGroupRecord)
    assert record.stateful
    assert set(record.rules) == set(OPEN)


async def test_the_default_group_is_told_when_it_comes(cloud: Cloud) -> None:
    default, other = await told(cloud, group(cloud))
    assert isinstance(default, SecurityGroupRecord) and isinstance(other, SecurityGroupRecord)
    assert {each.remote_group for each in default.rules if each.ingress} == {default.id}


async def test_rules_are_told_with_their_group(cloud: Cloud) -> None:
    web = await group(cloud)
    web_id = id_bytes(web["id"])
    given = rule(web["id"], protocol="tcp", port_range_min=80, port_range_max=443, remote_ip_prefix="10.1.2.3/8")
    (record,) = await told(cloud, cloud.create(SECURITY_GROUP_RULES, given))
    added = SecurityRule(True, False, 6, 80, 443, remote_prefix="10.0.0.0/8")
    assert isinstance(record, SecurityGroupRecord)
    assert set(record.rules) == {*OPEN, added}
    ping = rule(web["id"], ethertype="IPv6", protocol="icmp", port_range_min=128)
    (record,) = await told(cloud, cloud.create(SECURITY_GROUP_RULES, ping))
    assert SecurityRule(True, True, 58, 128) in record.rules  # type: ignore[union-attr]
    rules = await cloud.all(SECURITY_GROUP_RULES)
    (gone,) = [each["id"] for each in rules.values() if each["port_range_max"] == 443]
    (record,) = await told(cloud, cloud.delete(SECURITY_GROUP_RULES, gone))
    assert record == SecurityGroupRecord(web_id, True, tuple(r for r in record.rules if r != added))  # type: ignore[union-attr]
    assert len(record.rules) == 3  # type: ignore[union-attr]


async def test_many_rules_at_once_are_told_once(cloud: Cloud) -> None:
    web = await group(cloud)
    rules = [rule(web["id"], protocol="tcp", port_range_min=port, port_range_max=port) for port in range(80, 90)]
    (record,) = await told(cloud, cloud.create(SECURITY_GROUP_RULES, *rules))
    assert len(record.rules) == 12  # type: ignore[union-attr]


async def test_what_changes_nothing_for_packets_is_not_told(cloud: Cloud) -> None:
    web = await group(cloud)
    assert await told(cloud, cloud.update(SECURITY_GROUPS, web["id"], description="for the web")) == []
    (record,) = await told(cloud, cloud.update(SECURITY_GROUPS, web["id"], stateful=False))
    assert record.stateful is False  # type: ignore[union-attr]


async def test_a_deleted_group_takes_along_the_rules_that_name_it(cloud: Cloud) -> None:
    web, data = await group(cloud), await group(cloud, "data")
    await cloud.create(SECURITY_GROUP_RULES, rule(data["id"], remote_group_id=web["id"]))
    records = await told(cloud, cloud.delete(SECURITY_GROUPS, web["id"]))
    assert SecurityGroupDeleted(id_bytes(web["id"])) in records
    (left,) = [record for record in records if isinstance(record, SecurityGroupRecord)]
    assert (left.id, set(left.rules)) == (id_bytes(data["id"]), set(OPEN))


async def test_address_groups_are_told(cloud: Cloud) -> None:
    (offices,) = await cloud.create(ADDRESS_GROUPS, {"name": "offices", "addresses": ["10.1.0.0/16"]})
    group_id = id_bytes(offices["id"])
    add = next(action for action in ADDRESS_GROUPS.actions if action.name == "add_addresses")
    more = Act(offices["id"], {"addresses": ["10.2.0.1"]})
    (record,) = await told(cloud, cloud.store.write(lambda transaction: add.operation(transaction, more)))
    assert record == AddressGroupRecord(group_id, ("10.1.0.0/16", "10.2.0.1/32"))
    assert await told(cloud, cloud.delete(ADDRESS_GROUPS, offices["id"])) == [AddressGroupDeleted(group_id)]


async def test_a_port_is_told_with_its_groups(cloud: Cloud) -> None:
    web = await group(cloud)
    network = await cloud.network()
    await cloud.subnet(network)
    (port,) = await cloud.ports(network, 1)
    await cloud.update(PORTS, port["id"], **{HOST: "host-1"})
    for groups in ([web["id"]], []):
        await cloud.update(PORTS, port["id"], security_groups=groups)
        records = await cloud.store.read(lambda connection: list(read_records(connection)[1]))
        (record,) = [each for each in records if isinstance(each, PortRecord)]
        assert record.security_groups == tuple(map(id_bytes, groups))
