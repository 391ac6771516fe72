"""Ports: changed and deleted by the batch, with their MAC and IP addresses, in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, false, not_, or_
from sqlalchemy.exc import IntegrityError

from alcor.model.addresses import mac_number, mac_text
from alcor.model.context import Context
from alcor.model.dns import has_keywords, known_of
from alcor.model.errors import AlcorError, conflict, not_found
from alcor.model.identifiers import id_bytes
from alcor.model.records import PortDeleted
from alcor.model.resources.port import PORT
from alcor.services import tags
from alcor.services.access import Access, Project
from alcor.services.floating_ips import elastic_ip_ports, forwarded_ports, local_ip_ports
from alcor.services.manager import (
    Delete,
    Filter,
    Manager,
    Update,
    Values,
    check_expected,
    check_repeated,
)
from alcor.services.ports import compute_events, device_mac, mac, trunk_details
from alcor.services.ports.bound_ports import UNBOUND, BoundPorts
from alcor.services.ports.named_subnets import check_named
from alcor.services.ports.port_creation import create_ports, creation_reads, taken_meanwhile
from alcor.services.ports.port_json import COLUMNS, ROWS, above_ports, members_of, port_view, repeated, shown_of
from alcor.services.ports.port_rows import (
    complete,
    insert_allocations,
    lock_port,
    lock_ports,
    merged_dhcp_options,
    tell_hosts,
    tell_of_interfaces,
)
from alcor.services.ports.port_status import ACTIVE, DOWN
from alcor.services.ports.port_views import BESIDE, fixed_ips_of, known_hosts, port_views
from alcor.services.qos import qos_attachment
from alcor.services.quota import limited
from alcor.services.routers import ndp_proxy_ports, router_ports
from alcor.services.rows import View
from alcor.services.security import port_security_groups
from alcor.services.subnets import private_ip
from alcor.services.subnets.port_subnets import subnets_by_id, subnets_for
from alcor.services.subnets.private_ip import FixedIp, Slot
from alcor.store import bulk, change_log, sql
from alcor.store.record_rows import port_record
from alcor.store.security_records import groups_of_ports
from alcor.store.tables import ip_allocation, log, port, port_binding
from alcor.store.transaction import Transaction


def _visible(own: Project) -> ColumnElement[bool]:
    """Ports of the caller's project, and those of others in its networks."""
    return or_(port.c.project_id == own, port.c.guest_of == own)


_BINDING_TO = sql.statement("DELETE FROM port_binding WHERE port_id = :port_id AND host = :host")

ACCESS = Access(PORT, port, _visible)


def _update_ports(transaction: Transaction, updates: Sequence[Update]) -> list[View]:
    bound = BoundPorts()
    views = [_update(transaction, update, bound) for update in updates]
    bound.write(transaction)
    return views


def _update(transaction: Transaction, update: Update, bound: BoundPorts) -> View:
    connection = transaction.connection
    row, its_network = lock_port(transaction, update.id)
    check_expected(transaction, ACCESS, row, update)
    old_ips = fixed_ips_of(connection, [row.id]).get(row.id, ())
    view = ROWS.view(row)
    check_repeated(view, update)
    values = dict(update.values)
    if "extra_dhcp_opts" in values:
        values["extra_dhcp_opts"] = merged_dhcp_options(view["extra_dhcp_opts"], values["extra_dhcp_opts"])
    if not device_mac.follow(view, values):
        _check_mac(row, values)
    _change_mac(transaction, row, values)
    if "numa_affinity_policy" in values and row.host_id:
        raise conflict(
            "PortBoundNUMAAffinityPolicy",
            f"Unable to complete operation on port {row.id}, port is already bound to host {row.host_id}, "
            f"numa_affinity_policy value given {values['numa_affinity_policy']}.",
        )
    values = view | values
    complete(values)
    if {"dns_name", "dns_domain"} & update.values.keys():
        domain = values["dns_domain"] or above_ports(its_network).dns_domain
        values["dns_keywords"] = known_of(update.context) if has_keywords(domain) else {}
    if not update.values.keys().isdisjoint(("device_id", "device_owner")):
        router_ports.check_router_owned(connection, [values], update.context)
    qos_attachment.change(connection, "port", row, update.values, update.context)
    old_groups = groups_of_ports(connection, [row.id]).get(row.id, [])
    groups = port_security_groups.change(transaction, row, old_groups, values, update.values, update.context)
    heard_after = row.heard_after
    if values["binding:host_id"] != row.host_id or not values["admin_state_up"]:
        values["status"] = DOWN
        heard_after = change_log.head(connection)  # writers take turns: the next entry is this transaction's
    beside = {"shown": row.shown, "guest_of": row.guest_of, "heard_after": heard_after}
    changed = ROWS.changed_row(row, values | beside, transaction.now)
    fixed_ips = old_ips
    if "fixed_ips" in update.values or changed.mac_address != row.mac_address:
        wanted = update.values.get("fixed_ips")
        fixed_ips = _change_addresses(transaction, changed, old_ips, wanted, update.context)
        shown_ips = private_ip.fixed_ip_views(fixed_ips)
        router_ports.check_fixed_ips(connection, row, shown_ips)
        held = {each["ip_address"] for each in shown_ips}
        _lead_elsewhere(transaction, [row.id], held)
    members = members_of(changed, private_ip.fixed_ip_views(fixed_ips), groups)
    changed = changed._replace(shown=shown_of(members))
    bulk.update_row(connection, port, changed)
    if changed.host_id and changed.host_id != row.host_id:
        connection.execute(_BINDING_TO, {"port_id": row.id, "host": changed.host_id})  # it is the active one now
    bound.count(its_network, (row.host_id, old_groups), (changed.host_id, groups))
    if changed.mac_address != row.mac_address:
        mac.release(transaction, [row.mac_address])
    if port_record(changed, fixed_ips, groups) != port_record(row, old_ips, old_groups):
        tell_hosts(transaction, row.host_id, changed, fixed_ips, groups)
    if router_ports.INTERFACE in (row.device_owner, changed.device_owner):
        tell_of_interfaces(transaction, [changed], gone=[row])
    _tell_compute(transaction, row, changed)
    is_known = changed.host_id in known_hosts(connection, [changed.host_id])
    shown = port_view(members, changed, is_known, above_ports(its_network))
    qos_attachment.add_resource_requests(connection, [shown], {its_network.id: its_network.physical_network})
    trunk_details.add_trunk_details(connection, [shown])
    return shown


def _tell_compute(transaction: Transaction, row: Any, changed: Any) -> None:
    if row.status == ACTIVE and changed.status == DOWN:
        compute_events.tell(transaction, compute_events.UNPLUGGED, [changed])
    compute_events.tell(transaction, compute_events.CHANGED, [changed])


def _check_mac(row: Row[Any], values: Values) -> None:
    """Raises AlcorError (409) when the MAC cannot change as an update asks."""
    if not _changes_mac(row, values):
        return
    if values.get("device_owner", row.device_owner).startswith("network:"):
        raise conflict(
            "UnsupportedPortDeviceOwner",
            f"Operation mac address update is not supported for device_owner {row.device_owner} on port {row.id}.",
        )
    if row.host_id and values.get("binding:host_id", row.host_id):
        raise conflict(
            "PortBound",
            f"Unable to complete operation on port {row.id}, port is already bound, port type: ovs, "
            f"old_mac {mac_text(row.mac_address)}, new_mac {values['mac_address']}. Unbind it first.",
        )


def _changes_mac(row: Row[Any], values: Values) -> bool:
    if "mac_address" not in values:
        return False
    return values["mac_address"] is None or mac_number(values["mac_address"]) != row.mac_address


def _change_mac(transaction: Transaction, row: Row[Any], values: Values) -> None:
    """Take the MAC that an update asks for, or any other where it is null."""
    if _changes_mac(row, values):
        mac.lock(transaction)
        wanted = None if values["mac_address"] is None else mac_number(values["mac_address"])
        values["mac_address"] = mac_text(*mac.assign(transaction, [(row.network_id, wanted)]))


def _change_addresses(
    transaction: Transaction,
    row: Any,
    old_ips: Sequence[FixedIp],
    wanted: Sequence[Mapping[str, str]] | None,
    context: Context,
) -> tuple[FixedIp, ...]:
    """Replace the port's addresses: what it holds already and still wants stays, so that nothing is ever without.

    None wants what there is, but for addresses that follow from a MAC that is no longer the port's.
    """
    held = private_ip.fixed_ip_views(old_ips)
    subnets = subnets_for(transaction.connection, {row.network_id: [held, wanted or ()]}).get(row.network_id, [])
    check_named(transaction.connection, subnets, wanted, context)
    of_router = row.device_owner in router_ports.ROUTER_OWNERS
    if wanted is None:
        automatic = {each.id for each in subnets if each.automatic and not of_router}
        wanted = [{"subnet_id": each["subnet_id"]} if each["subnet_id"] in automatic else each for each in held]
    planned = private_ip.plan(row.network_id, subnets, wanted, row.device_owner)
    slots = [private_ip.resolved(slot, row.mac_address) for slot in planned]
    kept: list[FixedIp | None] = [None] * len(slots)
    remaining = list(old_ips)
    for certain in (True, False):
        for index, slot in enumerate(slots):
            if (slot.number is not None) is certain:
                kept[index] = _keep(slot, remaining)
    new = [(row.network_id, row.mac_address, [slot]) for slot, held in zip(slots, kept, strict=True) if held is None]
    allocated = iter(private_ip.allocate(transaction, new))
    fixed_ips = private_ip.in_order([next(allocated)[0] if held is None else held for held in kept])
    if fixed_ips != tuple(old_ips):
        _replace_allocations(transaction, row.id, fixed_ips)
        private_ip.release(transaction, {each.id: each for each in subnets}, remaining)
    return fixed_ips


def _lead_elsewhere(transaction: Transaction, port_ids: Sequence[str], kept: Collection[str] = ()) -> None:
    """Ports go, or have only these addresses from now on: nothing leads to the others."""
    forwarded_ports.forget_those_to(transaction, port_ids, kept)
    local_ip_ports.forget_associations(transaction, port_ids, kept)
    elastic_ip_ports.forget_those_to(transaction, port_ids, kept)
    ndp_proxy_ports.forget_those_of(transaction, port_ids, kept)


def _keep(slot: Slot, remaining: list[FixedIp]) -> FixedIp | None:
    """The address that fills the slot, taken from those that remain."""
    for held in remaining:
        same_subnet = held[0] == slot.subnets[0].id
        if same_subnet and (slot.number is None or slot.number == int.from_bytes(held[1])):
            remaining.remove(held)
            return held
    return None


def _replace_allocations(transaction: Transaction, port_id: str, fixed_ips: Sequence[FixedIp]) -> None:
    bulk.delete_by(transaction.connection, ip_allocation, "port_id", [port_id])
    try:
        insert_allocations(transaction, {port_id: fixed_ips})
    except IntegrityError as error:
        raise taken_meanwhile(error) from error


def delete_ports(transaction: Transaction, requests: Sequence[Delete]) -> Sequence[Exception | None]:
    """Delete the ports of many requests with the statements of one."""
    rows, networks = lock_ports(transaction, [delete.id for delete in requests])
    outcomes: list[Exception | None] = []
    deleted: dict[str, Row[Any]] = {}
    carried = trunk_details.trunks_of_sub_ports(transaction.connection, list(rows))
    holding = local_ip_ports.holders(transaction.connection, list(rows))
    for delete in requests:
        row = rows.pop(delete.id, None)
        if row is None:
            outcomes.append(not_found("port", delete.id))
            continue
        try:
            check_expected(transaction, ACCESS, row, delete)
            trunk_details.check_not_in_trunk(row.id, _parent_of(row), carried.get(row.id, ""))
            router_ports.check_deletable(transaction.connection, row)
            local_ip_ports.check_holds_none(row.id, holding)
            router_ports.check_disassociable(transaction.connection, row, delete.context)
        except AlcorError as error:
            rows[delete.id] = row
            outcomes.append(error)
            continue
        deleted[delete.id] = row
        outcomes.append(None)
    _erase(transaction, list(deleted.values()), networks)
    return outcomes


def _parent_of(row: Row[Any]) -> str:
    """The trunk that the port is the parent of; empty for none."""
    if "trunk_details" not in row.attributes:
        return ""
    details = ROWS.view(row)["trunk_details"]
    return str(details["trunk_id"]) if details else ""


def erase_ports(transaction: Transaction, port_ids: Sequence[str]) -> None:
    """Delete ports for what they are a part of: nobody is asked whether they may go.

    Raises AlcorError (409) for one whose address is a local IP: that is no part of the same.
    """
    rows, networks = lock_ports(transaction, port_ids)
    holding = local_ip_ports.holders(transaction.connection, list(rows))
    for row in rows.values():
        if row.device_owner != local_ip_ports.OWNER:
            local_ip_ports.check_holds_none(row.id, holding)
    _erase(transaction, list(rows.values()), networks)


def _erase(transaction: Transaction, rows: Sequence[Row[Any]], networks: Mapping[str, Row[Any]]) -> None:
    if not rows:
        return
    connection = transaction.connection
    ids = [row.id for row in rows]
    fixed_ips = [fixed_ip for held in fixed_ips_of(connection, ids).values() for fixed_ip in held]
    subnets = subnets_by_id(connection, {subnet_id for subnet_id, _ in fixed_ips})
    router_ports.disassociate(transaction, ids)
    _lead_elsewhere(transaction, ids)
    mac.lock(transaction)
    bulk.delete_by(connection, ip_allocation, "port_id", ids)
    bulk.delete_by(connection, port_binding, "port_id", ids)
    groups = groups_of_ports(connection, [row.id for row in rows if row.host_id])
    port_security_groups.forget(connection, ids)
    bulk.delete_by(connection, port, "id", ids)
    tags.forget(connection, [row.id for row in rows if tags.tags_of(row)])
    qos_attachment.forget(connection, rows)
    bulk.delete_by(connection, log, "target_id", ids)
    mac.release(transaction, [row.mac_address for row in rows])
    private_ip.release(transaction, subnets, fixed_ips)
    transaction.record(*(PortDeleted(id_bytes(row.id), id_bytes(row.network_id)) for row in rows if row.host_id))
    tell_of_interfaces(transaction, (), gone=rows)
    compute_events.tell(transaction, compute_events.DELETED, rows)
    bound = BoundPorts()
    for row in rows:
        bound.count(networks[row.network_id], (row.host_id, groups.get(row.id, ())), UNBOUND)
    bound.write(transaction)


def update_ports_together(transaction: Transaction, requests: Sequence[Sequence[Update]]) -> list[list[View]]:
    """Change the ports of many requests; the first that fails raises for all."""
    bound = BoundPorts()
    views = []
    for updates in requests:
        lock_ports(transaction, [update.id for update in updates])  # all, in the order that everybody locks them
        views.append([_update(transaction, update, bound) for update in updates])
    bound.write(transaction)
    return views


def _filter_allocation(_context: Context, values: Sequence[str]) -> Any:
    addressed = exists().where(ip_allocation.c.port_id == port.c.id)
    conditions = {"immediate": addressed, "none": not_(addressed)}
    return or_(false(), *(conditions[value] for value in values if value in conditions))


PORTS = Manager(
    access=ACCESS,
    views=port_views,
    create=limited("port", create_ports),
    create_reads=creation_reads,
    columns=COLUMNS,
    repeated=repeated,
    beside=BESIDE,
    update=_update_ports,
    delete=delete_ports,
    filters={
        "security_groups": Filter(named=port_security_groups.members),
        "ip_allocation": Filter(_filter_allocation),
    },
)
