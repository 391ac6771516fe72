"""How ports are shown: what follows from their addresses, their network and their host."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, select

from alcor.model.context import OPERATOR, Context
from alcor.model.dns import filled, has_keywords
from alcor.model.resources.port import PORT
from alcor.services.ports.trunk_details import add_trunk_details
from alcor.services.qos.qos_attachment import ATTRIBUTE as QOS_POLICY
from alcor.services.qos.qos_attachment import add_resource_requests
from alcor.services.remembered import Remembered
from alcor.services.rows import Rows, View
from alcor.services.subnets.private_ip import FixedIp, fixed_ip_views
from alcor.store import sql
from alcor.store.foresight import Beside
from alcor.store.tables import ip_allocation, network, node, port

ROWS = Rows(PORT, port)
_MOST_NETWORKS = 10_000  # of which it is remembered what ports show of them

_DEFAULT_DOMAIN = "openstacklocal."
_UNBOUND: View = {"binding:vif_type": "unbound", "binding:vif_details": {}}
_FAILED: View = {"binding:vif_type": "binding_failed", "binding:vif_details": {}}
_PLUGGED: View = {
    "binding:vif_type": "ovs",
    "binding:vif_details": {
        "connectivity": "l2",
        "port_filter": True,
        "ovs_hybrid_plug": False,
        "bridge_name": "br-int",
        "bound_drivers": {"0": "alcor"},
    },
}
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


class Above(NamedTuple):
    """What ports show of their network."""

    dns_domain: str
    qos_policy_id: str | None
    physical_network: str | None


def port_views(connection: Connection, rows: Sequence[Any], _context: Context = OPERATOR) -> list[View]:
    """The ports of these rows."""
    if not rows:
        return []
    hosts = known_hosts(connection, (row.host_id for row in rows))
    networks = _networks(connection, list({row.network_id for row in rows}))
    above = {row.id: above_ports(row) for row in networks}
    views = _REMEMBERED.views(rows, [(row.host_id in hosts, above[row.network_id]) for row in rows])
    if any(row.attributes != "{}" for row in rows) or any(its.qos_policy_id for its in above.values()):
        return _with_rules_and_trunks(connection, views, above)
    return views


def _with_rules_and_trunks(connection: Connection, views: Sequence[View], above: Mapping[str, Above]) -> list[View]:
    """The ports with what the rules of their policies promise them, and with the parts of their trunks."""
    more = {
        place: dict(view)
        for place, view in enumerate(views)
        if view["trunk_details"] or view["qos_policy_id"] or view["qos_network_policy_id"]
    }
    if more:
        changed = list(more.values())
        add_resource_requests(connection, changed, {each: its.physical_network for each, its in above.items()})
        add_trunk_details(connection, changed)
    return [more.get(place, view) for place, view in enumerate(views)]


def _remembered_view(row: Any, beside: tuple[bool, Above]) -> View:
    is_known, above = beside
    return port_view(row, {row.host_id} if is_known else set(), above)


_REMEMBERED = Remembered(_remembered_view)


def fixed_ips_of(connection: Connection, port_ids: Sequence[str]) -> dict[str, tuple[FixedIp, ...]]:
    """The addresses of these ports, in their order."""
    found: dict[str, tuple[FixedIp, ...]] = {}
    for port_id, subnet_id, address in _allocations(connection, port_ids):
        found[port_id] = (*found.get(port_id, ()), (subnet_id, address))
    return found


def known_hosts(connection: Connection, host_ids: Iterable[str]) -> set[str]:
    """Those of the hosts that are nodes."""
    asked = {host_id for host_id in host_ids if host_id}
    return {row.id for row in _nodes(connection, sorted(asked))} if asked else set()


def above_ports(network_row: Any) -> Above:
    """What ports show of the network of this row."""
    return _above_of(network_row.attributes, network_row.physical_network)


@lru_cache(_MOST_NETWORKS)
def _above_of(attributes: str, physical_network: str | None) -> Above:
    said = orjson.loads(attributes)
    return Above(said.get("dns_domain", ""), said.get(QOS_POLICY), physical_network)


def shown_with(fixed_ips: Sequence[FixedIp], group_ids: Sequence[str]) -> str:
    """What a port's row has of other tables to be shown (the column ``shown``)."""
    return orjson.dumps({"fixed_ips": fixed_ip_views(fixed_ips), "security_groups": group_ids}).decode()


def port_view(row: Any, hosts: set[str], above: Above) -> View:
    """The port of this row, but for what other tables say of it. ``hosts`` has its host if that is a node."""
    view = ROWS.view(row)
    view["qos_network_policy_id"] = above.qos_policy_id
    view["resource_request"] = None  # in the same place of every view, for what else there is to say of it
    view.update(orjson.loads(row.shown))
    fixed_ips = view["fixed_ips"]
    view["ip_allocation"] = "immediate" if fixed_ips else "none"
    view.update(binding_of(row.host_id, hosts))
    if view["trusted"] is not None:
        view["binding:profile"] = view["binding:profile"] | {"trusted": view["trusted"]}
    keywords, domain = view.pop("dns_keywords"), view["dns_domain"] or above.dns_domain
    if has_keywords(domain):
        domain = filled(domain, keywords)
    view["dns_assignment"] = [_dns_assignment(each["ip_address"], view["dns_name"], domain) for each in fixed_ips]
    return view


def binding_of(host_id: str, hosts: set[str]) -> View:
    """How a port is plugged on a host; ``hosts`` has the host if it is a node."""
    if not host_id:
        return _UNBOUND
    return _PLUGGED if host_id in hosts else _FAILED


def _dns_assignment(text: str, dns_name: str, dns_domain: str) -> dict[str, str]:
    hostname = dns_name or f"host-{text.replace('.', '-').replace(':', '-')}"
    domain = dns_domain or _DEFAULT_DOMAIN
    fqdn = hostname if hostname.endswith(".") else f"{hostname}.{domain}"
    return {"ip_address": text, "hostname": hostname, "fqdn": fqdn if fqdn.endswith(".") else f"{fqdn}."}
