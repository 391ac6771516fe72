"""What routers and ports must respect of NDP proxies. Only tables are looked at here."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, select

from alcor.model.addresses import ip_bytes
from alcor.model.errors import AlcorError, conflict
from alcor.store import bulk
from alcor.store.tables import ip_allocation, ndp_proxy, subnet, subnetpool
from alcor.store.transaction import Transaction

_OF_ROUTER = select(ndp_proxy.c.port_id, ndp_proxy.c.ip_address).where(ndp_proxy.c.router_id == bindparam("router_id"))
_OF_PORTS = select(ndp_proxy.c.id, ndp_proxy.c.ip_address).where(
    ndp_proxy.c.port_id.in_(bindparam("port_ids", expanding=True))
)
_IPV6_SCOPES = (
    select(subnetpool.c.address_scope_id)
    .select_from(subnet.outerjoin(subnetpool, subnetpool.c.id == subnet.c.subnetpool_id))
    .where(subnet.c.network_id == bindparam("network_id"), subnet.c.ip_version == 6)
    .limit(1)
)
_HELD_IN = select(ip_allocation.c.port_id).where(
    ip_allocation.c.subnet_id == bindparam("subnet_id"), ip_allocation.c.ip_address == bindparam("address")
)


def ipv6_scope(connection: Connection, network_id: str) -> str | None:
    """The address scope of a network's IPv6 subnets, which are all of one pool; None where there is none."""
    scope: str | None = connection.execute(_IPV6_SCOPES, {"network_id": network_id}).scalar()
    return scope


def check_gateway_unneeded(connection: Connection, router_id: str) -> None:
    """Raises AlcorError (409) when the router proxies for addresses: it has a gateway as long as it does."""
    if connection.execute(_OF_ROUTER, {"router_id": router_id}).first() is not None:
        raise conflict(
            "RouterGatewayInUseByNDPProxy",
            f"Unable to unset external gateway of router {router_id}, There are one or more ndp proxies still in use "
            "on the router.",
        )


def check_interface_unneeded(connection: Connection, router_id: str, subnet_id: str) -> None:
    """Raises AlcorError (409) when the router proxies for an address of the subnet."""
    for row in connection.execute(_OF_ROUTER, {"router_id": router_id}).all():
        held = {"subnet_id": subnet_id, "address": ip_bytes(row.ip_address)}
        if connection.execute(_HELD_IN, held).scalar() == row.port_id:
            raise conflict(
                "RouterInterfaceInUseByNDPProxy",
                f"Unable to remove subnet {subnet_id} from router {router_id}, There are one or more ndp proxies still "
                "in use on the subnet.",
            )


def not_valid(router_id: str, reason: str) -> AlcorError:
    """A router that cannot proxy NDP (409)."""
    return conflict("RouterGatewayNotValid", f"Can not enable ndp proxy on router {router_id}, {reason}.")


def forget_those_of(transaction: Transaction, port_ids: Sequence[str], kept: Collection[str] = ()) -> None:
    """Ports go, or have only these addresses from now on: no router proxies for the others."""
    rows = transaction.connection.execute(_OF_PORTS, {"port_ids": port_ids}).all()
    gone = [row.id for row in rows if row.ip_address not in kept]
    if gone:
        bulk.delete_by(transaction.connection, ndp_proxy, "id", gone)
