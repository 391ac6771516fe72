"""A port as JSON is the port: whatever it is, whoever sees it, and whatever is above and beside it."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.model.resources.port import PORT
from alcor.services.ports.port_json import COLUMNS, PORT_JSON, ROWS, STORED, Above, members_of, port_view, shown_of
from alcor.services.rows import View
from alcor.services.stored_views import StoredView

PLAIN: dict[str, Any] = {
    "id": "i", "project_id": "p", "name": "n", "description": "", "revision_number": 3, "created_at": 86_400,
    "updated_at": 86_401, "network_id": "net", "mac_address": "fa:16:3e:00:00:01", "admin_state_up": True,
    "status": "DOWN", "device_id": "", "device_owner": "compute:nova", "binding:host_id": "",
    "shown": "", "guest_of": None, "heard_after": 0,
}  # fmt: skip
ADDRESSES = [{"subnet_id": "s", "ip_address": "10.0.0.5"}, {"subnet_id": "t", "ip_address": "2001:db8::5"}]
GUARDED = tuple(each.name for each in PORT.attributes.values() if each.seen_by)
SAID: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["", "n", '"', "\\", "\x01", "ü€𝄞"]),
    "status": st.sampled_from(["DOWN", "ACTIVE"]),
    "binding:host_id": st.sampled_from(["", "host-1", '"']),
    "binding:vnic_type": st.sampled_from(["normal", "direct"]),
    "binding:profile": st.sampled_from([{}, {"pci": "1", "parts": [{"a": None}]}]),
    "hints": st.sampled_from([None, {"ovs-tx-steering": "hash"}]),
    "trusted": st.sampled_from([None, True, False]),
    "dns_name": st.sampled_from(["", "web", "web.example."]),
    "dns_domain": st.sampled_from(["", "example.", "<project_id>.example."]),
    "dns_keywords": st.sampled_from([{}, {"project_id": "p"}]),
    "qos_policy_id": st.sampled_from([None, "policy"]),
    "tags": st.sampled_from([[], ["red"]]),
}
above = st.builds(
    Above,
    dns_domain=st.sampled_from(["", "net.", "<project_id>.net."]),
    qos_policy_id=st.sampled_from([None, "of-network"]),
    physical_network=st.none(),
)
some_unseen = st.lists(st.sampled_from(GUARDED), unique=True).map(lambda names: ("dns_keywords", *names))


def port_row(fixed_ips: list[Any] = ADDRESSES, **said: Any) -> Any:
    row = ROWS.row(PLAIN | said)
    return row._replace(shown=shown_of(members_of(row, fixed_ips, ["g"])))


def viewed(row: Any, is_known: bool, its_above: Above) -> View:
    return port_view(orjson.loads(row.shown), row, is_known, its_above)


@given(st.fixed_dictionaries({}, optional=SAID), st.booleans(), above, some_unseen)
def test_its_json_is_the_view_without_what_is_unseen(
    said: dict[str, Any], is_known: bool, its_above: Above, unseen: tuple[str, ...]
) -> None:
    row = port_row(**said)
    view = viewed(row, is_known, its_above)
    stored = StoredView(PORT_JSON, row, (is_known, its_above))
    shown = orjson.loads(stored.json(unseen))
    assert shown == {name: value for name, value in view.items() if name not in unseen}
    assert stored == view and len(stored) == len(view)
    for name in (*view, "nothing"):
        assert stored.get(name, "absent") == view.get(name, "absent")
        assert (name in stored) is (name in view)
    for name in view.keys() & said.keys() - {"binding:profile"}:
        assert view[name] == said[name]


@pytest.mark.parametrize(
    "names", [("project_id", "tenant_id"), ("project_id", "nothing"), ("name", "status"), ("nothing",)]
)
def test_views_are_alike_where_what_is_looked_at_is(names: tuple[str, ...]) -> None:
    rows = [port_row(), port_row(), port_row(name="another", project_id="q")]
    one, same, other = [StoredView(PORT_JSON, row, (False, Above("", None, None))).looked(names) for row in rows]
    assert one == same and hash(one) == hash(same)
    assert (one == other) is (names == ("nothing",))


def test_what_only_some_may_see_is_not_among_what_all_see() -> None:
    assert not {*GUARDED, "dns_keywords", "status"} & set(STORED)


def test_every_attribute_is_shown_but_hidden_ones() -> None:
    hidden = {each.name for each in PORT.attributes.values() if each.hidden}
    assert viewed(port_row(), False, Above("", None, None)).keys() == PORT.attributes.keys() - hidden


def test_the_columns_that_are_read_are_enough() -> None:
    whole = port_row(**{"binding:profile": {"pci": "1"}, "trusted": True})
    read = type("Read", (), {name: getattr(whole, name) for name in COLUMNS})
    its_above = Above("net.", "of-network", None)
    assert viewed(read, False, its_above) == viewed(whole, False, its_above)


@pytest.mark.parametrize(
    ("said", "of_network", "fqdn"),
    [
        ({}, "", "host-10-0-0-5.openstacklocal."),
        ({}, "net.", "host-10-0-0-5.net."),
        ({"dns_name": "web"}, "net.", "web.net."),
        ({"dns_name": "web", "dns_domain": "own."}, "net.", "web.own."),
        ({"dns_name": "web", "dns_keywords": {"project_id": "p"}}, "<project_id>.net.", "web.p.net."),
        ({"dns_domain": "<project_id>.own.", "dns_keywords": {"project_id": "p"}}, "", "host-10-0-0-5.p.own."),
        ({"dns_name": "web.whole."}, "net.", "web.whole."),
    ],
)
def test_its_addresses_have_names_in_its_own_domain_or_the_networks(
    said: dict[str, Any], of_network: str, fqdn: str
) -> None:
    view = viewed(port_row(**said), False, Above(of_network, None, None))
    assert view["dns_assignment"][0]["fqdn"] == fqdn


def test_a_port_without_addresses_has_none_and_says_so() -> None:
    view = viewed(port_row([]), False, Above("net.", None, None))
    assert (view["fixed_ips"], view["ip_allocation"], view["dns_assignment"]) == ([], "none", [])
