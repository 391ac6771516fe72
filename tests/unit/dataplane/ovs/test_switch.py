"""What the tables say of the integration bridge, and what must change in them."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane.ovs.ovsdb import Row, Tables, map_value
from alcor.dataplane.ovs.switch import (
    GENERATION_KEY,
    SERVICES_NAME,
    TUNNEL_NAME,
    Switch,
    choose_datapath,
    read_switch,
    set_up_operations,
)

PORT = "0192f0c0-0000-7000-8000-00000000000a"
PORT_ID = bytes.fromhex(PORT.replace("-", ""))
OTHER = "0192f0c0-0000-7000-8000-00000000000b"
OTHER_ID = bytes.fromhex(OTHER.replace("-", ""))
VTEP = "192.0.2.1"
SERVICES_MAC = "fe:14:00:00:a9:fd"
TUNNEL_OPTIONS = {"key": "flow", "remote_ip": "flow", "local_ip": VTEP}


def interface(name: str, ofport: int | None, kind: str = "", error: str | None = None, **external_ids: str) -> Row:
    return {
        "name": name,
        "type": kind,
        "ofport": ["set", []] if ofport is None else ofport,
        "options": map_value(TUNNEL_OPTIONS if name == TUNNEL_NAME else {}),
        "external_ids": map_value({key.replace("_", "-"): value for key, value in external_ids.items()}),
        "error": ["set", []] if error is None else error,
        "mac": SERVICES_MAC if name == SERVICES_NAME else ["set", []],
    }


def bridge(*interfaces: Row, datapath: str = "netdev", fail_mode: Any = "secure", generation: str = "1") -> Tables:
    """Tables with one bridge, br-int, that has these interfaces."""
    ports = [["uuid", f"port-{each['name']}"] for each in interfaces]
    return {
        "Open_vSwitch": {"top": {"datapath_types": ["set", ["netdev", "system"]], "cur_cfg": 1, "next_cfg": 1}},
        "Bridge": {
            "br": {
                "name": "br-int",
                "ports": ports[0] if len(ports) == 1 else ["set", ports],
                "datapath_type": datapath,
                "fail_mode": fail_mode,
                "external_ids": map_value({GENERATION_KEY: generation, "other": "kept"}),
            }
        },
        "Port": {
            f"port-{each['name']}": {"name": each["name"], "interfaces": ["uuid", f"if-{each['name']}"]}
            for each in interfaces
        },
        "Interface": {f"if-{each['name']}": each for each in interfaces},
    }


TUNNEL = interface(TUNNEL_NAME, 1, "vxlan")
SERVICES = interface(SERVICES_NAME, 2, "internal")
NO_BRIDGE: Tables = {"Open_vSwitch": {}, "Bridge": {}, "Port": {}, "Interface": {}}


def test_workloads_are_the_interfaces_that_carry_a_port_id_and_have_a_number() -> None:
    tables = bridge(
        TUNNEL,
        SERVICES,
        interface("tap1", 5, iface_id=PORT),
        interface("tap2", 6, attached_mac="fa:16:3e:00:00:01"),
        interface("tap3", None, iface_id=OTHER),
        interface("tap4", -1, iface_id=OTHER),
    )
    assert read_switch(tables, "br-int") == Switch({PORT_ID: 5}, tunnel=1, services=2, problem=None, generation=1)


def test_a_port_id_counts_however_it_is_written() -> None:
    for text in (PORT.upper(), PORT.replace("-", ""), f"{{{PORT}}}"):
        assert read_switch(bridge(interface("tap", 5, iface_id=text)), "br-int").workloads == {PORT_ID: 5}


def test_what_is_no_port_id_is_left_alone_with_a_remark() -> None:
    found = read_switch(bridge(interface("tap", 5, iface_id="eth0 of web" * 20)), "br-int")
    assert found.workloads == {}
    (remark,) = found.remarks
    assert "interface tap carries 'eth0 of web" in remark and len(remark) < 200


def test_of_two_interfaces_with_one_port_id_the_first_by_name_is_used_with_a_remark() -> None:
    pair = interface("tap2", 6, iface_id=PORT), interface("tap1", 5, iface_id=PORT)
    for order in itertools.permutations(pair):
        found = read_switch(bridge(*order), "br-int")
        assert found.workloads == {PORT_ID: 5}
        assert found.remarks == (f"interfaces tap1 and tap2 both carry port id {PORT}: tap1 is used",)


def test_interfaces_of_other_bridges_are_none_of_ours() -> None:
    tables = bridge(TUNNEL)
    tables["Interface"]["if-other"] = interface("tap", 5, iface_id=PORT)
    tables["Port"]["port-other"] = {"name": "tap", "interfaces": ["uuid", "if-other"]}
    assert read_switch(tables, "br-int").workloads == {}


def test_what_ovs_says_of_its_own_ports_is_known() -> None:
    for order in itertools.permutations((TUNNEL, interface(SERVICES_NAME, None, "internal", error="no device"))):
        found = read_switch(bridge(*order), "br-int")
        assert (found.services, found.problem) == (None, "no device")
    found = read_switch(bridge(interface(TUNNEL_NAME, None, "vxlan", error="could not set configuration")), "br-int")
    assert (found.tunnel, found.problem) == (None, "could not set configuration")


def test_a_bridge_that_is_not_there_has_nothing() -> None:
    assert read_switch(NO_BRIDGE, "br-int") == Switch({}, None, None, None, 0)


@pytest.mark.parametrize(("written", "generation"), [("41", 41), ("", 0), ("x", 0), ("-1", 0)])
def test_a_generation_that_is_no_number_counts_as_none(written: str, generation: int) -> None:
    assert read_switch(bridge(generation=written), "br-int").generation == generation


def test_rows_that_refer_to_nothing_are_passed_over() -> None:
    tables = bridge(TUNNEL, interface("tap", 5, iface_id=PORT))
    del tables["Interface"]["if-tap"], tables["Port"][f"port-{TUNNEL_NAME}"]
    assert read_switch(tables, "br-int") == Switch({}, None, None, None, 1)


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=40), max_size=4))
def test_whatever_is_in_external_ids_is_read(external_ids: dict[str, str]) -> None:
    row = interface("tap", 5) | {"external_ids": map_value(external_ids)}
    assert read_switch(bridge(row), "br-int").generation == 1


def set_up(tables: Tables, datapath: str = "netdev", generation: int = 1) -> list[dict[str, Any]]:
    return set_up_operations(tables, "br-int", VTEP, datapath, generation)


def test_a_bridge_as_it_must_be_is_left_alone() -> None:
    assert set_up(bridge(TUNNEL, SERVICES)) == []


def test_where_there_is_no_bridge_it_is_made_with_its_own_ports_and_ovs_is_told() -> None:
    operations = set_up(NO_BRIDGE)
    made = {(each["table"], each["row"]["name"]) for each in operations if each["op"] == "insert"}
    assert made == {
        *(("Bridge", "br-int"), ("Port", "br-int"), ("Interface", "br-int")),
        *(("Port", TUNNEL_NAME), ("Interface", TUNNEL_NAME)),
        *(("Port", SERVICES_NAME), ("Interface", SERVICES_NAME)),
    }
    (row,) = (each["row"] for each in operations if each["op"] == "insert" and each["table"] == "Bridge")
    assert (row["datapath_type"], row["fail_mode"]) == ("netdev", "secure")
    assert operations[-2]["mutations"] == [["next_cfg", "+=", 1]]
    assert operations[-1]["columns"] == ["next_cfg"]


@pytest.mark.parametrize(
    ("tables", "datapath", "generation"),
    [
        (bridge(TUNNEL, datapath="system"), "netdev", 1),
        (bridge(TUNNEL, fail_mode=["set", []]), "netdev", 1),
        (bridge(TUNNEL, fail_mode="standalone"), "netdev", 1),
        (bridge(TUNNEL), "netdev", 2),
    ],
    ids=["datapath", "no fail mode", "fail mode", "generation"],
)
def test_a_bridge_that_is_otherwise_is_changed_and_keeps_what_others_wrote(
    tables: Tables, datapath: str, generation: int
) -> None:
    change = set_up(tables, datapath, generation)[0]
    assert (change["op"], change["table"], change["where"]) == ("update", "Bridge", [["name", "==", "br-int"]])
    assert change["row"] == {
        "datapath_type": datapath,
        "fail_mode": "secure",
        "external_ids": map_value({GENERATION_KEY: str(generation), "other": "kept"}),
    }


@pytest.mark.parametrize(
    "tunnel",
    [
        interface(TUNNEL_NAME, 1, "geneve"),
        interface(TUNNEL_NAME, 1, "vxlan") | {"options": map_value(TUNNEL_OPTIONS | {"local_ip": "192.0.2.9"})},
    ],
    ids=["type", "VTEP"],
)
def test_a_tunnel_that_is_otherwise_is_changed(tunnel: Row) -> None:
    change = set_up(bridge(tunnel))[0]
    assert (change["op"], change["table"]) == ("update", "Interface")
    assert change["row"] == {"name": TUNNEL_NAME, "type": "vxlan", "options": map_value(TUNNEL_OPTIONS)}


@pytest.mark.parametrize(
    "services",
    [interface(SERVICES_NAME, 2, "tap"), SERVICES | {"mac": "02:00:00:00:00:01"}, SERVICES | {"mac": ["set", []]}],
    ids=["type", "MAC address", "no MAC address"],
)
def test_the_hosts_interface_is_changed_that_is_otherwise(services: Row) -> None:
    change = set_up(bridge(TUNNEL, services))[0]
    assert (change["op"], change["table"]) == ("update", "Interface")
    assert change["row"] == {"name": SERVICES_NAME, "type": "internal", "mac": SERVICES_MAC}


@pytest.mark.parametrize(
    ("present", "setting", "kernel", "chosen"),
    [
        (None, "auto", True, "system"),
        (None, "auto", False, "netdev"),
        (None, "system", False, "system"),
        (None, "netdev", True, "netdev"),
        ("netdev", "auto", True, "netdev"),
        ("netdev", "system", True, "system"),
        ("system", "auto", True, "system"),
        ("system", "auto", False, "netdev"),
        ("", "auto", True, "system"),
    ],
)
def test_the_datapath_is_the_settings_or_what_works(
    present: str | None, setting: str, kernel: bool, chosen: str
) -> None:
    tables = bridge(TUNNEL, datapath=present or "")
    if present is None:
        tables["Bridge"].clear()
    assert choose_datapath(tables, "br-int", setting, kernel) == chosen


def test_a_switch_that_does_not_offer_the_kernel_is_not_asked_for_it() -> None:
    tables = bridge(TUNNEL, datapath="")
    tables["Open_vSwitch"]["top"]["datapath_types"] = "netdev"
    assert choose_datapath(tables, "br-int", "auto", kernel_available=True) == "netdev"
