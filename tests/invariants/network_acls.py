"""Network ACLs and their rules."""

from collections import Counter
from collections.abc import Iterator

from alcor.model.resources.network_acl import LAST_NUMBER
from alcor.store.tables import network_acl, network_acl_rule, network_acl_subnet, subnet
from tests.invariants.database import Database


def vpcs_have_one_default_acl(database: Database) -> Iterator[str]:
    """At most: of two nobody could say which holds."""
    count = Counter(row.vpc_id for row in database.rows(network_acl) if row.is_default)
    yield from (f"VPC {each} has {times}" for each, times in count.items() if times > 1)


def subnets_have_acls_of_their_vpc(database: Database) -> Iterator[str]:
    """A subnet's ACL is one of its own VPC."""
    acls, subnets = database.by_id(network_acl), database.by_id(subnet)
    for row in database.rows(network_acl_subnet):
        acl, its = acls.get(row.network_acl_id), subnets.get(row.subnet_id)
        if acl is not None and its is not None and acl.vpc_id != its.network_id:
            yield f"subnet {its.id} of VPC {its.network_id} has ACL {acl.id} of VPC {acl.vpc_id}"


def numbers_are_of_one_rule(database: Database) -> Iterator[str]:
    """Of an ACL, in a direction, before the last rules."""
    rows = [row for row in database.rows(network_acl_rule) if row.number != LAST_NUMBER]
    count = Counter((row.network_acl_id, row.direction, row.number) for row in rows)
    yield from (f"{each} is of {times} rules" for each, times in count.items() if times > 1)


def acls_end_with_what_denies_everything(database: Database) -> Iterator[str]:
    """In each direction, of each version of IP."""
    rules = database.grouped(network_acl_rule.c.network_acl_id)
    for acl in database.rows(network_acl):
        last = [row for row in rules.get(acl.id, ()) if row.number == LAST_NUMBER and row.action == "deny"]
        if len({(row.direction, row.ether_type) for row in last}) != 4 or len(last) != 4:
            yield f"ACL {acl.id} ends with {len(last)} rules"
