"""One resource of each kind that is of a project's own: what strangers must not find.

``THEIRS`` has a line for each, in the order in which one builds on another.
"""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec

HOST = "host-1"
OWN = "/project/{project}"
Made = Mapping[str, str]
"""The ids of what was made, by the name of its collection in paths."""


class Kind(msgspec.Struct, frozen=True):
    """A kind of resource: where it is created, what bodies call it, and what to say of one.

    One without a name is an action, which is put, and makes nothing.
    """

    path: str  # with the ids of parents by the names of their collections
    name: str
    attributes: Callable[[Made], dict[str, Any]] = lambda _made: {}
    called: str = ""  # what ids of it are looked up by, when not the last part of the path
    by_admin: bool = False
    key: str = "id"  # the attribute that paths name it by
    under: str = "/v2.0"


THEIRS = (
    Kind("networks", "network", lambda _: {"router:external": True}, called="external", by_admin=True),
    Kind(
        "subnets",
        "subnet",
        lambda made: {"network_id": made["external"], "cidr": "192.0.2.0/24"},
        called="outside",
        by_admin=True,
    ),
    Kind("address-scopes", "address_scope", lambda _: {"ip_version": 6}, called="scope6"),
    Kind(
        "subnetpools",
        "subnetpool",
        lambda made: {"name": "6", "prefixes": ["2001:db8::/48"], "address_scope_id": made["scope6"]},
        called="pool6",
    ),
    Kind(
        "subnets",
        "subnet",
        lambda made: {"network_id": made["external"], "ip_version": 6, "subnetpool_id": made["pool6"], "prefixlen": 64},
        called="outside6",
        by_admin=True,
    ),
    Kind("address-scopes", "address_scope", lambda _: {"ip_version": 4}),
    Kind(
        "subnetpools",
        "subnetpool",
        lambda made: {"name": "sp", "prefixes": ["10.64.0.0/12"], "address_scope_id": made["address-scopes"]},
    ),
    Kind("networks", "network"),
    Kind("subnets", "subnet", lambda made: {"network_id": made["networks"], "cidr": "10.0.0.0/24"}),
    Kind("ports", "port", lambda made: {"network_id": made["networks"], "device_owner": "compute:nova"}),
    Kind("ports/{ports}/bindings", "binding", lambda _: {"host": HOST}, by_admin=True, key="host"),
    Kind("routers", "router", lambda made: {"external_gateway_info": {"network_id": made["external"]}}),
    Kind(
        "routers/{routers}/conntrack_helpers",
        "conntrack_helper",
        lambda _: {"protocol": "udp", "port": 69, "helper": "tftp"},
    ),
    Kind("routers/{routers}/add_router_interface", "", lambda made: {"subnet_id": made["subnets"]}),
    Kind("floatingips", "floatingip", lambda made: {"floating_network_id": made["external"]}),
    Kind(
        "floatingips/{floatingips}/port_forwardings",
        "port_forwarding",
        lambda made: {"internal_port_id": made["ports"], "internal_port": 80, "external_port": 80, "protocol": "tcp"},
    ),
    Kind(
        "subnets",
        "subnet",
        lambda made: {"network_id": made["networks"], "ip_version": 6, "subnetpool_id": made["pool6"], "prefixlen": 64},
        called="inside6",
    ),
    Kind("routers/{routers}/add_router_interface", "", lambda made: {"subnet_id": made["inside6"]}),
    Kind("ports", "port", lambda made: {"network_id": made["networks"]}, called="port6"),
    Kind("routers/{routers}", "", lambda _: {"router": {"enable_ndp_proxy": True}}),
    Kind("ndp_proxies", "ndp_proxy", lambda made: {"router_id": made["routers"], "port_id": made["port6"]}),
    Kind("local_ips", "local_ip", lambda made: {"local_port_id": made["ports"]}),
    Kind(
        "local_ips/{local_ips}/port_associations",
        "port_association",
        lambda made: {"fixed_port_id": made["ports"]},
        key="fixed_port_id",
    ),
    Kind("security-groups", "security_group", lambda _: {"name": "sg"}),
    Kind(
        "security-group-rules",
        "security_group_rule",
        lambda made: {"security_group_id": made["security-groups"], "direction": "ingress", "protocol": "tcp"},
    ),
    Kind(
        "security-groups-default-statefulness",
        "security_group_default_statefulness",
        lambda _: {"stateful": False},
        by_admin=True,
    ),
    Kind("address-groups", "address_group", lambda _: {"name": "ag"}),
    Kind("ports", "port", lambda made: {"network_id": made["networks"]}, called="parent"),
    Kind("trunks", "trunk", lambda made: {"port_id": made["parent"]}),
    Kind("segments", "segment", lambda made: {"network_id": made["networks"], "network_type": "vxlan"}, by_admin=True),
    Kind(
        "network_segment_ranges",
        "network_segment_range",
        lambda _: {"shared": False, "network_type": "vxlan", "minimum": 70_000, "maximum": 70_009},
        by_admin=True,
    ),
    Kind("qos/policies", "policy", lambda _: {"name": "gold"}, by_admin=True),
    Kind(
        "qos/policies/{policies}/bandwidth_limit_rules",
        "bandwidth_limit_rule",
        lambda _: {"max_kbps": 1000},
        by_admin=True,
    ),
    Kind("qos/policies/{policies}/dscp_marking_rules", "dscp_marking_rule", lambda _: {"dscp_mark": 8}, by_admin=True),
    Kind(
        "qos/policies/{policies}/minimum_bandwidth_rules",
        "minimum_bandwidth_rule",
        lambda _: {"min_kbps": 10},
        by_admin=True,
    ),
    Kind(
        "qos/policies/{policies}/minimum_packet_rate_rules",
        "minimum_packet_rate_rule",
        lambda _: {"min_kpps": 10},
        by_admin=True,
    ),
    Kind(
        "qos/policies/{policies}/packet_rate_limit_rules",
        "packet_rate_limit_rule",
        lambda _: {"max_kpps": 10},
        by_admin=True,
    ),
    Kind("metering/metering-labels", "metering_label", lambda _: {"name": "m"}, by_admin=True),
    Kind(
        "metering/metering-label-rules",
        "metering_label_rule",
        lambda made: {
            "metering_label_id": made["metering-labels"],
            "remote_ip_prefix": "10.0.0.0/8",
            "direction": "ingress",
        },
        by_admin=True,
    ),
    Kind(
        "log/logs",
        "log",
        lambda made: {"resource_type": "security_group", "resource_id": made["security-groups"]},
        by_admin=True,
    ),
    Kind("network-acls", "network_acl", lambda made: {"vpc_id": made["networks"]}, under=OWN),
    Kind(
        "network-acl-rules",
        "network_acl_rule",
        lambda made: {"network_acl_id": made["network-acls"], "number": 1, "direction": "ingress", "action": "deny"},
        under=OWN,
    ),
    Kind(
        "rbac-policies",
        "rbac_policy",
        lambda made: {
            "object_type": "network",
            "object_id": made["networks"],
            "action": "access_as_shared",
            "target_tenant": "green",
        },
    ),
    Kind("gateways", "gateway", lambda _: {"type": "tgw"}, under=OWN),
    Kind("gateways/{gateways}/attachments", "attachment", lambda made: {"resource_id": made["networks"]}, under=OWN),
    Kind("gateways/{gateways}/routetables", "routetable", under=OWN),
    Kind(
        "subnets/{subnets}/routetable",
        "routetable",
        lambda _: {"route_table_type": "private_subnet"},
        called="routetables of subnets",
        under=OWN,
    ),
    Kind(
        "elasticip-ranges",
        "elasticip-range",
        lambda _: {"allocation_ranges": [{"start": "203.0.113.1", "end": "203.0.113.9"}]},
        by_admin=True,
        under="",
    ),
    Kind("elasticips", "elasticip", lambda made: {"port_id": made["ports"]}, under=OWN),
)

SAME = {
    "gatewayinfo": "networks",
    "routetable": "routetables",
    "vpcs": "networks",
    "network-ip-availabilities": "networks",
    "subnet-port-count": "subnets",
    **{f"alias-{each.replace('_', '-')}": each for each in (
        "bandwidth_limit_rules", "dscp_marking_rules", "minimum_bandwidth_rules", "minimum_packet_rate_rules",
        "packet_rate_limit_rules",
    )},
}  # fmt: skip
"""Other names of collections in paths."""

NOBODYS = frozenset(
    {
        "agents", "apply", "auto-allocated-topology", "default-security-group-rules", "extensions", "flavors", "fleets",
        "ips", "macs", "ncms", "nodes", "quotas", "range", "ranges", "rule-types", "service_profiles",
    }
)  # fmt: skip
"""Collections of what is of no project, or is for administrators alone."""


async def build(owner: httpx.AsyncClient, administrator: httpx.AsyncClient, project: str) -> dict[str, str]:
    """Have all of it made by its owner, or by an administrator in its project, which both work in.

    The ids are returned by the names of collections in paths.
    """
    node = {"node_id": HOST, "node_name": HOST, "local_ip": "192.0.2.200", "mac_address": "02:00:00:00:00:01"}
    assert (await administrator.post("/nodes", json={"host_info": node})).status_code == 201
    made: dict[str, str] = {}
    for kind in THEIRS:
        client = administrator if kind.by_admin else owner
        path = f"{kind.under.format(project=project)}/{kind.path.format_map(made)}"
        if not kind.name:
            answer = await client.put(path, json=kind.attributes(made))
            assert answer.status_code == 200, (kind, answer.text)
            continue
        answer = await client.post(path, json={kind.name: kind.attributes(made)})
        assert answer.status_code == 201, (kind, answer.text)
        name = kind.called or kind.path.rsplit("/", 1)[-1]
        view = answer.json()[kind.name]
        made[name] = view[kind.key]
    return made | {name: made[other] for name, other in SAME.items()}
