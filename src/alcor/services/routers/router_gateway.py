"""The gateways of routers: ports of no project in external networks; the first is ``external_gateway_info``."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from alcor.model.addresses import ip_text
from alcor.model.context import OPERATOR, Context
from alcor.model.errors import AlcorError, bad_request, conflict, not_found, wrong_for
from alcor.model.resources.port import PORT
from alcor.services.manager import Create, Update
from alcor.services.networks.vpc import ACCESS as NETWORK_ACCESS
from alcor.services.ports.port import PORTS, erase_ports
from alcor.services.ports.port_creation import create_ports
from alcor.services.routers.ndp_proxy_ports import check_gateway_unneeded
from alcor.services.routers.router_ports import GATEWAY, RouterPort, ports_of
from alcor.services.routers.router_subnets import check_next_hops, check_no_overlap, subnets_of_networks
from alcor.services.rows import View
from alcor.services.subnets.private_ip import fixed_ip_views
from alcor.store.tables import floating_ip
from alcor.store.transaction import Transaction

Wanted = Mapping[str, Any]
"""A gateway as a request has it: network_id, and perhaps external_fixed_ips and enable_snat."""

_NEEDED = (
    select(floating_ip.c.id)
    .where(floating_ip.c.router_id == bindparam("router_id"), floating_ip.c.floating_network_id == bindparam("network"))
    .limit(1)
)


def gateways_of(connection: Connection, router_id: str, first: str | None) -> list[RouterPort]:
    """The gateways of a router, the one with the id ``first`` before the others."""
    return with_first(ports_of(connection, [router_id], [GATEWAY]).get(router_id, []), first)


def with_first(ports: Sequence[RouterPort], first: str | None) -> list[RouterPort]:
    """The ports, the one with the id ``first`` before the others."""
    return sorted(ports, key=lambda each: each.id != first)


def gateway_view(port: RouterPort, enable_snat: bool) -> View:
    """A gateway as the API shows it."""
    return {
        "network_id": port.network_id,
        "enable_snat": enable_snat,
        "external_fixed_ips": fixed_ip_views(port.fixed_ips),
    }


def set_first(
    transaction: Transaction,
    router_id: str,
    first: str | None,
    wanted: Wanted | None,
    routes: Sequence[Mapping[str, str]],
    context: Context,
) -> str | None:
    """Make the first gateway what is wanted, None for none. Returns the id of the port that is the first then.

    ``routes`` are the router's: their next hops must stay within reach. Raises AlcorError.
    """
    connection = transaction.connection
    gateways = gateways_of(connection, router_id, first)
    current = gateways[0] if gateways and gateways[0].id == first else None
    network_id = wanted["network_id"] if wanted else None
    fixed_ips = wanted.get("external_fixed_ips", []) if wanted else []
    if wanted:
        check_wanted(connection, wanted, context)
    if current is not None and current.network_id == network_id:
        if _differ(current, fixed_ips):
            PORTS.update(transaction, [Update(current.id, {"fixed_ips": fixed_ips})])
        check_next_hops(connection, ports_of(connection, [router_id]).get(router_id, []), routes)
        return current.id
    if current is not None:
        remove(transaction, router_id, current, gateways)
        gateways.remove(current)
    new = add(transaction, router_id, wanted) if wanted else None
    check_next_hops(connection, ports_of(connection, [router_id]).get(router_id, []), routes)
    if new is not None:
        return new
    return gateways[0].id if gateways else None


def _differ(current: RouterPort, fixed_ips: Sequence[Mapping[str, str]]) -> bool:
    """Whether the addresses that are asked for are others than the gateway has."""
    if not fixed_ips:
        return False
    held = fixed_ip_views(current.fixed_ips)
    if {each["subnet_id"] for each in held} != {each["subnet_id"] for each in fixed_ips if "subnet_id" in each}:
        return True
    return {each["ip_address"] for each in held} != {each["ip_address"] for each in fixed_ips if "ip_address" in each}


def check_wanted(connection: Connection, wanted: Wanted, context: Context) -> None:
    """Raises AlcorError unless the gateway leads to an external network that the caller is shown."""
    network_id = wanted["network_id"]
    network = NETWORK_ACCESS.rows(connection, [network_id], context).get(network_id)
    if network is None:
        raise not_found("network", network_id)
    if not network.external:
        raise wrong_for("router", f"Network {network_id} is not an external network")
    gateway_ips = {each.gateway_ip for each in subnets_of_networks(connection, [network_id])}
    for each in wanted.get("external_fixed_ips", []):
        if each.get("ip_address") in gateway_ips:
            raise wrong_for("router", f"External IP {each['ip_address']} is the same as the gateway IP")


def add(transaction: Transaction, router_id: str, wanted: Wanted) -> str:
    """A new gateway, which was checked. Returns the id of its port. Raises AlcorError."""
    connection = transaction.connection
    network_id = wanted["network_id"]
    ports = ports_of(connection, [router_id]).get(router_id, [])
    check_no_overlap(connection, ports, subnets_of_networks(connection, [network_id]), as_gateway=True)
    created = create_port(
        transaction,
        {
            "project_id": "",
            "network_id": network_id,
            "fixed_ips": wanted.get("external_fixed_ips") or None,
            "device_id": router_id,
            "device_owner": GATEWAY,
            "status": "ACTIVE",
        },
    )
    return str(created["id"])


def create_port(transaction: Transaction, attributes: Mapping[str, Any]) -> View:
    """Create a port that counts for no project's limit. Raises AlcorError."""
    given = {name: value for name, value in attributes.items() if name != "status"}
    values = PORT.check_create(given) | dict(attributes)
    (result,) = create_ports(transaction, [Create([values], OPERATOR)])
    if isinstance(result, Exception):
        raise result
    return result[0]


def remove(transaction: Transaction, router_id: str, gateway: RouterPort, gateways: Sequence[RouterPort]) -> None:
    """Remove one of the router's gateways. Raises AlcorError (409) when floating IPs need it."""
    others = [each for each in gateways if each.network_id == gateway.network_id and each.id != gateway.id]
    if not others:
        check_gateway_unneeded(transaction.connection, router_id)
        needed = {"router_id": router_id, "network": gateway.network_id}
        if transaction.connection.execute(_NEEDED, needed).first() is not None:
            raise _in_use(router_id, gateway.network_id)
    erase_ports(transaction, [gateway.id])


def _in_use(router_id: str, network_id: str) -> AlcorError:
    return conflict(
        "RouterExternalGatewayInUseByFloatingIp",
        f"Gateway cannot be updated for router {router_id}, since a gateway to external network {network_id} is "
        "required by one or more floating IPs.",
    )


def add_all(
    transaction: Transaction, router_id: str, first: str | None, wanted: Sequence[Wanted], context: Context
) -> str | None:
    """Add gateways beside those that there are. Returns the id of the first one's port then. Raises AlcorError."""
    for each in wanted:
        check_wanted(transaction.connection, each, context)
        new = add(transaction, router_id, each)
        first = first or new
    return first


def remove_all(transaction: Transaction, router_id: str, first: str | None, wanted: Sequence[Wanted]) -> str | None:
    """Remove the gateways that are named. Returns the id of the first one's port then. Raises AlcorError."""
    gateways = gateways_of(transaction.connection, router_id, first)
    if wanted and not gateways:
        raise bad_request(f"Unable to remove extra gateways from a router {router_id}", "UnableToRemoveGateways")
    for each in wanted:
        named = _match(router_id, gateways, each)
        if named is None:
            raise _no_match(router_id)
        remove(transaction, router_id, named, gateways)
        gateways.remove(named)
    return gateways[0].id if gateways else None


def replace_all(
    transaction: Transaction, router_id: str, first: str | None, wanted: Sequence[Wanted], context: Context
) -> str | None:
    """Have these gateways and no others; those that there are stay. Returns the id of the first one's port.

    Raises AlcorError.
    """
    gateways = gateways_of(transaction.connection, router_id, first)
    kept: list[RouterPort | None] = []
    for each in wanted:
        check_wanted(transaction.connection, each, context)
        kept.append(_match(router_id, [port for port in gateways if port not in kept], each))
    remaining = list(gateways)
    for port in reversed(gateways):
        if port not in kept:
            remove(transaction, router_id, port, remaining)
            remaining.remove(port)
    ids = []
    for each, before in zip(wanted, kept, strict=True):
        if before is None:
            ids.append(add(transaction, router_id, each))
            continue
        fixed_ips = each.get("external_fixed_ips", [])
        if _differ(before, fixed_ips):
            PORTS.update(transaction, [Update(before.id, {"fixed_ips": fixed_ips})])
        ids.append(before.id)
    return ids[0] if ids else None


def _match(router_id: str, gateways: Sequence[RouterPort], wanted: Wanted) -> RouterPort | None:
    """The gateway that is meant: of the network, with one of the addresses if any are said."""
    candidates = [each for each in gateways if each.network_id == wanted["network_id"]]
    addresses = {each["ip_address"] for each in wanted.get("external_fixed_ips", []) if "ip_address" in each}
    if addresses:
        held = ({ip_text(address) for _, address in each.fixed_ips} for each in candidates)
        return next((each for each, its in zip(candidates, held, strict=True) if its & addresses), None)
    if len(candidates) > 1:
        raise _no_match(router_id)
    return candidates[0] if candidates else None


def _no_match(router_id: str) -> AlcorError:
    return bad_request(
        f"Unable to match a requested gateway port to existing gateway ports for router {router_id}",
        "UnableToMatchGateways",
    )
