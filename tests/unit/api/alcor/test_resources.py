"""Alcor's clients send whole resources: what they were shown, or what they hold, with nulls for what they do not."""

import pytest

from alcor.model.errors import AlcorError
from alcor.model.identifiers import new_id
from alcor.model.resource import Resource
from alcor.model.resources.alcor import PROJECT_PORT, PROJECT_SUBNET, VPC
from alcor.model.resources.network import NETWORK
from alcor.model.resources.node import NODE

LENIENT = (VPC, PROJECT_SUBNET, PROJECT_PORT, NODE)
REQUIRED = {
    "network": {},
    "subnet": {"network_id": new_id()},
    "port": {"network_id": new_id()},
    "node": {"node_id": "host-1", "local_ip": "192.0.2.1"},
}


def names(resource: Resource) -> str:
    return resource.name


@pytest.mark.parametrize("resource", LENIENT, ids=names)
def test_null_says_nothing(resource: Resource) -> None:
    required = REQUIRED[resource.name]
    assert resource.check_create(dict.fromkeys(resource.attributes) | required) == resource.check_create(required)
    assert resource.check_update(dict.fromkeys(resource.attributes)) == {}


@pytest.mark.parametrize("resource", LENIENT, ids=names)
def test_null_does_not_stand_in_for_what_is_required(resource: Resource) -> None:
    for name in REQUIRED[resource.name]:
        with pytest.raises(AlcorError, match=name):
            resource.check_create(REQUIRED[resource.name] | {name: None})


@pytest.mark.parametrize("resource", LENIENT, ids=names)
def test_what_the_server_sets_is_passed_over(resource: Resource) -> None:
    said = {"revision_number": 7, "created_at": "then", "updated_at": object()}
    assert resource.check_create(REQUIRED[resource.name] | said) == resource.check_create(REQUIRED[resource.name])
    assert resource.check_update(said) == {}


def test_what_cannot_change_may_be_repeated_and_is_checked() -> None:
    network_id = new_id()
    assert PROJECT_PORT.check_update({"network_id": network_id.upper()}) == {"network_id": network_id}
    with pytest.raises(AlcorError, match="network_id"):
        PROJECT_PORT.check_update({"network_id": "none"})


@pytest.mark.parametrize("resource", LENIENT, ids=names)
def test_a_name_that_nobody_knows_is_refused(resource: Resource) -> None:
    with pytest.raises(AlcorError, match="colour"):
        resource.check_create(REQUIRED[resource.name] | {"colour": "blue"})


def test_neutrons_definitions_are_strict() -> None:
    for said in (
        {"name": None},
        {"id": new_id()},
        {"revision_number": 1},
        {"cidr": "10.0.0.0/8"},
        {"programming": "push"},
    ):
        with pytest.raises(AlcorError, match=next(iter(said))):
            NETWORK.check_create(said)
