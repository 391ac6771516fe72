"""Which QoS policy networks, ports, floating IPs and routers have.

Each one's own row has it, to be shown; a table has it, too, to be looked for.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import Connection

from alcor.model.context import Context
from alcor.model.errors import AlcorError
from alcor.services.manager import Create, Values
from alcor.services.qos.qos_policy import ACCESS, default_policies, rules_of
from alcor.services.rows import View
from alcor.store import bulk
from alcor.store.tables import qos_attachment

ATTRIBUTE = "qos_policy_id"
_MARK = f'"{ATTRIBUTE}"'
_RESOURCES = {
    ("minimum_bandwidth", "egress"): "NET_BW_EGR_KILOBIT_PER_SEC",
    ("minimum_bandwidth", "ingress"): "NET_BW_IGR_KILOBIT_PER_SEC",
    ("minimum_packet_rate", "egress"): "NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC",
    ("minimum_packet_rate", "ingress"): "NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC",
    ("minimum_packet_rate", "any"): "NET_PACKET_RATE_KILOPACKET_PER_SEC",
}
_TUNNEL = "CUSTOM_NETWORK_TUNNEL_PROVIDER"
_NOT_IN_TRAITS = re.compile("[^A-Z0-9_]")


def policy_of(row: Any) -> str | None:
    """The policy of a row of any table whose resources can have one."""
    found: str | None = orjson.loads(row.attributes).get(ATTRIBUTE) if _MARK in row.attributes else None
    return found


def check_new(connection: Connection, create: Create) -> None:
    """Raises AlcorError (404) for a policy that the caller is not shown."""
    wanted = [policy_id for values in create.items if (policy_id := values.get(ATTRIBUTE))]
    ACCESS.check_visible(connection, wanted, create.context)


def give_defaults(connection: Connection, networks: Iterable[Values]) -> None:
    """New networks that do not say a policy have the default one of their project."""
    without = [values for values in networks if not values.get(ATTRIBUTE)]
    defaults = default_policies(connection, (values["project_id"] for values in without)) if without else {}
    for values in without:
        values[ATTRIBUTE] = defaults.get(values["project_id"])


def remember(connection: Connection, object_type: str, rows: Iterable[Any]) -> None:
    """Have new resources found by their policies."""
    attached = [(row.id, object_type, policy_id) for row in rows if (policy_id := policy_of(row))]
    if attached:
        bulk.insert_rows(connection, qos_attachment, attached)


def change(connection: Connection, object_type: str, row: Any, given: Mapping[str, Any], context: Context) -> None:
    """Attach the policy that an update gives, if it gives any, in the place of the one there was.

    Raises AlcorError: 404 for one that the caller is not shown, 403 when it is not shown the one there was.
    """
    if ATTRIBUTE not in given:
        return
    old, new = policy_of(row), given[ATTRIBUTE]
    if old and old not in ACCESS.visible_ids(connection, [old], context):
        raise AlcorError(
            403,
            "PolicyRemoveAuthorizationError",
            f"Failed to remove provided policy {old} because you are not authorized.",
        )
    if new:
        ACCESS.check_visible(connection, [new], context)
    if old:
        bulk.delete_by(connection, qos_attachment, "object_id", [row.id])
    if new:
        bulk.insert_rows(connection, qos_attachment, [(row.id, object_type, new)])


def forget(connection: Connection, rows: Iterable[Any]) -> None:
    """The resources are gone."""
    attached = [row.id for row in rows if policy_of(row)]
    if attached:
        bulk.delete_by(connection, qos_attachment, "object_id", attached)


def add_resource_requests(
    connection: Connection, ports: Sequence[View], physical_networks: Mapping[str, str | None]
) -> None:
    """What a scheduler must find on the host of each port: what the rules of its policy promise it (Neutron).

    ``physical_networks`` is what the networks of the ports are carried on (id → name), None for tunnels.
    """
    policies = {view["id"]: view[ATTRIBUTE] or view["qos_network_policy_id"] for view in ports}
    rules = rules_of(connection, sorted({policy_id for policy_id in policies.values() if policy_id}))
    if not rules:
        return
    for view in ports:
        its_rules = rules.get(policies[view["id"]] or "", [])
        view["resource_request"] = _resource_request(view, its_rules, physical_networks[view["network_id"]])


def _trait(kind: str, name: str) -> str:
    """A trait as Placement writes it."""
    return f"CUSTOM_{kind}_{_NOT_IN_TRAITS.sub('_', name.upper())}"


def _resource_request(port: View, rules: Sequence[View], physical_network: str | None) -> View | None:
    carried = _trait("PHYSNET", physical_network) if physical_network else _TUNNEL
    vnic_type = _trait("VNIC_TYPE", port["binding:vnic_type"])
    groups = []
    for kind, number, required in (
        ("minimum_bandwidth", "min_kbps", [carried, vnic_type]),
        ("minimum_packet_rate", "min_kpps", [vnic_type]),
    ):
        promised = [rule for rule in rules if rule["type"] == kind]
        if promised:
            name = ":".join(rule["id"] for rule in promised)
            groups.append(
                {
                    "id": str(uuid5(UUID(port["id"]), name)),
                    "required": required,
                    "resources": {_RESOURCES[kind, rule["direction"]]: rule[number] for rule in promised},
                }
            )
    return {"request_groups": groups, "same_subtree": [group["id"] for group in groups]} if groups else None
