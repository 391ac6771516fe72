"""With whom networks are shared, to whom they are external, and which external one is the default.

Entries of what is shared say the first two; that a network is external to anybody at all stands in its row, too. What
any network says of being the default counts when it is external; it must be so to everybody then.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from alcor.model.errors import AlcorError, conflict
from alcor.services.access import EVERYBODY, EXTERNAL, SHARED
from alcor.services.manager import Values
from alcor.services.revisions import revise
from alcor.services.routers.router_ports import GATEWAY
from alcor.services.sharing import sharing
from alcor.store import bulk
from alcor.store.tables import network, port, rbac_policy, router
from alcor.store.tables.network import OF_NETWORKS
from alcor.store.transaction import Transaction

OBJECT_TYPE = "network"
"""What entries of what is shared call a network."""

_WITH_GUESTS = select(network.c.project_id).where(network.c.id == bindparam("network_id"), network.c.guests.is_(True))
_first = select(func.min(port.c.project_id).label("project_id")).where(port.c.network_id == bindparam("network_id"))
_projects = _first.cte("projects", recursive=True)
_projects = _projects.union_all(
    select(
        select(func.min(port.c.project_id))
        .where(port.c.network_id == bindparam("network_id"), port.c.project_id > _projects.c.project_id)
        .scalar_subquery()
    ).where(_projects.c.project_id.is_not(None))
)
_WITH_PORTS = select(_projects.c.project_id).where(_projects.c.project_id.is_not(None))
"""The projects that have ports in a network: from each to the next in an index, whatever number of ports they have."""

_GATEWAYS_IN = port.c.network_id == bindparam("network_id"), port.c.device_owner == GATEWAY, OF_NETWORKS
_GATEWAYS = select(port.c.id).where(*_GATEWAYS_IN).limit(1)
_ROUTERS = select(router.c.project_id).join(port, port.c.device_id == router.c.id).where(*_GATEWAYS_IN).distinct()
_DEFAULT = (
    select(network.c.id)
    .join(rbac_policy, rbac_policy.c.object_id == network.c.id)
    .where(
        rbac_policy.c.target_project == EVERYBODY,
        rbac_policy.c.object_type == OBJECT_TYPE,
        rbac_policy.c.action == EXTERNAL,
        network.c.is_default.is_(True),
        network.c.id != bindparam("network_id"),
    )
)
_ROW = select(network.c.external, network.c.is_default).where(network.c.id == bindparam("network_id"))


def users_of(connection: Connection, network_id: str) -> set[str]:
    """The projects that have ports in the network of another."""
    owner = connection.execute(_WITH_GUESTS, {"network_id": network_id}).scalar()
    if owner is None:
        return set()
    return set(connection.execute(_WITH_PORTS, {"network_id": network_id}).scalars()) - {owner}


def external_users_of(connection: Connection, network_id: str) -> set[str]:
    """The projects that have routers with a gateway in the network."""
    return set(connection.execute(_ROUTERS, {"network_id": network_id}).scalars())


def default_network(connection: Connection) -> str | None:
    """The default external network, if there is one."""
    found: str | None = connection.execute(_DEFAULT, {"network_id": ""}).scalar()
    return found


def check_default(connection: Connection, networks: Sequence[Values]) -> None:
    """Only one external network can be the default. Raises AlcorError (409)."""
    wanted = [values["id"] for values in networks if values["is_default"] and values["router:external"]]
    if wanted:
        _check_no_other_default(connection, wanted[0])
    if len(wanted) > 1:
        raise _default_exists(wanted[0])


def share_new(transaction: Transaction, rows: Sequence[Any], networks: Sequence[Values]) -> None:
    """Let others use new networks, as they say."""
    shared = [row for row, values in zip(rows, networks, strict=True) if values["shared"]]
    sharing.share(transaction, OBJECT_TYPE, shared)
    sharing.share(transaction, OBJECT_TYPE, [row for row in rows if row.external], EXTERNAL)


def change(transaction: Transaction, row: Row[Any], values: Values) -> None:
    """Let others use a network, or no longer, as an update says.

    Raises AlcorError (409) when it is used, or another is the default.
    """
    connection = transaction.connection
    if "shared" in values:
        _change_shared(transaction, row, values["shared"])
    external = values.get("router:external", row.external)
    if external and not row.external:
        sharing.share(transaction, OBJECT_TYPE, [row], EXTERNAL)
    if row.external and not external:
        _check_no_gateways(connection, row.id)
        sharing.unshare(connection, OBJECT_TYPE, row.id, EXTERNAL, target=None)
    if external and values.get("is_default", row.is_default) and not (row.external and row.is_default):
        _check_can_be_default(connection, row.id)


def _change_shared(transaction: Transaction, row: Row[Any], wanted: bool) -> None:
    connection = transaction.connection
    targets = sharing.targets(connection, OBJECT_TYPE, row.id)
    if wanted and EVERYBODY not in targets:
        sharing.share(transaction, OBJECT_TYPE, [row])
    elif not wanted and EVERYBODY in targets:
        if users_of(connection, row.id) - targets - {""}:
            raise conflict(
                "InvalidSharedSetting",
                f"Unable to reconfigure sharing settings for network {row.id}. Multiple projects are using it.",
            )
        sharing.unshare(connection, OBJECT_TYPE, row.id, SHARED)


def changed(transaction: Transaction, network_id: str) -> None:
    """Entries about a network are others than they were: it is a revision later, and external if any say so.

    Raises AlcorError (409) when it is needed as what it was.
    """
    connection = transaction.connection
    row = connection.execute(_ROW, {"network_id": network_id}).one()
    external = bool(sharing.targets(connection, OBJECT_TYPE, network_id, EXTERNAL))
    if row.is_default and (external or row.external):
        _check_can_be_default(connection, network_id)
    if row.external and not external:
        _check_no_gateways(connection, network_id)
    bulk.update_rows(connection, network, "id", ("external",), [(external, network_id)])
    revise(transaction, network, network_id)


def _check_can_be_default(connection: Connection, network_id: str) -> None:
    _check_no_other_default(connection, network_id)
    if EVERYBODY not in sharing.targets(connection, OBJECT_TYPE, network_id, EXTERNAL):
        raise sharing.in_use(network_id, "Default external networks must be shared to everyone.")


def _check_no_gateways(connection: Connection, network_id: str) -> None:
    if connection.execute(_GATEWAYS, {"network_id": network_id}).first() is not None:
        raise conflict(
            "ExternalNetworkInUse",
            f"External network {network_id} cannot be updated to be made non-external, since it has existing gateway "
            "ports.",
        )


def _check_no_other_default(connection: Connection, network_id: str) -> None:
    found = connection.execute(_DEFAULT, {"network_id": network_id}).scalar()
    if found is not None:
        raise _default_exists(found)


def _default_exists(network_id: str) -> AlcorError:
    return conflict("DefaultExternalNetworkExists", f"A default external network already exists: {network_id}.")
