"""A resource's definition is all that is needed to check requests."""

from typing import Any

import pytest

from alcor.model.errors import AlcorError
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.alcor import PROJECT_PORT, PROJECT_SUBNET, VPC
from alcor.model.resources.conntrack_helper import CONNTRACK_HELPER
from alcor.model.resources.floating_ip import FLOATING_IP
from alcor.model.resources.network import NETWORK
from alcor.model.resources.node import NODE
from alcor.model.resources.port import PORT
from alcor.model.resources.router import ROUTER
from alcor.model.resources.subnet import SUBNET
from alcor.model.values import boolean, list_of, text

EVERY = (NETWORK, SUBNET, PORT, NODE, VPC, PROJECT_SUBNET, PROJECT_PORT, ROUTER, FLOATING_IP, CONNTRACK_HELPER)

THING = Resource(
    "thing",
    "things",
    (
        Attribute("id", column="id"),
        Attribute("owner_id", text(9), update=False, column="owner_id"),
        Attribute("holder_id", text(9), update=False, column="owner_id", alias_of="owner_id"),
        Attribute("kind", text(9), Unset.REQUIRED, update=False),
        Attribute("on", boolean, True, column="on"),
        Attribute("marks", list_of(text(9), 3), []),
        Attribute("state", default="new", kept=Kept.CONSTANT),
    ),
)


def refusal(check: Any, body: Any) -> str:
    with pytest.raises(AlcorError) as caught:
        check(body)
    assert (caught.value.status, caught.value.kind) == (400, "HTTPBadRequest")
    return caught.value.message


def test_a_create_request_gets_the_defaults() -> None:
    assert THING.check_create({"kind": "k"}) == {"kind": "k", "on": True, "marks": []}
    assert THING.check_create({"kind": "k", "on": "no", "marks": None}) == {"kind": "k", "on": False, "marks": []}


def test_an_update_request_has_what_it_names() -> None:
    assert THING.check_update({}) == {}
    assert THING.check_update({"on": 0}) == {"on": False}


def test_two_names_of_one_attribute_must_agree() -> None:
    assert THING.check_create({"kind": "k", "holder_id": "a"})["owner_id"] == "a"
    assert THING.check_create({"kind": "k", "holder_id": "a", "owner_id": "a"})["owner_id"] == "a"
    for body in ({"kind": "k", "holder_id": "a", "owner_id": "b"}, {"owner_id": "b", "holder_id": "a", "kind": "k"}):
        assert refusal(THING.check_create, body) == "'owner_id' and 'holder_id' do not match"


def test_what_is_wrong_is_named() -> None:
    for body in (None, [], "x", 7):
        assert "Object 'thing' contains invalid data" in refusal(THING.check_create, body)
    assert refusal(THING.check_create, {}) == "Failed to parse request. Required attribute 'kind' not specified"
    assert refusal(THING.check_create, {"a": 1, "kind": "k", "b": 2}) == "Unrecognized attribute(s) 'a, b'"
    assert refusal(THING.check_create, {"id": "x"}) == "Attribute 'id' not allowed in POST"
    assert refusal(THING.check_update, {"state": "x"}) == "Cannot update read-only attribute state"
    assert refusal(THING.check_update, {"kind": "x"}) == "Cannot update read-only attribute kind"
    assert refusal(THING.check_update, {"on": "x"}) == (
        "Invalid input for on. Reason: 'x' cannot be converted to boolean."
    )
    assert len(refusal(THING.check_create, {"x" * 100_000: 1})) < 200


@pytest.mark.parametrize("resource", EVERY, ids=lambda resource: resource.name)
def test_every_definition_is_sound(resource: Resource) -> None:
    """Defaults are values that a request may give; what is filtered by is in a column, worked out, or always the same.

    In a request to a lenient resource null says nothing.
    """
    for attribute in resource.attributes.values():
        if attribute.convert is not None and not isinstance(attribute.default, Unset):
            sayable = not resource.lenient or attribute.default is not None
            assert not sayable or attribute.convert(attribute.default) == attribute.default
        if attribute.parse_filter is not None:
            assert attribute.kept in (Kept.COLUMN, Kept.COMPUTED, Kept.CONSTANT)
        if attribute.alias_of:
            assert resource.attributes[attribute.alias_of].column == attribute.column


def test_other_actions_have_rules_of_their_own_names() -> None:
    resource = Resource(
        "thing", "things", (), rules={"get": "role:reader", "add_part": "role:member"}, policy_name="it"
    )
    assert resource.policy_rules["get_it"] == "role:reader"
    assert resource.policy_rules["add_part"] == "role:member"
    assert {"create_it", "update_it", "delete_it"} <= resource.policy_rules.keys()
    assert "add_part_it" not in resource.policy_rules
