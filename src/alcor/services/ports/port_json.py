"""How a port is shown: as JSON, of its own row and of what is above and beside it.

The column ``shown`` of a port has what nobody but its writers changes, and what all may see who see the port. What a
host, a network or the agent says of it, and what only some may see, is put behind that.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from alcor.model.dns import filled, has_keywords
from alcor.model.resources.port import PORT
from alcor.services.rows import Rows, View
from alcor.services.stored_views import StoredKind
from alcor.store.tables import port

ROWS = Rows(PORT, port)
COLUMNS = ("id", "project_id", "network_id", "host_id", "status", "attributes", "shown")
"""What is read of ports that are shown."""

_MOST = 10_000  # of what is the same for many ports
_SAID_APART = ("binding:profile", "hints", "trusted", "trunk_details")
_APART = (
    *_SAID_APART,
    "dns_keywords",
    "status",
    "binding:host_id",
    "binding:vif_type",
    "binding:vif_details",
    "qos_network_policy_id",
    "resource_request",
)
STORED = tuple(name for name in PORT.attributes if name not in _APART)
"""The attributes that the column ``shown`` has."""

# In JSON, where no text has a quotation mark as it is. What is assigned comes last (members_of).
_NO_DOMAIN, _ASSIGNED = '"dns_domain":""', ',"dns_assignment":'

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


class Above(NamedTuple):
    """What ports show of their network."""

    dns_domain: str
    qos_policy_id: str | None
    physical_network: str | None


def above_ports(network_row: Any) -> Above:
    """What ports show of the network of this row."""
    return _above_of(network_row.attributes, network_row.physical_network)


@lru_cache(_MOST)
def _above_of(attributes: str, physical_network: str | None) -> Above:
    said = orjson.loads(attributes)
    return Above(said.get("dns_domain", ""), said.get("qos_policy_id"), physical_network)


def members_of(row: Any, fixed_ips: Sequence[View], group_ids: Sequence[str]) -> View:
    """What a port of this row shows by itself, with these addresses and security groups."""
    view = ROWS.view(row)
    view["fixed_ips"] = fixed_ips
    view["security_groups"] = group_ids
    view["ip_allocation"] = "immediate" if fixed_ips else "none"
    view["dns_assignment"] = _dns_assignments(fixed_ips, view["dns_name"], view["dns_domain"], view["dns_keywords"])
    for name in _APART:
        view.pop(name, None)
    return view


def shown_of(members: View) -> str:
    """The column ``shown`` of the row of a port that shows this by itself."""
    return orjson.dumps(members).decode()


def repeated(row: Any, changes: Mapping[str, Any]) -> dict[str, str]:
    """What a port's row repeats of its columns when these change."""
    its = orjson.loads(row.shown)
    return {"shown": shown_of(members_of(ROWS.changed_in(row, changes), its["fixed_ips"], its["security_groups"]))}


def port_view(members: View, row: Any, is_known: bool, above: Above) -> View:
    """The port of this row, but for what other tables say of it. ``is_known`` is whether its host is a node."""
    view = members | _apart(row.attributes, row.status, row.host_id, is_known, above.qos_policy_id)
    if above.dns_domain and not view["dns_domain"]:
        view["dns_assignment"] = _in_domain_of(above, view["dns_assignment"], row.attributes)
    return view


def binding_of(host_id: str, is_known: bool) -> View:
    """How a port is plugged on a host, which is known if it is a node."""
    if not host_id:
        return _UNBOUND
    return _PLUGGED if is_known else _FAILED


def _view(row: Any, beside: tuple[bool, Above]) -> View:
    return port_view(orjson.loads(row.shown), row, *beside)


def _json(row: Any, beside: tuple[bool, Above], unseen: tuple[str, ...]) -> bytes:
    is_known, above = beside
    shown: str = row.shown
    apart = _apart_json(row.attributes, row.status, row.host_id, is_known, above.qos_policy_id, unseen)
    if above.dns_domain and _NO_DOMAIN in shown:
        others, _, own = shown[:-1].partition(_ASSIGNED)
        assigned = orjson.dumps(_in_domain_of(above, orjson.loads(own), row.attributes)).decode()
        return f"{others}{_ASSIGNED}{assigned},{apart}".encode()
    return f"{shown[:-1]},{apart}".encode()


@lru_cache(_MOST)
def _apart(attributes: str, status: str, host_id: str, is_known: bool, network_policy_id: str | None) -> View:
    """What a port shows beside its column ``shown``."""
    said = orjson.loads(attributes)
    view = {name: said.get(name, PORT.attributes[name].implied) for name in _SAID_APART}
    if view["trusted"] is not None:
        view["binding:profile"] = view["binding:profile"] | {"trusted": view["trusted"]}
    view |= binding_of(host_id, is_known)
    return view | {
        "binding:host_id": host_id,
        "status": status,
        "qos_network_policy_id": network_policy_id,
        "resource_request": None,  # in the same place of every view, for what else there is to say of it
    }


@lru_cache(_MOST)
def _apart_json(
    attributes: str, status: str, host_id: str, is_known: bool, network_policy_id: str | None, unseen: tuple[str, ...]
) -> str:
    """The same without some attributes, as members of an object that another brace has begun."""
    view = _apart(attributes, status, host_id, is_known, network_policy_id)
    return orjson.dumps({name: value for name, value in view.items() if name not in unseen})[1:].decode()


def _in_domain_of(above: Above, assigned: Iterable[View], attributes: str) -> list[View]:
    """What is assigned to a port that has these attributes, and no domain of its own."""
    keywords = orjson.loads(attributes).get("dns_keywords", {})
    domain = filled(above.dns_domain, keywords) if has_keywords(above.dns_domain) else above.dns_domain
    return [_dns_assignment(each["ip_address"], each["hostname"], domain) for each in assigned]


def _dns_assignments(
    fixed_ips: Iterable[View], dns_name: str, dns_domain: str, keywords: Mapping[str, str]
) -> list[View]:
    domain = filled(dns_domain, keywords) if has_keywords(dns_domain) else dns_domain
    return [_dns_assignment(each["ip_address"], dns_name, domain) for each in fixed_ips]


def _dns_assignment(text: str, dns_name: str, dns_domain: str) -> View:
    hostname = dns_name or f"host-{text.replace('.', '-').replace(':', '-')}"
    domain = dns_domain or _DEFAULT_DOMAIN
    fqdn = hostname if hostname.endswith(".") else f"{hostname}.{domain}"
    return {"ip_address": text, "hostname": hostname, "fqdn": fqdn if fqdn.endswith(".") else f"{fqdn}."}


PORT_JSON = StoredKind(
    names=frozenset({*STORED, *_apart("{}", "", "", False, None)}),
    columns={
        "id": "id",
        "project_id": "project_id",
        "tenant_id": "project_id",
        "network_id": "network_id",
        "status": "status",
        "binding:host_id": "host_id",
    },
    view=_view,
    json=_json,
)
