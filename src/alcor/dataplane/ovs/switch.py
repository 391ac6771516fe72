"""The integration bridge in the database: how it must be, what is missing, and which ports it has. Pure."""

from typing import Any, NamedTuple

from alcor.dataplane.ovs.ovsdb import Row, Tables, map_value, mapping, members
from alcor.dataplane.ovs.service_rules import HOST_MAC
from alcor.model.addresses import mac_text
from alcor.model.identifiers import Id, canonical_id, id_bytes, id_text

TUNNEL_NAME = "alcor-vxlan"
SERVICES_NAME = "alcor-services"
"""The host's own network interface at which its programs answer its workloads (service_rules)."""
GENERATION_KEY = "alcor-generation"

COLUMNS = {
    "Open_vSwitch": ("bridges", "cur_cfg", "next_cfg", "datapath_types"),
    "Bridge": ("name", "ports", "datapath_type", "fail_mode", "external_ids"),
    "Port": ("name", "interfaces"),
    "Interface": ("name", "type", "ofport", "options", "external_ids", "error", "mac"),
}

Operation = dict[str, Any]


class Switch(NamedTuple):
    """The bridge as it is. Port numbers are OpenFlow's."""

    workloads: dict[Id, int]  # port id → port number
    tunnel: int | None  # port number of the tunnel port, once it has one
    services: int | None  # of the host's own interface, once it has one
    problem: str | None  # what ovs-vswitchd says is wrong with either
    generation: int
    remarks: tuple[str, ...] = ()  # what is odd about its interfaces


def read_switch(tables: Tables, bridge: str) -> Switch:
    """What the tables say of a bridge. A bridge that is not there has nothing."""
    row = find(tables, "Bridge", bridge)
    if row is None:
        return Switch({}, None, None, None, 0)
    workloads: dict[Id, int] = {}
    names: dict[Id, str] = {}
    own: dict[str, int | None] = {}
    problem: str | None = None
    remarks: list[str] = []
    for interface in sorted(_interfaces(tables, row), key=lambda each: str(each["name"])):
        number = _port_number(interface)
        if interface["name"] in (TUNNEL_NAME, SERVICES_NAME):
            own[interface["name"]] = number
            problem = next(iter(members(interface["error"])), problem)
            continue
        text = mapping(interface["external_ids"]).get("iface-id")
        if text is None or number is None:
            continue
        port_id = _port_id(text)
        if port_id is None:
            remarks.append(f"interface {interface['name']} carries {text[:80]!r}, which is no port id: left alone")
            continue
        if port_id in workloads:
            remarks.append(
                f"interfaces {names[port_id]} and {interface['name']} both carry port id {id_text(port_id)}:"
                f" {names[port_id]} is used"
            )
            continue
        workloads[port_id], names[port_id] = number, str(interface["name"])
    generation = mapping(row["external_ids"]).get(GENERATION_KEY, "0")
    return Switch(
        workloads,
        own.get(TUNNEL_NAME),
        own.get(SERVICES_NAME),
        problem,
        int(generation) if generation.isdigit() else 0,
        tuple(remarks),
    )


def find(tables: Tables, table: str, name: str) -> Row | None:
    """The row with this name."""
    return next((row for row in tables.get(table, {}).values() if row["name"] == name), None)


def _interfaces(tables: Tables, bridge: Row) -> list[Row]:
    ports = [tables["Port"].get(uuid) for uuid in members(bridge["ports"])]
    uuids = [uuid for port in ports if port is not None for uuid in members(port["interfaces"])]
    return [tables["Interface"][uuid] for uuid in uuids if uuid in tables["Interface"]]


def _port_number(interface: Row) -> int | None:
    numbers = members(interface["ofport"])
    return numbers[0] if numbers and numbers[0] > 0 else None


def _port_id(text: str) -> Id | None:
    try:
        return id_bytes(canonical_id(text))
    except ValueError:
        return None


def set_up_operations(
    tables: Tables, bridge: str, vtep_ip: str, datapath_type: str, generation: int
) -> list[Operation]:
    """What to change in the database so that the bridge and the ports that every host has are as they must be."""
    changes = [
        *_bridge_operations(tables, bridge, datapath_type, generation),
        *_tunnel_operations(tables, bridge, vtep_ip),
        *_services_operations(tables, bridge),
    ]
    if changes:
        changes.append({"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [["next_cfg", "+=", 1]]})
        changes.append({"op": "select", "table": "Open_vSwitch", "where": [], "columns": ["next_cfg"]})
    return changes


def _bridge_operations(tables: Tables, bridge: str, datapath_type: str, generation: int) -> list[Operation]:
    wanted: Row = {"datapath_type": datapath_type, "fail_mode": "secure"}
    row = find(tables, "Bridge", bridge)
    if row is None:
        wanted |= {
            "name": bridge,
            "ports": ["set", [["named-uuid", "local_port"]]],
            "external_ids": map_value({GENERATION_KEY: str(generation)}),
        }
        return [
            {
                "op": "insert",
                "table": "Interface",
                "uuid-name": "local_interface",
                "row": {"name": bridge, "type": "internal"},
            },
            {
                "op": "insert",
                "table": "Port",
                "uuid-name": "local_port",
                "row": {"name": bridge, "interfaces": ["set", [["named-uuid", "local_interface"]]]},
            },
            {"op": "insert", "table": "Bridge", "uuid-name": "bridge", "row": wanted},
            {
                "op": "mutate",
                "table": "Open_vSwitch",
                "where": [],
                "mutations": [["bridges", "insert", ["set", [["named-uuid", "bridge"]]]]],
            },
        ]
    external_ids = mapping(row["external_ids"]) | {GENERATION_KEY: str(generation)}
    wanted["external_ids"] = map_value(external_ids)
    same = (
        row["datapath_type"] == datapath_type
        and members(row["fail_mode"]) == ["secure"]
        and mapping(row["external_ids"]) == external_ids
    )
    return [] if same else [_update("Bridge", bridge, wanted)]


def _tunnel_operations(tables: Tables, bridge: str, vtep_ip: str) -> list[Operation]:
    options = {"key": "flow", "remote_ip": "flow", "local_ip": vtep_ip}
    wanted = {"name": TUNNEL_NAME, "type": "vxlan", "options": map_value(options)}
    row = find(tables, "Interface", TUNNEL_NAME)
    if row is not None:
        same = row["type"] == "vxlan" and mapping(row["options"]) == options
        return [] if same else [_update("Interface", TUNNEL_NAME, wanted)]
    return _port_operations(bridge, "tunnel", wanted)


def _services_operations(tables: Tables, bridge: str) -> list[Operation]:
    wanted = {"name": SERVICES_NAME, "type": "internal", "mac": mac_text(HOST_MAC)}
    row = find(tables, "Interface", SERVICES_NAME)
    if row is not None:
        same = row["type"] == "internal" and members(row["mac"]) == [wanted["mac"]]
        return [] if same else [_update("Interface", SERVICES_NAME, wanted)]
    return _port_operations(bridge, "services", wanted)


def _port_operations(bridge: str, what: str, interface: Row) -> list[Operation]:
    """What gives the bridge a port with one interface."""
    names = f"{what}_interface", f"{what}_port"
    port = {"name": interface["name"], "interfaces": ["set", [["named-uuid", names[0]]]]}
    return [
        {"op": "insert", "table": "Interface", "uuid-name": names[0], "row": interface},
        {"op": "insert", "table": "Port", "uuid-name": names[1], "row": port},
        {
            "op": "mutate",
            "table": "Bridge",
            "where": [["name", "==", bridge]],
            "mutations": [["ports", "insert", ["set", [["named-uuid", names[1]]]]]],
        },
    ]


def _update(table: str, name: str, row: Row) -> Operation:
    return {"op": "update", "table": table, "where": [["name", "==", name]], "row": row}


def choose_datapath(tables: Tables, bridge: str, setting: str, kernel_available: bool) -> str:
    """The datapath type of the bridge: the setting's, or what the bridge has and works, or the kernel's if it can.

    A bridge that already forwards in ovs-vswitchd is left there: moving it would stop its traffic.
    """
    if setting != "auto":
        return setting
    row = find(tables, "Bridge", bridge)
    if row is not None and row["datapath_type"] == "netdev":
        return "netdev"
    offered = {each for top in tables["Open_vSwitch"].values() for each in members(top["datapath_types"])}
    return "system" if kernel_available and "system" in offered else "netdev"
