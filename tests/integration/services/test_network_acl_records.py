"""Hosts are told of a network ACL whenever what it says changes, and of subnets when another ACL holds for them."""

from collections.abc import Sequence
from typing import Any

from alcor.model.identifiers import id_bytes
from alcor.model.records import (
    NetworkAclDeleted,
    NetworkAclRecord,
    NetworkAclRule,
    Record,
    SubnetDeleted,
    SubnetRecord,
    VpcDeleted,
)
from alcor.services.manager import Manager, Update
from alcor.services.networks.vpc import NETWORKS
from alcor.services.rows import View
from alcor.services.security.network_acl import NETWORK_ACLS
from alcor.services.security.network_acl_rule import NETWORK_ACL_RULES
from alcor.services.subnets.subnet import SUBNETS
from alcor.store import change_log
from tests.integration.services.cloud import Cloud

LAST = tuple(
    NetworkAclRule(32767, ingress, False, ipv6, "::/0" if ipv6 else "0.0.0.0/0")
    for ingress in (False, True)
    for ipv6 in (False, True)
)
NONE = b""


async def told(cloud: Cloud, awaitable: Any) -> list[Record]:
    """What a request tells hosts."""
    before = await cloud.store.read(change_log.head)
    await awaitable
    entries = await cloud.store.read(lambda connection: change_log.read_entries(connection, before, 1000))
    return [record for entry in entries for record in entry.records]


def holding(records: Sequence[Record]) -> dict[bytes, bytes]:
    """The ACLs of the subnets that are told, each subnet once."""
    subnets = [record for record in records if isinstance(record, SubnetRecord)]
    assert len({record.id for record in subnets}) == len(subnets)
    return {record.id: record.network_acl for record in subnets}


def acls(records: Sequence[Record]) -> list[NetworkAclRecord]:
    return [record for record in records if isinstance(record, NetworkAclRecord)]


async def make(cloud: Cloud, manager: Manager, **values: Any) -> tuple[View, list[Record]]:
    """A new resource, and what hosts are told of it."""
    made: list[View] = []

    async def create() -> None:
        made.extend(await cloud.create(manager, values))

    records = await told(cloud, create())
    return made[0], records


def rule(acl: View, number: int, **values: Any) -> dict[str, Any]:
    usual = {"network_acl_id": acl["id"], "number": number, "direction": "ingress", "action": "allow"}
    return usual | values


async def test_an_acl_is_told_with_the_rules_it_ends_with(cloud: Cloud) -> None:
    network = await cloud.network()
    acl, records = await make(cloud, NETWORK_ACLS, vpc_id=network["id"])
    assert records == [NetworkAclRecord(id_bytes(acl["id"]), id_bytes(network["id"]), LAST)]


async def test_what_rules_mean_is_told_in_their_order(cloud: Cloud) -> None:
    network = await cloud.network()
    acl, _ = await make(cloud, NETWORK_ACLS, vpc_id=network["id"])
    rules = [
        rule(acl, 300, protocol="tcp", ip_prefix="10.1.2.3/8", port_range_min=80, port_range_max=88),
        rule(acl, 100, action="deny"),
        rule(acl, 200, protocol="icmpv6", icmp_type=128, icmp_code=0),
        rule(acl, 150, protocol="icmp", direction="egress"),
        rule(acl, 250, protocol="udp", ether_type="ipv6"),
    ]
    (record,) = acls(await told(cloud, cloud.create(NETWORK_ACL_RULES, *rules)))
    assert record.rules == (
        NetworkAclRule(150, False, True, False, "0.0.0.0/0", 1),
        *LAST[:2],
        NetworkAclRule(100, True, False, False, "0.0.0.0/0"),
        NetworkAclRule(100, True, False, True, "::/0"),
        NetworkAclRule(200, True, True, True, "::/0", 58, icmp_type=128, icmp_code=0),
        NetworkAclRule(250, True, True, True, "::/0", 17),
        NetworkAclRule(300, True, True, False, "10.0.0.0/8", 6, 80, 88),
        *LAST[2:],
    )


async def test_a_rule_that_changes_or_goes_is_told_with_its_acl_and_no_subnet(cloud: Cloud) -> None:
    network = await cloud.network()
    subnet = await cloud.subnet(network)
    acl, _ = await make(cloud, NETWORK_ACLS, vpc_id=network["id"], associated_subnets=[subnet["id"]])
    (one,) = await cloud.create(NETWORK_ACL_RULES, rule(acl, 100, ip_prefix="10.0.0.0/8"))
    assert await told(cloud, cloud.update(NETWORK_ACL_RULES, one["id"], description="d")) == []
    (record,) = await told(cloud, cloud.update(NETWORK_ACL_RULES, one["id"], action="deny"))
    assert NetworkAclRule(100, True, False, False, "10.0.0.0/8") in acls([record])[0].rules
    (record,) = await told(cloud, cloud.delete(NETWORK_ACL_RULES, one["id"]))
    assert acls([record])[0].rules == LAST


async def test_rules_that_change_together_are_told_once(cloud: Cloud) -> None:
    network = await cloud.network()
    acl, _ = await make(cloud, NETWORK_ACLS, vpc_id=network["id"])
    rules = await cloud.create(NETWORK_ACL_RULES, *[rule(acl, number) for number in range(5)])
    updates = [Update(each["id"], {"action": "deny"}) for each in rules]
    writing = cloud.store.write(lambda transaction: NETWORK_ACL_RULES.update(transaction, updates))
    (record,) = acls(await told(cloud, writing))
    assert not any(each.allow for each in record.rules)


async def test_subnets_are_told_when_another_acl_holds_for_them(cloud: Cloud) -> None:
    network = await cloud.network()
    one, two = [await cloud.subnet(network, f"10.0.{number}.0/24") for number in range(2)]
    first, second = id_bytes(one["id"]), id_bytes(two["id"])
    acl, records = await make(cloud, NETWORK_ACLS, vpc_id=network["id"], associated_subnets=[one["id"]])
    acl_id = id_bytes(acl["id"])
    assert holding(records) == {first: acl_id}
    both = cloud.update(NETWORK_ACLS, acl["id"], associated_subnets=[one["id"], two["id"]])
    assert holding(records := await told(cloud, both)) == {second: acl_id}
    assert not acls(records)
    assert await told(cloud, cloud.update(NETWORK_ACLS, acl["id"], name="web")) == []
    none = cloud.update(NETWORK_ACLS, acl["id"], associated_subnets=[])
    assert holding(await told(cloud, none)) == {first: NONE, second: NONE}


async def test_the_default_holds_for_subnets_without_one_of_their_own(cloud: Cloud) -> None:
    network, other = await cloud.network(), await cloud.network()
    await cloud.subnet(other)
    one, two = [id_bytes((await cloud.subnet(network, f"10.0.{number}.0/24"))["id"]) for number in range(2)]
    own, _ = await make(cloud, NETWORK_ACLS, vpc_id=network["id"])
    default, records = await make(cloud, NETWORK_ACLS, vpc_id=network["id"], is_default=True)
    own_id, default_id = id_bytes(own["id"]), id_bytes(default["id"])
    assert holding(records) == {one: default_id, two: default_id}
    subnet, records = await make(cloud, SUBNETS, network_id=network["id"], cidr="10.0.2.0/24")
    three = id_bytes(subnet["id"])
    assert holding(records) == {three: default_id}
    associated = cloud.update(NETWORK_ACLS, own["id"], associated_subnets=[subnet["id"]])
    assert holding(await told(cloud, associated)) == {three: own_id}
    no_default = cloud.update(NETWORK_ACLS, default["id"], is_default=False)
    assert holding(await told(cloud, no_default)) == {one: NONE, two: NONE}
    again = cloud.update(NETWORK_ACLS, own["id"], associated_subnets=[], is_default=True)
    assert holding(await told(cloud, again)) == {one: own_id, two: own_id, three: own_id}


async def test_a_subnet_that_changes_is_told_with_its_acl(cloud: Cloud) -> None:
    network = await cloud.network()
    subnet = await cloud.subnet(network)
    acl, _ = await make(cloud, NETWORK_ACLS, vpc_id=network["id"], associated_subnets=[subnet["id"]])
    changed = cloud.update(SUBNETS, subnet["id"], enable_dhcp=False)
    assert holding(await told(cloud, changed)) == {id_bytes(subnet["id"]): id_bytes(acl["id"])}


async def test_what_goes_is_told_once(cloud: Cloud) -> None:
    network = await cloud.network()
    vpc_id = id_bytes(network["id"])
    subnet = await cloud.subnet(network)
    await cloud.create(NETWORK_ACLS, {"vpc_id": network["id"], "associated_subnets": [subnet["id"]]})
    spare, _ = await make(cloud, NETWORK_ACLS, vpc_id=network["id"])
    assert await told(cloud, cloud.delete(SUBNETS, subnet["id"])) == [SubnetDeleted(id_bytes(subnet["id"]))]
    assert await told(cloud, cloud.delete(NETWORK_ACLS, spare["id"])) == [
        NetworkAclDeleted(id_bytes(spare["id"]), vpc_id)
    ]
    assert await told(cloud, cloud.delete(NETWORKS, network["id"])) == [VpcDeleted(vpc_id)]
    assert await cloud.all(NETWORK_ACLS) == {}
