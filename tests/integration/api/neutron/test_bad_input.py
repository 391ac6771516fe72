"""Every route of both APIs refuses what nobody could mean, and says why: what it takes is read from its description."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from alcor.api.operation import JSON
from alcor.api.routes import Route
from alcor.model.context import DEFAULT_PROJECT
from alcor.model.values import Schema
from tests.integration.api.described import described_routes
from tests.integration.api.neutron.requests import Neutron
from tests.integration.api.neutron.test_strangers import path
from tests.integration.api.neutron.theirs import THEIRS, build

ROUTES = [route for route in described_routes() if not route.template.startswith("/v4/")]
WITH_BODY = [route for route in ROUTES if route.operation.body is not None and route.operation.body_type == JSON]
LISTS = [route for route in ROUTES if any(each.name == "limit" for each in route.operation.query)]
NUL = "a\0b"
NOT_JSON = (b"name=a&mtu=7", b"", b"[" * 5000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b"\xff", b"<network/>")


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [{"a": value}]
    return value


def sample(schema: Schema) -> Any:
    """Something like what the schema is of: with what it requires, if not always right."""
    if "anyOf" in schema:
        return sample(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: sample(schema.get("properties", {})[name]) for name in schema.get("required", ())}
    if kind == "array":
        return [sample(schema["items"])] if schema.get("minItems") else []
    return {"integer": 1, "boolean": True}.get(str(kind), "x")


def spoilt(schema: Schema, wrong: Any) -> Iterator[Any]:
    """What the schema is of, with what is wrong in each of its places in turn."""
    kind = schema.get("type", ())
    if "anyOf" in schema:
        for each in schema["anyOf"]:
            yield from spoilt(each, wrong)
    elif "properties" in schema:
        whole = sample(schema)
        for name, inner in schema["properties"].items():
            for each in spoilt(inner, wrong):
                yield whole | {name: each}
    elif "array" in kind and schema.get("items"):
        for each in spoilt(schema["items"], wrong):
            yield [each]
    elif kind != "null":
        yield wrong


def place(route: Route, made: Mapping[str, str]) -> str:
    """The path of the route to what there is."""
    found = path(route.template.replace("{project_id}", DEFAULT_PROJECT), made)
    return "/".join("x" if part.startswith("{") else part for part in found.split("/"))


class Faults:
    """Answers that are not as they must be."""

    def __init__(self) -> None:
        self.asked = 0
        self._found: list[str] = []

    def refused(self, answer: httpx.Response, *about: Any, said: str = "") -> None:
        """The request must be refused, and the message says this."""
        self.asked += 1
        if not 400 <= answer.status_code < 500 or said not in answer.json()["NeutronError"]["message"]:
            self._found.append(f"{answer.request.method} {answer.request.url.path} {about}: {answer} {answer.text}")

    def none(self) -> None:
        """Raises AssertionError when there were any."""
        assert not self._found, "\n".join([f"{len(self._found)} of {self.asked}:", *(f[:400] for f in self._found)])


@pytest.fixture
async def made(neutron: Neutron) -> Mapping[str, str]:
    """One resource of each kind: their ids by the names of collections in paths."""
    return await build(neutron.http, neutron.http, DEFAULT_PROJECT)


@pytest.mark.parametrize("wrong", [NUL, nested(300)], ids=["NUL", "deep"])
async def test_nothing_strange_is_taken_anywhere_in_a_body(
    neutron: Neutron, made: Mapping[str, str], wrong: Any
) -> None:
    faults = Faults()
    for route in WITH_BODY:
        where = place(route, made)
        for body in spoilt(route.operation.body or {}, wrong):
            faults.refused(await neutron.http.request(route.method, where, json=body), body)
    faults.none()
    assert faults.asked > 1000


async def test_what_is_no_json_is_refused(neutron: Neutron, made: Mapping[str, str]) -> None:
    faults, form = Faults(), {"Content-Type": "application/x-www-form-urlencoded"}
    for route in WITH_BODY:
        for content in NOT_JSON:
            answer = await neutron.http.request(route.method, place(route, made), content=content, headers=form)
            faults.refused(answer, content[:20])
    faults.none()


async def test_what_holds_nothing_of_what_it_must_is_refused(neutron: Neutron, made: Mapping[str, str]) -> None:
    faults = Faults()
    for route in WITH_BODY:
        for body in ([], 7, "x", None, [[]], {"teapot": {}}):
            faults.refused(await neutron.http.request(route.method, place(route, made), json=body), body)
    faults.none()


async def test_attributes_that_there_are_not_are_refused_by_name(neutron: Neutron, made: Mapping[str, str]) -> None:
    faults, right = Faults(), {kind.name: kind.attributes(made) for kind in THEIRS}
    for route in WITH_BODY:
        for member, schema in _members(route.operation.body or {}):
            if schema.get("additionalProperties", True):
                continue
            where = place(route, made)
            known = right.get(member, {}) if route.method == "POST" else {}
            body = {member: sample(schema) | known | {"teapot": 1}}
            answer = await neutron.http.request(route.method, where, content=json.dumps(body))
            faults.refused(answer, said="teapot")
    faults.none()
    assert faults.asked > 60


def _members(schema: Schema) -> Iterator[tuple[str, Schema]]:
    for each in schema.get("anyOf", [schema]):
        yield from each.get("properties", {}).items()


@pytest.mark.parametrize("text", ["%00", "%FF", "%ED%A0%80", "a" * 5000, "%F0%9F%8D%8E", "..%2F..", "-1", "%27"])
async def test_no_path_is_too_strange(neutron: Neutron, text: str) -> None:
    for route in ROUTES:
        where = re.sub("{[a-z_]+}", text, route.template)
        if where != route.template:
            body = None if route.operation.body is None else sample(route.operation.body)
            answer = await neutron.http.request(route.method, where, json=body)
            assert answer.status_code == 404 if text == "%00" else answer.status_code < 500, (route, answer.text)


async def test_no_query_holds_nul(neutron: Neutron, made: Mapping[str, str]) -> None:
    faults = Faults()
    for route in ROUTES:
        for parameter in route.operation.query:
            answer = await neutron.http.get(f"{place(route, made)}?{parameter.name}=a%00b")
            faults.refused(answer, parameter.name)
    faults.none()
    assert faults.asked > 500


async def test_no_project_is_made_by_asking_for_what_none_can_be(neutron: Neutron) -> None:
    faults = Faults()
    for route in LISTS:
        if any(each.name == "project_id" for each in route.operation.query) and "{" not in route.template:
            answer = await neutron.http.get(f"{route.template}?project_id={'a' * 5000}")
            if answer.is_error or any(answer.json().values()):
                faults.refused(answer, said="project_id")
    faults.none()


async def test_pages_have_a_size_that_can_be(neutron: Neutron, made: Mapping[str, str]) -> None:
    faults = Faults()
    for route in LISTS:
        where = place(route, made)
        for size in ("-1", "x", "1e3", "0.5", "-" + "9" * 30, "x&limit=1"):
            faults.refused(await neutron.http.get(f"{where}?limit={size}"), size)
        for size in ("50", "9" * 5, "9" * 30, "9" * 5000):
            answer = await neutron.http.get(f"{where}?limit={size}")
            if answer.status_code not in (200, 404):
                faults.refused(answer, size, said="limit")
    faults.none()
    assert faults.asked > 200


async def test_too_large_a_body_is_refused_wherever_it_is_sent(neutron: Neutron, made: Mapping[str, str]) -> None:
    async def parts() -> Any:
        for _ in range(65):
            yield b" " * (1 << 20)

    for method, where in (("POST", "/v2.0/networks"), ("PUT", f"/project/{DEFAULT_PROJECT}/ports/bulk")):
        answer = await neutron.http.request(method, where, content=parts())
        assert (answer.status_code, "send it in parts" in answer.text) == (413, True)
