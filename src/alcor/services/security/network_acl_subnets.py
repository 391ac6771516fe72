"""Which network ACL a subnet has: kept beside both, so that what deletes subnets and VPCs need not know of ACLs."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from alcor.services.links import link, linked
from alcor.store import bulk
from alcor.store.tables import network_acl, network_acl_rule, network_acl_subnet, subnet

_ACL, _SUBNET = network_acl_subnet.c.network_acl_id, network_acl_subnet.c.subnet_id
_WITHOUT = (
    select(subnet.c.id)
    .where(subnet.c.network_id == bindparam("vpc_id"), subnet.c.id.not_in(select(network_acl_subnet.c.subnet_id)))
    .limit(1)
)
_OF_VPC = select(network_acl.c.id).where(network_acl.c.vpc_id == bindparam("vpc_id"))


def subnets_of(connection: Connection, acl_ids: Sequence[str]) -> dict[str, list[str]]:
    """The subnets that have each of these ACLs."""
    return linked(connection, _ACL, _SUBNET, acl_ids)


def acls_of(connection: Connection, subnet_ids: Sequence[str]) -> dict[str, str]:
    """The ACL of each of these subnets that has one of its own."""
    return {subnet_id: acls[0] for subnet_id, acls in linked(connection, _SUBNET, _ACL, subnet_ids).items()}


def subnet_without(connection: Connection, vpc_id: str) -> str | None:
    """A subnet of a VPC that has no ACL of its own."""
    found: str | None = connection.execute(_WITHOUT, {"vpc_id": vpc_id}).scalar()
    return found


def set_subnets(connection: Connection, acl_id: str, subnet_ids: Sequence[str]) -> None:
    """Have exactly these subnets have the ACL."""
    link(connection, _ACL, _SUBNET, acl_id, subnet_ids)


def forget_subnets(connection: Connection, subnet_ids: Sequence[str]) -> None:
    """Subnets that are deleted have no ACL any more."""
    bulk.delete_by(connection, network_acl_subnet, "subnet_id", subnet_ids)


def forget_vpc(connection: Connection, vpc_id: str) -> None:
    """The ACLs of a VPC that is deleted, whose subnets are gone already, go with it."""
    acl_ids = connection.execute(_OF_VPC, {"vpc_id": vpc_id}).scalars().all()
    bulk.delete_by(connection, network_acl_rule, "network_acl_id", acl_ids)
    bulk.delete_by(connection, network_acl, "id", acl_ids)
