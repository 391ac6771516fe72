"""Ports have in their rows, as JSON, all that nobody else changes and that all see who see them"""

from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

from alcor.model.addresses import mac_text
from alcor.model.dns import filled, has_keywords
from alcor.model.resources.standard import timestamp_text

revision = "0052"
down_revision = "0051"

_CHUNK = 5000
_PORTS = sa.text(
    "SELECT id, project_id, name, description, revision_number, created_at, updated_at, network_id, mac_address, "
    "admin_state_up, device_id, device_owner, attributes, shown FROM port WHERE id > :after ORDER BY id LIMIT :limit"
)
_UPDATE = sa.text("UPDATE port SET shown = :shown WHERE id = :id")
_IMPLIED: dict[str, Any] = {
    "binding:vnic_type": "normal",
    "port_security_enabled": True,
    "allowed_address_pairs": [],
    "extra_dhcp_opts": [],
    "dns_name": "",
    "dns_domain": "",
    "data_plane_status": None,
    "propagate_uplink_status": True,
    "numa_affinity_policy": None,
    "device_profile": None,
    "hardware_offload_type": None,
    "qos_policy_id": None,
    "tags": [],
}


def upgrade() -> None:
    connection, after = op.get_bind(), ""
    while rows := connection.execute(_PORTS, {"after": after, "limit": _CHUNK}).all():
        connection.execute(_UPDATE, [{"id": row.id, "shown": orjson.dumps(_shown(row)).decode()} for row in rows])
        after = rows[-1].id


def _shown(row: Any) -> dict[str, Any]:
    said, held = orjson.loads(row.attributes), orjson.loads(row.shown)
    shown = {
        "id": row.id,
        "project_id": row.project_id,
        "tenant_id": row.project_id,
        "name": row.name,
        "description": row.description,
        "revision_number": row.revision_number,
        "created_at": timestamp_text(row.created_at),
        "updated_at": timestamp_text(row.updated_at),
        "network_id": row.network_id,
        "mac_address": mac_text(row.mac_address),
        "admin_state_up": bool(row.admin_state_up),
        "device_id": row.device_id,
        "device_owner": row.device_owner,
        "ip_allocation": "immediate" if held["fixed_ips"] else "none",
        **held,
        **{name: said.get(name, implied) for name, implied in _IMPLIED.items()},
    }
    domain = shown["dns_domain"]
    if has_keywords(domain):
        domain = filled(domain, said.get("dns_keywords", {}))
    addresses = [each["ip_address"] for each in held["fixed_ips"]]
    return shown | {"dns_assignment": [_assigned(each, shown["dns_name"], domain) for each in addresses]}


def _assigned(address: str, name: str, domain: str) -> dict[str, str]:
    hostname = name or f"host-{address.replace('.', '-').replace(':', '-')}"
    full = hostname if hostname.endswith(".") else f"{hostname}.{domain or 'openstacklocal.'}"
    return {"ip_address": address, "hostname": hostname, "fqdn": full if full.endswith(".") else f"{full}."}
