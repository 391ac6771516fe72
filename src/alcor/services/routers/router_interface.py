"""The interfaces of routers: ports in the networks that they connect."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.addresses import ip_text
from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict, not_found, wrong_for
from alcor.model.resources.port import PORT
from alcor.model.schema import STRING, all_of, holding, taking
from alcor.model.values import Schema, uuid
from alcor.services.access import shared_ids
from alcor.services.floating_ips.forwarded_ports import forwardings_of
from alcor.services.manager import Create, Update
from alcor.services.ports.port import ACCESS as PORT_ACCESS
from alcor.services.ports.port import PORTS, erase_ports
from alcor.services.ports.port_views import fixed_ips_of
from alcor.services.routers.ndp_proxy_ports import check_interface_unneeded
from alcor.services.routers.router_ports import INTERFACE, RouterPort, ports_of
from alcor.services.routers.router_subnets import check_no_overlap
from alcor.services.rows import View
from alcor.services.subnets.subnet import ACCESS as SUBNET_ACCESS
from alcor.services.subnets.subnet import ROWS as SUBNET_ROWS
from alcor.store import bulk
from alcor.store.tables import floating_ip, network, subnet
from alcor.store.transaction import Transaction

_OF_ROUTER = select(floating_ip).where(floating_ip.c.router_id == bindparam("router_id"))


def add(transaction: Transaction, router: Row[Any], body: Any, context: Context) -> View:
    """Attach the router to the subnet or the port that the request names. Raises AlcorError."""
    port_id, subnet_id = _named(body)
    if port_id is not None and subnet_id is not None:
        raise wrong_for("router", "Cannot specify both subnet-id and port-id")
    if port_id is not None:
        return _add_port(transaction, router, port_id, context)
    return _add_subnet(transaction, router, str(subnet_id), context)


NAMED: Schema = {"anyOf": [taking({"subnet_id": uuid}), taking({"port_id": uuid})]}
"""What requests say of an interface."""


def _named(body: Any) -> tuple[str | None, str | None]:
    """The port_id and subnet_id of a request. Raises AlcorError (400) when there is neither."""
    if not isinstance(body, dict) or not ("port_id" in body or "subnet_id" in body):
        raise wrong_for("router", "Either subnet_id or port_id must be specified")
    try:
        port_id, subnet_id = (uuid(body[name]) if name in body else None for name in ("port_id", "subnet_id"))
    except ValueError as error:
        raise wrong_for("router", str(error)) from error
    return port_id, subnet_id


def _add_port(transaction: Transaction, router: Row[Any], port_id: str, context: Context) -> View:
    connection = transaction.connection
    row = PORT_ACCESS.rows(connection, [port_id], context).get(port_id)
    if row is None:
        raise not_found("port", port_id)
    if row.device_id:
        raise conflict(
            "PortInUse",
            f"Unable to complete operation on port {port_id} for network {row.network_id}. Port already has an "
            f"attached device {row.device_id}.",
        )
    fixed_ips = fixed_ips_of(connection, [port_id]).get(port_id, ())
    if not fixed_ips:
        raise wrong_for("router", "Router port must have at least one fixed IP")
    subnets = _subnets(connection, [subnet_id for subnet_id, _ in fixed_ips])
    attached = ports_of(connection, [router.id]).get(router.id, [])
    for each in subnets:
        _check_address_mode(each)
    _check_one_ipv6_port(attached, row.network_id, port_id, subnets)
    check_no_overlap(connection, attached, subnets, as_gateway=False)
    if sum(each.ip_version == 4 for each in subnets) > 1:
        raise wrong_for("router", "Cannot have multiple IPv4 subnets on router port")
    _check_in_pools(subnets, port_id, fixed_ips, context)
    attach = {"device_id": router.id, "device_owner": INTERFACE, "status": "ACTIVE"}
    PORTS.update(transaction, [Update(port_id, attach)])
    return _info(router.id, row.project_id, port_id, row.network_id, [each.id for each in subnets][-1:], subnets)


def _subnets(connection: Connection, subnet_ids: Sequence[str]) -> list[Row[Any]]:
    """The rows of subnets, in their order."""
    found = {row.id: row for row in bulk.select_by(connection, list(subnet.c), subnet.c.id, subnet_ids)}
    return [found[subnet_id] for subnet_id in dict.fromkeys(subnet_ids) if subnet_id in found]


def _check_address_mode(row: Row[Any]) -> None:
    view = SUBNET_ROWS.view(row)
    if row.ip_version == 6 and view["ipv6_ra_mode"] is None and view["ipv6_address_mode"] is not None:
        raise wrong_for(
            "router",
            f"IPv6 subnet {row.id} configured to receive RAs from an external router cannot be added to Neutron "
            "Router.",
        )


def _check_one_ipv6_port(
    attached: Sequence[RouterPort], network_id: str, port_id: str, subnets: Sequence[Row[Any]]
) -> None:
    if all(each.ip_version == 4 for each in subnets):
        return
    other = _ipv6_port(attached, network_id)
    if other is not None and other.id != port_id:
        raise wrong_for(
            "router",
            f"Router already contains IPv6 port {other.id} belonging to network id {network_id}. Only one IPv6 port "
            "from the same network subnet can be connected to a router.",
        )


def _ipv6_port(attached: Sequence[RouterPort], network_id: str) -> RouterPort | None:
    return next(
        (
            each
            for each in attached
            if each.owner == INTERFACE
            and each.network_id == network_id
            and any(len(ip) == 16 for _, ip in each.fixed_ips)
        ),
        None,
    )


def _check_in_pools(
    subnets: Sequence[Row[Any]], port_id: str, fixed_ips: Sequence[tuple[str, bytes]], context: Context
) -> None:
    """A tenant must not take the place of the gateway in a subnet of others."""
    if context.is_admin:
        return
    by_id = {each.id: each for each in subnets}
    for subnet_id, address in fixed_ips:
        row = by_id[subnet_id]
        pools = SUBNET_ROWS.view(row)["allocation_pools"]
        number = int.from_bytes(address)
        inside = any(
            int(ipaddress.ip_address(pool["start"])) <= number <= int(ipaddress.ip_address(pool["end"]))
            for pool in pools
        )
        if not inside and row.project_id != context.project_id:
            raise wrong_for(
                "router",
                f"Cannot add interface to router because specified port {port_id} has an IP address out of the "
                f"allocation pool of subnet {subnet_id}, which is not owned by the project making the request",
            )


def _add_subnet(transaction: Transaction, router: Row[Any], subnet_id: str, context: Context) -> View:
    connection = transaction.connection
    row = SUBNET_ACCESS.rows(connection, [subnet_id], context).get(subnet_id)
    if row is None:
        raise not_found("subnet", subnet_id)
    if not row.gateway_ip:
        raise wrong_for("router", "Subnet for router interface must have a gateway IP")
    _check_owned(connection, row, context)
    _check_address_mode(row)
    attached = ports_of(connection, [router.id]).get(router.id, [])
    check_no_overlap(connection, attached, [row], as_gateway=False)
    fixed_ip = {"subnet_id": subnet_id, "ip_address": row.gateway_ip}
    before = _ipv6_port(attached, row.network_id) if row.ip_version == 6 else None
    if before is not None:
        held = [{"subnet_id": each, "ip_address": ip_text(address)} for each, address in before.fixed_ips]
        PORTS.update(transaction, [Update(before.id, {"fixed_ips": [*held, fixed_ip]})])
        return _info(router.id, before.project_id, before.id, row.network_id, [subnet_id], [row])
    values = {
        "project_id": router.project_id,
        "network_id": row.network_id,
        "fixed_ips": [fixed_ip],
        "device_id": router.id,
        "device_owner": INTERFACE,
    }
    (result,) = PORTS.create(transaction, [Create([PORT.check_create(values) | {"status": "ACTIVE"}])])
    if isinstance(result, Exception):
        raise result
    return _info(router.id, router.project_id, result[0]["id"], row.network_id, [subnet_id], [row])


def _check_owned(connection: Connection, row: Row[Any], context: Context) -> None:
    """Raises AlcorError (400) for a subnet of others whose network is not shared with the caller by name."""
    if context.is_admin or row.project_id == context.project_id:
        return
    shared = select(network.c.id).where(
        network.c.id == row.network_id, network.c.id.in_(shared_ids("network", context.project_id))
    )
    if connection.execute(shared).first() is None:
        raise wrong_for(
            "router",
            f"Cannot add interface to router because subnet {row.id} is not owned by project making the request",
        )


def remove(
    transaction: Transaction, router: Row[Any], routes: Sequence[Mapping[str, str]], body: Any, context: Context
) -> View:
    """Detach the router from the port or subnet that the request names. Raises AlcorError."""
    port_id, subnet_id = _named(body)
    attached = ports_of(transaction.connection, [router.id], [INTERFACE]).get(router.id, [])
    if port_id is not None:
        return _remove_port(transaction, router, routes, attached, port_id, subnet_id)
    return _remove_subnet(transaction, router, routes, attached, str(subnet_id), context)


def _remove_port(
    transaction: Transaction,
    router: Row[Any],
    routes: Sequence[Mapping[str, str]],
    attached: Sequence[RouterPort],
    port_id: str,
    subnet_id: str | None,
) -> View:
    port = next((each for each in attached if each.id == port_id), None)
    if port is None:
        raise AlcorError(
            404, "RouterInterfaceNotFound", f"Router {router.id} does not have an interface with id {port_id}"
        )
    ids = [each for each, _ in port.fixed_ips]
    if subnet_id is not None and subnet_id not in ids:
        raise bad_request(
            f"Subnet on port {port_id} does not match the requested subnet {subnet_id}.", "SubnetMismatchForPort"
        )
    subnets = _subnets(transaction.connection, ids)
    for each in subnets:
        _check_unused(transaction.connection, router.id, routes, each)
    erase_ports(transaction, [port_id])
    return _info(router.id, port.project_id, port_id, port.network_id, [each.id for each in subnets][:1], subnets)


def _remove_subnet(
    transaction: Transaction,
    router: Row[Any],
    routes: Sequence[Mapping[str, str]],
    attached: Sequence[RouterPort],
    subnet_id: str,
    context: Context,
) -> View:
    row = SUBNET_ACCESS.rows(transaction.connection, [subnet_id], context).get(subnet_id)
    if row is None:
        raise not_found("subnet", subnet_id)
    port = next((each for each in attached if any(held == subnet_id for held, _ in each.fixed_ips)), None)
    if port is None:
        raise AlcorError(
            404, "RouterInterfaceNotFoundForSubnet", f"Router {router.id} has no interface on subnet {subnet_id}"
        )
    _check_unused(transaction.connection, router.id, routes, row)
    others = [
        {"subnet_id": each, "ip_address": ip_text(address)} for each, address in port.fixed_ips if each != subnet_id
    ]
    if others:
        PORTS.update(transaction, [Update(port.id, {"fixed_ips": others})])
    else:
        erase_ports(transaction, [port.id])
    return _info(router.id, port.project_id, port.id, port.network_id, [subnet_id], [row])


def _check_unused(connection: Connection, router_id: str, routes: Sequence[Mapping[str, str]], row: Row[Any]) -> None:
    """Raises AlcorError (409) when a floating IP or a route needs the interface on a subnet."""
    needs = (
        f"Router interface for subnet {row.id} on router {router_id} cannot be deleted, as it is required by "
        "one or more"
    )
    reached = ipaddress.ip_network(row.cidr)
    for port_id, target in _targets(connection, router_id):
        if ipaddress.ip_address(target) not in reached:
            continue
        held = fixed_ips_of(connection, [port_id]).get(port_id, ())
        if any(subnet_id == row.id and ip_text(address) == target for subnet_id, address in held):
            raise conflict("RouterInterfaceInUseByFloatingIP", f"{needs} floating IPs.")
    check_interface_unneeded(connection, router_id, row.id)
    if _is_only_way_out(connection, router_id, row):
        raise conflict("RouterInterfaceInUseAsGatewayByFloatingIP", f"{needs} floating IPs as a gateway.")
    if any(ipaddress.ip_address(route["nexthop"]) in reached for route in routes):
        raise conflict("RouterInterfaceInUseByRoute", f"{needs} routes.")


def _is_only_way_out(connection: Connection, router_id: str, row: Row[Any]) -> bool:
    """Whether the interface on a subnet is all that a router has in a network whose floating IPs lead through it."""
    floating_ips = connection.execute(_OF_ROUTER, {"router_id": router_id})
    if all(each.floating_network_id != row.network_id for each in floating_ips):
        return False
    its = [each for each in ports_of(connection, [router_id]).get(router_id, []) if each.network_id == row.network_id]
    held = {subnet_id for each in its for subnet_id, _ in each.fixed_ips}
    return held == {row.id} and all(each.owner == INTERFACE for each in its)


def _targets(connection: Connection, router_id: str) -> Iterator[tuple[str, str]]:
    """The ports, and their addresses, to which floating IPs or port forwardings lead through a router."""
    floating_ips = connection.execute(_OF_ROUTER, {"router_id": router_id}).all()
    for each in floating_ips:
        if each.port_id is not None:
            yield each.port_id, each.fixed_ip_address
    for forwardings in forwardings_of(connection, [each.id for each in floating_ips]).values():
        yield from ((each.internal_port_id, each.internal_ip_address) for each in forwardings)


INFO = holding(
    dict.fromkeys(("id", "tenant_id", "project_id", "port_id", "network_id", "subnet_id"), STRING)
    | {"subnet_ids": all_of(STRING)}
)
"""What is answered of an interface that is added or removed."""


def _info(
    router_id: str,
    project_id: str,
    port_id: str,
    network_id: str,
    subnet_id: Sequence[str],
    subnets: Sequence[Row[Any]],
) -> View:
    return {
        "id": router_id,
        "tenant_id": project_id,
        "project_id": project_id,
        "port_id": port_id,
        "network_id": network_id,
        "subnet_id": subnet_id[0],
        "subnet_ids": [each.id for each in subnets],
    }
