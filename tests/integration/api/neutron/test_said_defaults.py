"""What a member may say of a new resource since it would be so anyway, and what not even then."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alcor.store.store import Store
from tests.integration.api.neutron.callers import As, signing_in


@pytest.fixture
async def sign_in(store: Store) -> AsyncIterator[As]:
    async with signing_in(store, None, page_limit=100) as clients:
        yield clients


@pytest.mark.parametrize("said", [
    {"network": {"shared": False, "router:external": "false", "is_default": False}},
    {"address_scope": {"name": "s", "ip_version": 4, "shared": False}},
    {"subnetpool": {"name": "p", "prefixes": ["10.0.0.0/8"], "shared": False, "is_default": False}},
])  # fmt: skip
async def test_a_member_may_say_what_is_so_anyway(sign_in: As, said: dict[str, Any]) -> None:
    (resource,) = said
    answer = await sign_in("blue", "member").post(f"/v2.0/{resource.replace('_', '-')}s", json=said)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("said", [
    {"network": {"shared": True}},
    {"network": {"provider:network_type": "vxlan"}},
    {"network": {"provider:segmentation_id": None}},
    {"router": {"ha": False}},
    {"router": {"distributed": False}},
])  # fmt: skip
async def test_only_an_administrator_says_how_a_network_or_router_is_made(sign_in: As, said: dict[str, Any]) -> None:
    (resource,) = said
    answer = await sign_in("blue", "member").post(f"/v2.0/{resource}s", json=said)
    assert answer.status_code == 403, answer.text


async def test_a_member_may_not_repeat_in_an_update_what_only_an_administrator_changes(sign_in: As) -> None:
    member = sign_in("blue", "member")
    made = (await member.post("/v2.0/networks", json={"network": {}})).json()["network"]
    answer = await member.put(f"/v2.0/networks/{made['id']}", json={"network": {"shared": False}})
    assert answer.status_code == 403, answer.text
