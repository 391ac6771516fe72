"""What projects can share with others: a line for each type of resources. All else about sharing follows from these."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from alcor.services.access import EXTERNAL, SHARED, Access
from alcor.services.floating_ips import external_network
from alcor.services.networks import vpc
from alcor.services.qos import qos_policy
from alcor.services.security import address_group, security_group
from alcor.services.sharing import network_sharing
from alcor.services.sharing.sharing import UsersOf
from alcor.services.subnets import address_scope, subnetpool
from alcor.store.transaction import Transaction


class Shareable(msgspec.Struct, frozen=True):
    """A type of resources that can be shared.

    ``actions`` are what others may be let do with one; for each, the function that finds the projects that do.
    ``changed`` is called with the resource's id when what is shared of it is no longer what it was; ``check`` with its
    row and the project that is to have a part in it: raises AlcorError when that cannot be.
    """

    access: Access
    actions: Mapping[str, UsersOf]
    changed: Callable[[Transaction, str], None] | None = None
    check: Callable[[Connection, Row[Any], str], None] | None = None


SHAREABLE: Mapping[str, Shareable] = {
    network_sharing.OBJECT_TYPE: Shareable(
        vpc.ACCESS,
        {SHARED: network_sharing.users_of, EXTERNAL: network_sharing.external_users_of},
        external_network.sharing_changed,
    ),
    qos_policy.OBJECT_TYPE: Shareable(qos_policy.ACCESS, {SHARED: qos_policy.users_of}),
    security_group.OBJECT_TYPE: Shareable(security_group.ACCESS, {SHARED: security_group.users_of}),
    address_group.OBJECT_TYPE: Shareable(address_group.ACCESS, {SHARED: address_group.users_of}),
    address_scope.OBJECT_TYPE: Shareable(address_scope.ACCESS, {SHARED: address_scope.users_of}),
    subnetpool.OBJECT_TYPE: Shareable(subnetpool.ACCESS, {SHARED: subnetpool.users_of}, check=subnetpool.check_target),
}
"""By the name that RBAC policies have for the type."""
