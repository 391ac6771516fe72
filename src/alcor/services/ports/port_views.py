"""What is read of ports that are shown: what is above and beside them, and what other tables say of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from alcor.model.context import OPERATOR, Context
from alcor.services.ports.port_json import PORT_JSON, above_ports
from alcor.services.ports.trunk_details import add_trunk_details
from alcor.services.qos.qos_attachment import add_resource_requests
from alcor.services.rows import ReadView
from alcor.services.stored_views import StoredView
from alcor.services.subnets.private_ip import FixedIp
from alcor.store import sql
from alcor.store.foresight import Beside
from alcor.store.tables import ip_allocation, network, node, port

_allocations = sql.among(
    select(ip_allocation.c.port_id, ip_allocation.c.subnet_id, ip_allocation.c.ip_address).order_by(
        ip_allocation.c.port_id, ip_allocation.c.position
    ),
    ip_allocation.c.port_id,
)
_nodes = sql.among(select(node.c.id), node.c.id)
_networks = sql.among(select(network), network.c.id)

BESIDE = Beside(_nodes, port.c.host_id), Beside(_networks, port.c.network_id)
"""What the views of ports read, of those that have no policies and trunks."""


def port_views(connection: Connection, rows: Sequence[Any], _context: Context = OPERATOR) -> list[ReadView]:
    """The ports of these rows, of which these columns are enough: COLUMNS."""
    if not rows:
        return []
    hosts = known_hosts(connection, (row.host_id for row in rows))
    networks = _networks(connection, list({row.network_id for row in rows}))
    above = {row.id: above_ports(row) for row in networks}
    views: list[ReadView] = [StoredView(PORT_JSON, row, (row.host_id in hosts, above[row.network_id])) for row in rows]
    more = {
        place: dict(views[place])
        for place, row in enumerate(rows)
        if (row.attributes != "{}" and _says_more(row.attributes)) or above[row.network_id].qos_policy_id
    }
    if not more:
        return views
    changed = list(more.values())
    add_resource_requests(connection, changed, {each: its.physical_network for each, its in above.items()})
    add_trunk_details(connection, changed)
    return [more.get(place, view) for place, view in enumerate(views)]


def _says_more(attributes: str) -> bool:
    """Whether other tables may have to be asked of the policy or the trunk of a port that has these attributes."""
    return '"qos_policy_id"' in attributes or '"trunk_details"' in attributes


def fixed_ips_of(connection: Connection, port_ids: Sequence[str]) -> dict[str, tuple[FixedIp, ...]]:
    """The addresses of these ports, in their order."""
    found: dict[str, tuple[FixedIp, ...]] = {}
    for port_id, subnet_id, address in _allocations(connection, port_ids):
        found[port_id] = (*found.get(port_id, ()), (subnet_id, address))
    return found


def known_hosts(connection: Connection, host_ids: Iterable[str]) -> set[str]:
    """Those of the hosts that are nodes."""
    asked = _named(host_ids)
    return {row.id for row in _nodes(connection, asked)} if asked else set()


def hosts_reads(connection: Connection, host_ids: Iterable[str]) -> list[sql.Read]:
    """What finding those of the hosts reads."""
    asked = _named(host_ids)
    return [_nodes.read(connection, asked)] if asked else []


def _named(host_ids: Iterable[str]) -> list[str]:
    return sorted({host_id for host_id in host_ids if host_id})
