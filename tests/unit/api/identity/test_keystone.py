"""Callers are whom Keystone says their token is of, whatever else a request claims."""

import asyncio
import os
from pathlib import Path

import msgspec
import pytest

from alcor.api.http import Request
from alcor.api.identity import Authenticate
from alcor.api.identity.authenticate import keystone_authenticate
from alcor.api.identity.policy import RulePolicy, default_rules
from alcor.model.context import NO_PROJECT, Context
from alcor.model.errors import AlcorError
from tests.fake_keystone import SETTINGS, FakeKeystone


@pytest.fixture
def keystone() -> FakeKeystone:
    return FakeKeystone()


@pytest.fixture
def authenticate(keystone: FakeKeystone) -> Authenticate:
    return asking(keystone)


def asking(keystone: FakeKeystone, policy_file: Path | None = None, **settings: object) -> Authenticate:
    policy = RulePolicy(default_rules([]), policy_file)
    return keystone_authenticate(msgspec.structs.replace(SETTINGS, **settings), policy, keystone.client())


def request(token: str = "", service_token: str = "", **headers: str) -> Request:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    given |= {"x-auth-token": token} if token else {}
    given |= {"x-service-token": service_token} if service_token else {}
    scope = {
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
    }
    return Request(scope, b"")


async def refused(authenticate: Authenticate, asked: Request) -> AlcorError:
    with pytest.raises(AlcorError) as error:
        await authenticate(asked)
    return error.value


async def test_a_caller_has_the_project_and_the_roles_of_its_token(
    keystone: FakeKeystone, authenticate: Authenticate
) -> None:
    caller = await authenticate(request(keystone.token("p", "member", "reader")))
    assert (caller.project_id, caller.user_id, caller.roles) == ("p", "user-of-p", {"member", "reader"})
    assert (caller.user_domain_id, caller.project_domain_id, caller.is_admin) == ("default", "default", False)
    assert (await authenticate(request(keystone.token("p", "admin")))).is_admin


async def test_what_headers_claim_about_a_caller_means_nothing(
    keystone: FakeKeystone, authenticate: Authenticate
) -> None:
    token = keystone.token("p", "member")
    claims = {"x_roles": "admin", "x_project_id": "q", "x_tenant_id": "q", "x_user_id": "root", "x_is_admin": "True"}
    assert await authenticate(request(token, **claims)) == await authenticate(request(token))
    assert (await refused(authenticate, request(**claims, x_identity_status="Confirmed"))).status == 401


@pytest.mark.parametrize("token", ["", "unknown", "\xe9t\xe9", " "])
async def test_who_shows_no_valid_token_is_told_where_to_get_one(authenticate: Authenticate, token: str) -> None:
    error = await refused(authenticate, request(token))
    assert (error.status, error.headers) == (401, (("WWW-Authenticate", 'Keystone uri="http://keystone:5000/v3"'),))


async def test_many_requests_with_a_token_ask_about_it_once(keystone: FakeKeystone, authenticate: Authenticate) -> None:
    token = keystone.token("p", "member")
    callers = await asyncio.gather(*(authenticate(request(token)) for _ in range(50)))
    assert len(set(map(id, callers))) == 1
    await asyncio.gather(*(refused(authenticate, request("unknown")) for _ in range(50)))
    assert (keystone.questions, keystone.logins) == (2, 1)


async def test_whoever_stops_waiting_takes_nothing_from_those_who_wait_for_the_same(
    keystone: FakeKeystone, authenticate: Authenticate
) -> None:
    token = keystone.token("p", "member")
    first, second = (asyncio.create_task(authenticate(request(token))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).project_id == "p"


async def test_known_tokens_go_on_while_keystone_is_away_and_others_are_told_so(
    keystone: FakeKeystone, authenticate: Authenticate
) -> None:
    known, other = keystone.token("p", "member"), keystone.token("p", "member")
    await authenticate(request(known))
    keystone.away = True
    assert (await authenticate(request(known))).project_id == "p"
    error = await refused(authenticate, request(other))
    assert (error.status, error.kind) == (503, "ServiceUnavailable") and "Keystone" in error.message
    keystone.away = False
    assert (await authenticate(request(other))).project_id == "p"


@pytest.mark.parametrize("status", [403, 429, 500, 503])
async def test_a_keystone_that_cannot_say_refuses_nobody_for_good(keystone: FakeKeystone, status: int) -> None:
    authenticate = asking(keystone)
    token = keystone.token("p", "member")
    keystone.broken = status
    assert (await refused(authenticate, request(token))).status == 503
    keystone.broken = 0
    assert (await authenticate(request(token))).project_id == "p"


async def test_a_token_is_believed_no_longer_than_was_said(keystone: FakeKeystone) -> None:
    authenticate = asking(keystone, cache_seconds=0)
    token = keystone.token("p", "member")
    await authenticate(request(token))
    keystone.revoke(token)
    assert (await refused(authenticate, request(token))).status == 401


async def test_the_controller_logs_in_again_when_its_own_token_is_not_valid_any_more(
    keystone: FakeKeystone, authenticate: Authenticate
) -> None:
    await authenticate(request(keystone.token("p", "member")))
    keystone.revoke_those_of_the_controller()
    assert (await authenticate(request(keystone.token("q", "member")))).project_id == "q"
    assert keystone.logins == 2


async def test_a_wrong_password_of_the_controller_is_no_fault_of_callers(keystone: FakeKeystone) -> None:
    authenticate = asking(keystone, password="wrong")
    assert (await refused(authenticate, request(keystone.token("p", "member")))).status == 503


async def test_a_service_may_go_on_with_a_token_of_a_user_that_expired_meanwhile(
    keystone: FakeKeystone, authenticate: Authenticate
) -> None:
    expired = keystone.token("p", "member", seconds=-60)
    service, no_service = keystone.token("services", "service"), keystone.token("q", "member")
    assert (await refused(authenticate, request(expired))).status == 401
    assert (await refused(authenticate, request(expired, no_service))).status == 401
    assert (await refused(authenticate, request(expired, "unknown"))).status == 401
    caller = await authenticate(request(expired, service))
    assert (caller.project_id, caller.roles, caller.service_roles) == ("p", {"member"}, {"service"})
    assert (await refused(authenticate, request(expired))).status == 401


async def test_tokens_of_the_system_and_of_domains_are_of_no_project(
    keystone: FakeKeystone, authenticate: Authenticate
) -> None:
    system = await authenticate(request(keystone.token(None, "reader", system={"all": True})))
    domain = await authenticate(request(keystone.token(None, "member", domain={"id": "d", "name": "D"})))
    assert (system.project_id, system.system_scope, system.is_admin) == (NO_PROJECT, "all", False)
    assert (domain.project_id, domain.domain_id) == (NO_PROJECT, "d")
    assert not domain.may("owner", {"project_id": ""}) and not domain.may("owner", {"project_id": NO_PROJECT})


async def test_who_is_an_administrator_follows_the_policy_file(
    keystone: FakeKeystone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alcor.api.identity.policy._LOOK_AGAIN_SECONDS", 0.0)
    path = tmp_path / "policy.yaml"
    path.write_text('"context_is_admin": "role:cloud_admin"\n')
    authenticate = asking(keystone, path)
    token = keystone.token("p", "admin")

    async def caller() -> Context:
        return await authenticate(request(token))

    assert not (await caller()).is_admin
    path.write_text('"context_is_admin": "role:admin and not role:reader"\n')
    os.utime(path, (1, 1))
    assert (await caller()).is_admin
    path.write_text("- no rules\n")
    os.utime(path, (2, 2))
    assert (await caller()).is_admin
