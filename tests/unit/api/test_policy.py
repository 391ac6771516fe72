"""Who may do what, by the rules of the definitions and those of operators."""

from pathlib import Path

import pytest

from alcor.api.identity.policy import PolicyError, RulePolicy, default_rules
from alcor.model.context import Context
from alcor.model.errors import AlcorError
from alcor.model.resource import Attribute, Resource
from alcor.model.rules import ADMIN, ADMIN_OR_NETWORK_OWNER_MEMBER
from alcor.model.values import boolean

THING = Resource(
    "thing",
    "things",
    (
        Attribute("shared", boolean, False, set_by=ADMIN),
        Attribute("size", boolean, set_by=ADMIN_OR_NETWORK_OWNER_MEMBER),
    ),
)
RULES = default_rules([THING])


def caller(project_id: str, *roles: str, policy: RulePolicy | None = None) -> Context:
    return Context(project_id, roles=frozenset(roles), is_admin=False, policy=policy or RulePolicy(RULES))


def test_members_act_on_their_project_only() -> None:
    member = caller("p", "member", "reader")
    assert member.may("create_thing", {"project_id": "p"})
    assert not member.may("create_thing", {"project_id": "other"})
    assert not caller("p", "reader").may("create_thing", {"project_id": "p"})
    assert caller("p", "reader").may("get_thing", {"project_id": "p"})
    assert caller("p", "admin").may("create_thing", {"project_id": "other"})


def test_attributes_have_rules_of_their_own() -> None:
    member = caller("p", "member")
    assert not member.may("create_thing:shared", {"project_id": "p"})
    assert member.may("create_thing:size", {"project_id": "x", "network:project_id": "p"})
    assert not member.may("create_thing:size", {"project_id": "p", "network:project_id": "x"})
    assert not member.may("create_thing:size", {"project_id": "p"})
    assert member.may("create_thing:colour", {"project_id": "p"})


def test_a_refusal_names_the_rules() -> None:
    member = caller("p", "member")
    with pytest.raises(AlcorError) as refused:
        member.require(["create_thing", "create_thing:shared"], {"project_id": "p"})
    assert refused.value.status == 403
    assert refused.value.message == "(rule:create_thing and rule:create_thing:shared) is disallowed by policy"


def test_operators_override_rules_by_name(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text('"create_thing:shared": "role:sharer"\n"get_thing": "field:things:shared=True"\n')
    policy = RulePolicy(RULES, path)
    assert caller("p", "sharer", policy=policy).may("create_thing:shared", {})
    assert not caller("p", "admin", policy=policy).may("create_thing:shared", {})
    assert caller("p", policy=policy).may("get_thing", {"shared": True})
    assert not caller("p", policy=policy).may("get_thing", {"shared": False})


@pytest.mark.parametrize("text", ["- a\n- b\n", "{", "a: [1"])
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError, match="policy"):
        RulePolicy(RULES, path)
