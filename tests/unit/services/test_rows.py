"""Attributes become a row and come back from it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.model.resource import Kept, Resource
from alcor.model.resources.network import NETWORK
from alcor.model.resources.port import PORT
from alcor.model.resources.subnet import SUBNET
from alcor.services.rows import Rows
from alcor.store.tables import network, port, subnet

TABLES = {"network": network, "port": port, "subnet": subnet}
ROWS = {each.name: (each, Rows(each, TABLES[each.name])) for each in (NETWORK, PORT, SUBNET)}

STAMPED = {
    "id": "i", "project_id": "p", "revision_number": 1, "created_at": 86_400, "updated_at": 86_401, "status": "DOWN",
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "network": {"provider:segmentation_id": 7},
    "subnet": {"network_id": "11111111-1111-4111-8111-111111111111", "cidr": "10.0.0.0/24", "ip_version": 4,
               "gateway_ip": None, "allocation_pools": []},
    "port": {"network_id": "11111111-1111-4111-8111-111111111111", "mac_address": "fa:16:3e:00:00:01",
             "port_security_enabled": True},
}  # fmt: skip
CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.text(st.characters(categories=("L", "N", "P", "S")), max_size=20),
    "description": st.just("d"),
    "admin_state_up": st.booleans(),
    "mtu": st.integers(68, 9000),
    "port_security_enabled": st.booleans(),
    "dns_domain": st.sampled_from(["", "example.org."]),
    "binding:profile": st.sampled_from([{}, {"a": [1, {"b": None}]}]),
    "extra_dhcp_opts": st.sampled_from([[], [{"opt_name": "66", "opt_value": "x"}]]),
    "dns_nameservers": st.sampled_from([[], ["192.0.2.53"]]),
    "gateway_ip": st.sampled_from([None, "10.0.0.1"]),
    "mac_address": st.just("02:00:00:00:00:01"),
}


def checked(resource: Resource, changes: dict[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in changes.items() if name in resource.attributes}
    return resource.check_create(BODIES[resource.name] | known) | STAMPED | unshown(resource)


def unshown(resource: Resource) -> dict[str, Any]:
    """Values for the columns of its table that hold none of its attributes: whoever writes a row knows them."""
    shown = {attribute.column for attribute in resource.attributes.values()} | {"attributes"}
    return {column.name: 0 for column in TABLES[resource.name].columns if column.name not in shown}


@pytest.mark.parametrize("name", ROWS)
@given(changes=st.fixed_dictionaries({}, optional=CHANGES))
def test_a_row_holds_what_was_said(name: str, changes: dict[str, Any]) -> None:
    resource, rows = ROWS[name]
    values = checked(resource, changes)
    row = rows.row(values)
    view = rows.view(row)
    shown = {each for each, attribute in resource.attributes.items() if attribute.kept is not Kept.COMPUTED}
    assert view.keys() == shown
    expected = values | {"created_at": "1970-01-02T00:00:00Z", "updated_at": "1970-01-02T00:00:01Z"}
    differing = {each for each in shown & expected.keys() if view[each] != expected[each]}
    assert differing <= {"status"}  # a network's is always the same


@pytest.mark.parametrize("name", ROWS)
@given(first=st.fixed_dictionaries({}, optional=CHANGES), second=st.fixed_dictionaries({}, optional=CHANGES))
def test_an_update_replaces_what_it_names(name: str, first: dict[str, Any], second: dict[str, Any]) -> None:
    resource, rows = ROWS[name]
    row = rows.row(checked(resource, first))
    changes = resource.check_update({each: value for each, value in second.items() if each in resource.attributes})
    changed = rows.changed_row(row, changes | unshown(resource), 100_000)
    assert rows.view(changed) == rows.view(row) | changes | {
        "revision_number": 2, "updated_at": "1970-01-02T03:46:40Z",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["network", "port"])
def test_a_plain_resource_costs_no_json(name: str) -> None:
    resource, rows = ROWS[name]
    assert rows.row(checked(resource, {})).attributes == "{}"
    assert json.loads(rows.row(checked(resource, {"port_security_enabled": False})).attributes) == {
        "port_security_enabled": False
    }
