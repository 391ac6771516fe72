"""Whether the network service shows of a resource what a template says of it."""

from collections.abc import Mapping
from typing import Any

_PATHS = {
    "OS::Neutron::FloatingIPPortForward": "/floatingips/{floating_ip}/port_forwardings/{id}",
    "OS::Neutron::QoSBandwidthLimitRule": "/qos/policies/{policy}/bandwidth_limit_rules/{id}",
    "OS::Neutron::QoSDscpMarkingRule": "/qos/policies/{policy}/dscp_marking_rules/{id}",
    "OS::Neutron::QoSMinimumBandwidthRule": "/qos/policies/{policy}/minimum_bandwidth_rules/{id}",
    "OS::Neutron::QoSMinimumPacketRateRule": "/qos/policies/{policy}/minimum_packet_rate_rules/{id}",
}
"""Where resources are that Heat shows nothing of."""

_CALLED = {
    "address_scope": "address_scope_id",
    "floating_network": "floating_network_id",
    "network": "network_id",
    "network_type": "provider:network_type",
    "physical_network": "provider:physical_network",
    "internal_port": "internal_port_id",
    "internal_port_number": "internal_port",
    "port": "port_id",
    "qos_policy": "qos_policy_id",
    "remote_group": "remote_group_id",
    "router_external": "router:external",
    "security_group": "security_group_id",
    "segment": "segment_id",
    "segmentation_id": "provider:segmentation_id",
    "subnet": "subnet_id",
    "subnetpool": "subnetpool_id",
}
"""What the network service calls properties that Heat calls otherwise."""


def path_of(kind: str, said: Mapping[str, Any], ids: Mapping[str, str], own_id: str) -> str:
    """Where the network service has a resource that Heat shows nothing of; nothing when Heat does, or nobody can."""
    named = {name: _resolved(value, ids) for name, value in said.items()}
    return _PATHS.get(kind, "").format_map({**named, "id": own_id})


def differences(said: Mapping[str, Any], shown: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """The properties that are shown as something else than was said. Those that are not shown are passed over."""
    found = {}
    for name, value in said.items():
        value = _resolved(value, ids)
        if name == "value_specs":
            found.update(differences(value, shown, ids))
            continue
        place = _CALLED.get(name, name) if _CALLED.get(name, name) in shown else name
        if place in shown and not _is_shown(value, shown[place]):
            found[name] = {"said": value, "shown": shown[place]}
    return found


def _resolved(value: Any, ids: Mapping[str, str]) -> Any:
    """The value with the resources that it names. What else only Heat works out is anything (None)."""
    match value:
        case {"get_resource": name}:
            return ids[name]
        case {"get_param": _} | {"get_attr": _}:
            return None
        case dict():
            return {key: _resolved(each, ids) for key, each in value.items()}
        case list():
            return [_resolved(each, ids) for each in value]
    return value


def _is_shown(said: Any, shown: Any) -> bool:
    """Whether what is shown has all that was said: lists in any order, objects with more members."""
    if said is None:
        return True
    if isinstance(said, dict) and isinstance(shown, dict):
        return all(_is_shown(each, shown.get(key, shown.get(_CALLED.get(key, key)))) for key, each in said.items())
    if isinstance(said, list) and isinstance(shown, list):
        return len(said) <= len(shown) and all(any(_is_shown(each, other) for other in shown) for each in said)
    return str(said).lower() == str(shown).lower()
