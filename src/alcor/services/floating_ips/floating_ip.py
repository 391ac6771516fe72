"""Floating IPs: addresses of external networks, held by a port of no project, that lead to ports behind routers."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.addresses import ip_text
from alcor.model.context import Context
from alcor.model.errors import AlcorError, conflict, not_found, wrong_for
from alcor.model.resources.floating_ip import FLOATING_IP
from alcor.services.access import Access, owned, row_values
from alcor.services.floating_ips import forwarded_ports
from alcor.services.manager import Create, Values
from alcor.services.networks.vpc import ACCESS as NETWORK_ACCESS
from alcor.services.plain import Change, Plain, plain_manager
from alcor.services.ports import compute_events
from alcor.services.ports.port import ACCESS as PORT_ACCESS
from alcor.services.ports.port import erase_ports
from alcor.services.ports.port_json import ROWS as PORT_ROWS
from alcor.services.ports.port_views import fixed_ips_of
from alcor.services.qos import qos_attachment
from alcor.services.routers.router_gateway import create_port
from alcor.services.routers.router_ports import FLOATING_IP as OWNER
from alcor.services.routers.router_ports import INTERFACE, ports_of
from alcor.services.routers.router_subnets import subnets_of_networks
from alcor.services.rows import View
from alcor.services.subnets.port_subnets import DHCP_OWNER
from alcor.store import bulk
from alcor.store.tables import floating_ip, ip_allocation, network, port, router, subnet
from alcor.store.tables.network import OF_NETWORKS
from alcor.store.transaction import Transaction

ACCESS = Access(FLOATING_IP, floating_ip, owned(floating_ip))

_KIND = "floatingip"
_DETAILS = ("name", "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner")
_FORWARDING = ("id", "protocol", "internal_port_id", "internal_ip_address", "internal_port", "external_port")
_NOWHERE: Values = {"port_id": None, "fixed_ip_address": None, "router_id": None, "status": "DOWN"}

_INTERFACES = (
    select(port.c.device_id, port.c.created_at, ip_allocation.c.ip_address, subnet.c.gateway_ip)
    .join(ip_allocation, ip_allocation.c.port_id == port.c.id)
    .join(subnet, subnet.c.id == ip_allocation.c.subnet_id)
    .where(
        port.c.network_id == select(subnet.c.network_id).where(subnet.c.id == bindparam("subnet_id")).scalar_subquery(),
        port.c.device_owner == INTERFACE,
        OF_NETWORKS,
        ip_allocation.c.subnet_id == bindparam("subnet_id"),
    )
    .order_by(port.c.id)
)
_SAME_TARGET = select(floating_ip.c.id).where(
    floating_ip.c.port_id == bindparam("port_id"),
    floating_ip.c.fixed_ip_address == bindparam("fixed_ip_address"),
    floating_ip.c.floating_network_id == bindparam("external_network"),
    floating_ip.c.id != bindparam("id"),
)


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    _check_dns(values)
    qos_attachment.check_new(transaction.connection, Create([values], context))
    network_id = values["floating_network_id"]
    _check_external(transaction.connection, network_id, context)
    wanted = {"subnet_id": values.pop("subnet_id"), "ip_address": values["floating_ip_address"]}
    fixed_ip = {name: value for name, value in wanted.items() if value}
    holder = create_port(
        transaction,
        {
            "project_id": "",
            "network_id": network_id,
            "fixed_ips": [fixed_ip] if fixed_ip else None,
            "device_id": values["id"],
            "device_owner": OWNER,
            "status": "N/A",
        },
    )
    address = next((each["ip_address"] for each in holder["fixed_ips"] if ":" not in each["ip_address"]), None)
    if address is None:
        raise AlcorError(
            400, "ExternalIpAddressExhausted", f"Unable to find any IP address on external network {network_id}."
        )
    created = values | {"floating_ip_address": address, "floating_port_id": holder["id"]}
    return created | target_of(transaction.connection, created, values, context)


def _check_dns(values: Values) -> None:
    for given, missing in (("dns_domain", "dns_name"), ("dns_name", "dns_domain")):
        if values[given] and not values[missing]:
            raise wrong_for("floatingip", f"{given} cannot be specified without a {missing}")


def _check_external(connection: Connection, network_id: str, context: Context) -> None:
    """Raises AlcorError unless floating IPs can be of the network."""
    network = NETWORK_ACCESS.rows(connection, [network_id], context).get(network_id)
    if network is None:
        raise not_found("network", network_id)
    if not network.external:
        raise wrong_for("floatingip", f"Network {network_id} is not a valid external network")
    if all(each.ip_version != 4 for each in subnets_of_networks(connection, [network_id])):
        raise wrong_for("floatingip", f"Network {network_id} does not contain any IPv4 subnet")


def _apply(transaction: Transaction, change: Change) -> Values:
    before, values = row_values(change.row), _led(transaction, change)
    if any(values.get(name, before[name]) != before[name] for name in ("port_id", "fixed_ip_address")):
        compute_events.tell_of_addresses(transaction, [before["port_id"], values["port_id"]])
    return values


def _led(transaction: Transaction, change: Change) -> Values:
    """An update that says nothing lets the address lead nowhere; one of other attributes leaves it (Neutron)."""
    values = dict(change.values)
    if values.get("port_id"):
        forwarded_ports.check_forwards_nothing(transaction.connection, change.row.id)
    qos_attachment.change(transaction.connection, _KIND, change.row, values, change.context)
    if values and "port_id" not in values and change.row.port_id and not values.get("fixed_ip_address"):
        kept = {"port_id": change.row.port_id, "fixed_ip_address": change.row.fixed_ip_address}
        router_id = values.get("router_id") or change.row.router_id
        return values | target_of(
            transaction.connection, row_values(change.row), kept | {"router_id": router_id}, change.context
        )
    target = target_of(transaction.connection, row_values(change.row), values, change.context)
    if target["port_id"] is None and change.row.port_id is None:
        target["router_id"] = change.row.router_id  # that of its port forwardings, if any
        target["status"] = change.row.status
    return values | target


def target_of(
    connection: Connection, floating: Mapping[str, Any], wanted: Mapping[str, Any], context: Context
) -> Values:
    """Where a floating IP leads that a request wants to lead to a port. Raises AlcorError."""
    port_id = wanted.get("port_id")
    if not port_id:
        if wanted.get("fixed_ip_address"):
            raise wrong_for("floatingip", "fixed_ip_address cannot be specified without a port_id")
        return dict(_NOWHERE)
    subnet_id, address = internal_address(
        connection, port_id, wanted.get("fixed_ip_address"), floating["project_id"], context
    )
    network_id = floating["floating_network_id"]
    if wanted.get("router_id"):
        router_id = _checked_router(connection, wanted["router_id"], network_id)
    else:
        router_id = router_between(connection, port_id, subnet_id, network_id)
    taken = {"id": floating["id"], "port_id": port_id, "fixed_ip_address": address, "external_network": network_id}
    if connection.execute(_SAME_TARGET, taken).first() is not None:
        raise conflict(
            "FloatingIPPortAlreadyAssociated",
            f"Cannot associate floating IP {floating['floating_ip_address']} ({floating['id']}) with port {port_id} "
            f"using fixed IP {address}, as that fixed IP already has a floating IP on external network {network_id}.",
        )
    return {"port_id": port_id, "fixed_ip_address": address, "router_id": router_id, "status": "ACTIVE"}


def internal_address(
    connection: Connection, port_id: str, address: str | None, project_id: str, context: Context
) -> tuple[str, str]:
    """The subnet and the IPv4 address of a port that an address outside can lead to. Raises AlcorError."""
    row = PORT_ACCESS.rows(connection, [port_id], context).get(port_id)
    if row is None:
        raise not_found("port", port_id)
    if row.project_id != project_id and not context.is_admin:
        raise wrong_for(
            "floatingip",
            f"Cannot process floating IP association with Port {port_id}, since that port is owned by a different "
            "project",
        )
    if row.device_owner == DHCP_OWNER:
        raise wrong_for("floatingip", f"Port {port_id} is unable to be assigned a floating IP")
    held = [(subnet_id, ip_text(packed)) for subnet_id, packed in fixed_ips_of(connection, [port_id]).get(port_id, ())]
    if address:
        return _certain(port_id, held, address)
    choices = [(subnet_id, each) for subnet_id, each in held if ":" not in each]
    if not choices:
        raise wrong_for("floatingip", f"Cannot add floating IP to port {port_id} that has no fixed IPv4 addresses")
    if len(choices) > 1:
        raise wrong_for(
            "floatingip",
            f"Port {port_id} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning "
            "a floating IP",
        )
    return choices[0]


def _certain(port_id: str, held: Sequence[tuple[str, str]], address: str) -> tuple[str, str]:
    if ":" in address:
        raise wrong_for(
            "floatingip", f"Cannot process floating IP association with {address}, since that is not an IPv4 address"
        )
    for subnet_id, each in held:
        if each == address:
            return subnet_id, each
    raise wrong_for("floatingip", f"Port {port_id} does not have fixed ip {address}")


def router_between(connection: Connection, port_id: str, subnet_id: str, external_network: str) -> str:
    """The router that connects a subnet with an external network: that of the subnet's gateway before others.

    Raises AlcorError (404).
    """
    interfaces = sorted(connection.execute(_INTERFACES, {"subnet_id": subnet_id}).all(), key=attrgetter("created_at"))
    connected = _connected(connection, [each.device_id for each in interfaces], external_network)
    ways = [each for each in interfaces if each.device_id in connected]
    if not ways:
        raise AlcorError(
            404,
            "ExternalGatewayForFloatingIPNotFound",
            f"External network {external_network} is not reachable from subnet {subnet_id}.  Therefore, cannot "
            f"associate Port {port_id} with a Floating IP.",
        )
    chosen = next((each for each in ways if ip_text(bytes(each.ip_address)) == each.gateway_ip), ways[0])
    router_id: str = chosen.device_id
    return router_id


def _connected(connection: Connection, router_ids: Sequence[str], network_id: str) -> set[str]:
    """Those of the routers that are in the network."""
    found = ports_of(connection, router_ids)
    return {router_id for router_id, ports in found.items() if any(each.network_id == network_id for each in ports)}


def _checked_router(connection: Connection, router_id: str, external_network: str) -> str:
    if not bulk.select_by(connection, [router.c.id], router.c.id, [router_id]):
        raise not_found("router", router_id)
    if not _connected(connection, [router_id], external_network):
        raise conflict("Conflict", f"Router {router_id} has no external gateway on network {external_network}")
    return router_id


def _written(transaction: Transaction, row: Any, _values: Values) -> None:
    qos_attachment.remember(transaction.connection, _KIND, [row])
    compute_events.tell_of_addresses(transaction, [row.port_id])


def _forget(transaction: Transaction, row: Row[Any], _context: Context) -> None:
    forwarded_ports.check_forwards_nothing(transaction.connection, row.id)
    qos_attachment.forget(transaction.connection, [row])
    compute_events.tell_of_addresses(transaction, [row.port_id])
    erase_ports(transaction, [row.floating_port_id])


def _computed(connection: Connection, rows: Sequence[Row[Any]], _context: Context) -> list[View]:
    ids = sorted({row.port_id for row in rows if row.port_id})
    ports = {row.id: PORT_ROWS.view(row) for row in bulk.select_by(connection, list(port.c), port.c.id, ids)}
    networks = sorted({row.floating_network_id for row in rows})
    above = bulk.select_by(connection, [network.c.id, network.c.attributes], network.c.id, networks)
    policies = {row.id: qos_attachment.policy_of(row) for row in above}
    forwarded = forwarded_ports.forwardings_of(connection, [row.id for row in rows])
    return [
        {
            "port_details": _details(ports.get(row.port_id)),
            "qos_network_policy_id": policies[row.floating_network_id],
            "port_forwardings": [
                {name: getattr(each, name) for name in _FORWARDING} for each in forwarded.get(row.id, ())
            ],
        }
        for row in rows
    ]


def _details(view: View | None) -> View | None:
    return None if view is None else {name: view[name] for name in _DETAILS}


FLOATING_IPS = plain_manager(
    Plain(
        access=ACCESS,
        prepare=_prepare,
        written=_written,
        apply=_apply,
        forget=_forget,
        computed=_computed,
        quota="floatingip",
    )
)
