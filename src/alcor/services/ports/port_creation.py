"""Creating ports by the batch, with their MAC and IP addresses, in one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from alcor.model.addresses import mac_number, mac_text
from alcor.model.context import Context
from alcor.model.dns import has_keywords, known_of
from alcor.model.errors import AlcorError, conflict, not_found
from alcor.model.identifiers import new_port_id
from alcor.model.resources.port import PORT
from alcor.services import quota, tags
from alcor.services.manager import (
    Create,
    Values,
    id_in_use,
    stamp,
)
from alcor.services.networks.vpc import ACCESS as NETWORK_ACCESS
from alcor.services.networks.vpc import ROWS as NETWORK_ROWS
from alcor.services.ports import device_mac, mac
from alcor.services.ports.bound_ports import UNBOUND, BoundPorts
from alcor.services.ports.named_subnets import check_named
from alcor.services.ports.port_json import ROWS, above_ports, members_of, port_view, shown_of
from alcor.services.ports.port_rows import (
    allocation_rows,
    complete,
    lock_networks,
    networks_read,
    offloaded_profile,
    remember_guests,
    tell_hosts,
    tell_of_interfaces,
)
from alcor.services.ports.port_status import DOWN
from alcor.services.ports.port_views import hosts_reads, known_hosts
from alcor.services.qos import qos_attachment
from alcor.services.routers import router_ports
from alcor.services.rows import View, missing
from alcor.services.security import port_security_groups
from alcor.services.subnets import private_ip
from alcor.services.subnets.port_subnets import Asked, Subnet, subnets_for, subnets_read
from alcor.services.subnets.private_ip import FixedIp, Slot
from alcor.store import bulk, change_log, sql
from alcor.store.tables import ip_allocation, port, port_security_group
from alcor.store.transaction import Transaction


def creation_reads(connection: Connection, requests: Sequence[Create]) -> Iterator[sql.Read]:
    """What creating ports reads first."""
    items = [values for create in requests for values in create.items]
    networks = {values["network_id"] for values in items}
    yield quota.reads(connection, PORT.name, requests)
    yield networks_read(connection, networks)
    yield subnets_read(connection, networks)
    yield from port_security_groups.reads(connection, requests)
    hosts = (values["binding:host_id"] for values in items if not missing(values, "binding:host_id"))
    yield from hosts_reads(connection, hosts)


def create_ports(transaction: Transaction, requests: Sequence[Create]) -> Sequence[list[View] | Exception]:
    """Create the ports of many requests with the statements of one: each request's all or none."""
    networks = lock_networks(transaction, (values["network_id"] for create in requests for values in create.items))
    asked: dict[str, list[Asked]] = {network_id: [] for network_id in networks}
    for values in (values for create in requests for values in create.items if values["network_id"] in asked):
        asked[values["network_id"]].append(_wanted(values))
    subnets = subnets_for(transaction.connection, asked)
    usual = {network_id: private_ip.usual_plan(subnets.get(network_id, [])) for network_id in networks}
    shown = {network_id: NETWORK_ROWS.view(row) for network_id, row in networks.items()}
    secured = {network_id: view["port_security_enabled"] for network_id, view in shown.items()}
    domains = {network_id: view["dns_domain"] for network_id, view in shown.items()}
    outcomes: list[list[View] | Exception] = []
    planned: list[tuple[Values, Sequence[Slot]]] = []
    for create in requests:
        try:
            _check_networks_visible(transaction, create, networks)
            plans = [
                _plan(transaction, _with_keywords(values, domains, create), usual, subnets, create.context)
                for values in create.items
            ]
            port_security_groups.check_new(transaction.connection, create, secured)
            qos_attachment.check_new(transaction.connection, create)
            router_ports.check_router_owned(transaction.connection, create.items, create.context)
        except AlcorError as error:
            outcomes.append(error)
            continue
        planned += plans
        outcomes.append([])
    views = iter(_write(transaction, planned, networks, secured))
    for create, outcome in zip(requests, outcomes, strict=True):
        if isinstance(outcome, list):
            outcome.extend(next(views) for _ in create.items)
    return outcomes


def _with_keywords(values: Values, domains: Mapping[str, str], create: Create) -> Values:
    """What a new port says, with what the keywords of its domain stand for, or its network's domain."""
    if has_keywords(values.get("dns_domain") or domains.get(values["network_id"], "")):
        return values | {"dns_keywords": known_of(create.context)}
    return values


def _check_networks_visible(transaction: Transaction, create: Create, networks: Mapping[str, Row[Any]]) -> None:
    """Raises AlcorError (404) for a network that the caller is not shown."""
    for network_id in {values["network_id"] for values in create.items} & networks.keys():
        if not NETWORK_ACCESS.sees(transaction.connection, networks[network_id], create.context):
            raise not_found("network", network_id)


def _plan(
    transaction: Transaction,
    values: Values,
    usual: Mapping[str, Sequence[Slot] | None],
    subnets: Mapping[str, list[Subnet]],
    context: Context,
) -> tuple[Values, Sequence[Slot]]:
    """``usual`` is what a port of each network gets that does not say, where it is the same for all."""
    network_id = values["network_id"]
    if network_id not in usual:
        raise not_found("network", network_id)
    if (address := device_mac.of_device(values)) is not None:
        values = values | {"mac_address": address}
    wanted = _wanted(values)
    if wanted is None and (slots := usual[network_id]) is not None:
        return values, slots
    of_network = subnets.get(network_id, [])
    check_named(transaction.connection, of_network, wanted, context)
    return values, private_ip.plan(network_id, of_network, wanted, values["device_owner"])


def _wanted(values: Values) -> Asked:
    return None if missing(values, "fixed_ips") else values["fixed_ips"]


def _write(
    transaction: Transaction,
    planned: Sequence[tuple[Values, Sequence[Slot]]],
    networks: Mapping[str, Row[Any]],
    secured: Mapping[str, bool],
) -> list[View]:
    """``secured`` is whether ports of each network have port security that do not say."""
    if not planned:
        return []
    chosen = [mac_number(address) if (address := _chosen_mac(values)) else None for values, _ in planned]
    of_networks = [values["network_id"] for values, _ in planned]
    slots = [slots for _, slots in planned]
    with sql.reading_ahead(transaction.connection, lambda: _takes(transaction.connection, chosen, slots)):
        macs = mac.assign(transaction, list(zip(of_networks, chosen, strict=True)))
        fixed_ips = private_ip.allocate(transaction, list(zip(of_networks, macs, slots, strict=True)))
    has_chosen = any(not missing(values, "id") for values, _ in planned)
    beside = {"heard_after": change_log.head(transaction.connection) if has_chosen else 0}  # ids may come back
    rows = [
        _new_row(
            transaction,
            values | beside,
            address,
            secured[values["network_id"]],
            networks[values["network_id"]].project_id,
        )
        for (values, _), address in zip(planned, macs, strict=True)
    ]
    asked = [(row, values) for row, (values, _) in zip(rows, planned, strict=True)]
    groups, memberships = port_security_groups.of_new(transaction, asked, secured)
    members = [
        members_of(row, private_ip.fixed_ip_views(held), its)
        for row, held, its in zip(rows, fixed_ips, groups, strict=True)
    ]
    rows = [row._replace(shown=shown_of(its)) for row, its in zip(rows, members, strict=True)]
    try:
        _insert(transaction, rows, fixed_ips, memberships)
        tags.remember(transaction.connection, {row.id: its for row in rows if (its := tags.tags_of(row))})
    except IntegrityError as error:
        raise taken_meanwhile(error) from error
    qos_attachment.remember(transaction.connection, "port", rows)
    hosts = known_hosts(transaction.connection, (row.host_id for row in rows))
    above = {network_id: above_ports(row) for network_id, row in networks.items()}
    views = []
    bound = BoundPorts()
    for row, held, its, shown in zip(rows, fixed_ips, groups, members, strict=True):
        bound.count(networks[row.network_id], UNBOUND, (row.host_id, its))
        tell_hosts(transaction, "", row, held, its)
        views.append(port_view(shown, row, row.host_id in hosts, above[row.network_id]))
    physical_networks = {network_id: row.physical_network for network_id, row in networks.items()}
    qos_attachment.add_resource_requests(transaction.connection, views, physical_networks)
    bound.write(transaction)
    tell_of_interfaces(transaction, rows)
    remember_guests(transaction, rows, networks)
    return views


def _takes(connection: Connection, macs: Sequence[int | None], slots: Sequence[Sequence[Slot]]) -> Iterator[sql.Read]:
    """What is taken for new ports together, where none names what it wants: that has to be taken first."""
    wanted = [slot for its in slots for slot in its]
    if any(macs) or not all(private_ip.is_any(slot) for slot in wanted):
        return
    yield from mac.takes(connection, len(macs))
    yield from private_ip.takes(connection, wanted)


def _insert(
    transaction: Transaction,
    rows: Sequence[Any],
    fixed_ips: Sequence[Sequence[FixedIp]],
    members: Sequence[port_security_groups.Member],
) -> None:
    held = {row.id: its for row, its in zip(rows, fixed_ips, strict=True)}
    batches = {port: rows, ip_allocation: allocation_rows(held), port_security_group: members}
    bulk.insert_together(transaction.connection, batches)


def _chosen_mac(values: Values) -> str | None:
    return None if missing(values, "mac_address") else values["mac_address"]


def _new_row(transaction: Transaction, given: Values, address: int, secured: bool, host: str) -> Any:
    """``secured`` is whether ports of its network have port security that do not say, ``host`` whose network it is."""
    values = stamp(transaction, given, new_port_id)
    values["guest_of"] = host if host != values["project_id"] else None
    values["mac_address"] = mac_text(address)
    values.setdefault("status", DOWN)
    values["shown"] = ""  # until its addresses and groups are known
    if port_security_groups.is_trusted(values):
        values["port_security_enabled"] = False
    elif missing(values, "port_security_enabled"):
        values["port_security_enabled"] = secured
    complete(values)
    if "hardware_offload_type" in values:
        values["binding:profile"] = offloaded_profile(values)
    return ROWS.row(values)


def taken_meanwhile(error: IntegrityError) -> AlcorError:
    """Another was quicker, or had the id already: the constraint of the table says with what."""
    if id_in_use(port, error):
        return conflict("IdInUse", "A port with an id of the request exists: choose another, or let the server choose.")
    if "mac_address" in str(error.orig):
        return conflict("MacAddressInUse", "A mac address of the request is in use on its network by now.")
    return conflict("IpAddressAlreadyAllocated", "An IP address of the request is allocated by now.")
