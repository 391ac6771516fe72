"""Writing ports: their rows, their allocations, and what hosts must be told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.errors import conflict, not_found
from alcor.model.identifiers import id_bytes
from alcor.model.records import PortDeleted, RouterInterfaceDeleted
from alcor.services.manager import Values
from alcor.services.subnets.private_ip import FixedIp
from alcor.store import bulk, sql
from alcor.store.record_rows import port_record
from alcor.store.router_records import INTERFACE_OWNER, read_interfaces
from alcor.store.tables import ip_allocation, network, port
from alcor.store.transaction import Transaction

_networks = sql.among(select(network).order_by(network.c.id).with_for_update(read=True, key_share=True), network.c.id)
_NETWORK_IDS = select(port.c.id, port.c.network_id).where(port.c.id.in_(bindparam("port_ids", expanding=True)))
_PORTS = select(port).where(port.c.id.in_(bindparam("port_ids", expanding=True))).order_by(port.c.id).with_for_update()


def lock_networks(transaction: Transaction, network_ids: Iterable[str]) -> dict[str, Row[Any]]:
    """The rows of those networks that exist. They and their subnets stay as they are until the transaction ends."""
    wanted = sorted(set(network_ids))
    return {row.id: row for row in _networks(transaction.connection, wanted)}


def networks_read(connection: Connection, network_ids: Iterable[str]) -> sql.Read:
    """What locking these networks reads."""
    return _networks.read(connection, sorted(set(network_ids)))


def lock_ports(transaction: Transaction, port_ids: Sequence[str]) -> tuple[dict[str, Row[Any]], dict[str, Row[Any]]]:
    """The rows of those ports that exist, and of their networks, which are locked first."""
    found = transaction.connection.execute(_NETWORK_IDS, {"port_ids": port_ids}).all()
    networks = lock_networks(transaction, (row.network_id for row in found)) if found else {}
    ports = transaction.connection.execute(_PORTS, {"port_ids": port_ids}) if found else ()
    return {row.id: row for row in ports}, networks


def lock_port(transaction: Transaction, port_id: str) -> tuple[Row[Any], Row[Any]]:
    """The rows of a port and its network. Raises AlcorError (404)."""
    ports, networks = lock_ports(transaction, [port_id])
    if port_id not in ports:
        raise not_found("port", port_id)
    row = ports[port_id]
    return row, networks[row.network_id]


def insert_allocations(transaction: Transaction, fixed_ips: Mapping[str, Sequence[FixedIp]]) -> None:
    """Write which addresses ports (by id) hold."""
    if rows := allocation_rows(fixed_ips):
        bulk.insert_rows(transaction.connection, ip_allocation, rows)


def allocation_rows(fixed_ips: Mapping[str, Sequence[FixedIp]]) -> list[tuple[str, bytes, str, int]]:
    """The rows that say which addresses ports hold."""
    return [
        (subnet_id, address, port_id, position)
        for port_id, addresses in fixed_ips.items()
        for position, (subnet_id, address) in enumerate(addresses)
    ]


def remember_guests(transaction: Transaction, rows: Sequence[Any], networks: Mapping[str, Row[Any]]) -> None:
    """Say of networks that ports of other projects are in them, which their owners are shown."""
    new = {row.network_id for row in rows if row.project_id != networks[row.network_id].project_id}
    new -= {network_id for network_id in new if networks[network_id].guests}
    bulk.update_rows(transaction.connection, network, "id", ("guests",), [(True, each) for each in sorted(new)])


def tell_hosts(
    transaction: Transaction, old_host: str, row: Any, fixed_ips: Sequence[FixedIp], groups: Sequence[str]
) -> None:
    """Leave a record of the port, with its security groups, for the hosts: one that is bound to none is not there for
    them."""
    if row.host_id:
        transaction.record(port_record(row, fixed_ips, groups))
    elif old_host:
        transaction.record(PortDeleted(id_bytes(row.id), id_bytes(row.network_id)))


def tell_of_interfaces(transaction: Transaction, rows: Iterable[Any], gone: Iterable[Any] = ()) -> None:
    """Leave records of those of the ports, as they are now, that are a router's interfaces.

    ``gone`` are ports as they were that are no longer there, or may be nobody's interface any more.
    """
    new = [row.id for row in rows if row.device_owner == INTERFACE_OWNER]
    told = list(read_interfaces(transaction.connection, new)) if new else []
    transaction.record(*told)
    old = {id_bytes(row.id) for row in gone if row.device_owner == INTERFACE_OWNER}
    transaction.record(*map(RouterInterfaceDeleted, sorted(old - {record.id for record in told})))


def complete(values: Values) -> None:
    """Fill in what a port says without saying it, and check what must agree. Raises AlcorError."""
    pairs = values.get("allowed_address_pairs")
    if pairs:
        if not values["port_security_enabled"]:
            raise conflict(
                "AddressPairAndPortSecurityRequired",
                "Port Security must be enabled in order to have allowed address pairs on a port.",
            )
        own = {"mac_address": values["mac_address"]}
        values["allowed_address_pairs"] = [own | pair for pair in pairs]
    if values.get("extra_dhcp_opts"):
        values["extra_dhcp_opts"] = merged_dhcp_options([], values["extra_dhcp_opts"])


def offloaded_profile(values: Values) -> dict[str, Any]:
    """The binding profile of a new port, which names the hardware offload that it asks for (Neutron)."""
    profile: dict[str, Any] = values.get("binding:profile", {})
    offload, capabilities = values.get("hardware_offload_type"), profile.get("capabilities", [])
    if offload is None or not isinstance(capabilities, list) or offload in capabilities:
        return profile
    return profile | {"capabilities": [*capabilities, offload]}


def merged_dhcp_options(old: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Extra DHCP options after a change: an option replaces the one of its name, and null removes it (Neutron)."""
    options = {(option["opt_name"], option.get("ip_version", 4)): dict(option) for option in old}
    for change in changes:
        key = change["opt_name"], change.get("ip_version", 4)
        if change["opt_value"] is None:
            options.pop(key, None)
        else:
            options[key] = {"opt_name": key[0], "opt_value": change["opt_value"], "ip_version": key[1]}
    return list(options.values())
