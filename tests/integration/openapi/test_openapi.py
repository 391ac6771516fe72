"""The OpenAPI document says the truth: schemathesis, which we did not write, finds nothing to the contrary."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from alcor.api.routes import Routes
from tests.integration.api.alcor.test_every_row import PROJECT, rows
from tests.integration.api.described import described_routes
from tests.integration.running import running_controller

_SECONDS = 600  # a minute or two for hundreds of operations; a busy machine takes longer

# That a request which fits the schemas is carried out cannot be promised: schemas do not know which networks there are.
_UNPROMISED = "positive_data_acceptance"

# They take from all others what ports need: a port is then refused with 503, as Neutron does where no MAC is free.
_OF_OPERATORS = "^(PUT|DELETE) /macs/ranges/"

_OF_THE_SAME_HANDLERS = "^[A-Z]+ /v4/"  # all of Alcor's API is served there a second time

# It leaves no tags, which are still listed: schemathesis takes it for the end of what is listed there.
_OF_ALL_TAGS = "^DELETE .*/tags$"

_WITHOUT_BODY = {f"{PROJECT}/vpcs/v/router", f"{PROJECT}/vpcs/v/vpcroutetable"}
"""They are made as the path says, and what is changed of a route table has a body."""

_PASSED_OVER = {
    "neutron": f"^[A-Z]+ (?!/v2.0)|{_OF_ALL_TAGS}",
    "alcor": f"^[A-Z]+ /v2.0|{_OF_THE_SAME_HANDLERS}|{_OF_OPERATORS}",
}


@pytest.mark.timeout(_SECONDS + 20)
@pytest.mark.parametrize("part", _PASSED_OVER)
def test_schemathesis_finds_no_fault(tmp_path: Path, part: str) -> None:
    with running_controller(tmp_path) as address:
        checks = ["--checks", "all", "--exclude-checks", _UNPROMISED, "--max-examples", "5", "--seed", "4"]
        checks += ["--exclude-operation-id-regex", _PASSED_OVER[part]]
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"http://{address}/openapi.json",
            *checks,
        ]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=_SECONDS)
    assert ran.returncode == 0, ran.stdout[max(0, ran.stdout.find("= FAILURES =")) :][:20_000]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> httpx.Client:
    with running_controller(tmp_path_factory.mktemp("controller")) as address:
        yield httpx.Client(base_url=f"http://{address}")


def test_the_document_has_what_the_definitions_say(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    create = document["paths"]["/v2.0/subnets"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    subnet = create["anyOf"][0]["properties"]["subnet"]
    assert set(subnet["required"]) <= set(subnet["properties"])
    assert subnet["properties"]["name"] == {"type": "string", "maxLength": 255}
    assert "status" not in subnet["properties"]


def test_each_of_alcors_own_rows_is_described(api: httpx.Client) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    routes = Routes(described_routes())
    for method, path in rows():
        route, _ = routes.find(method, path)
        said = paths[route.template][method.lower()]
        (answer,) = (each for status, each in said["responses"].items() if status.startswith("2"))
        assert "content" in answer or method == "DELETE" or "204" in said["responses"], (method, path)
        assert method == "GET" or method == "DELETE" or path in _WITHOUT_BODY or "requestBody" in said, (method, path)


def test_no_body_is_just_anything() -> None:
    assert [route.template for route in described_routes() if route.operation.body == {}] == []


def test_a_schema_is_of_what_is_accepted(api: httpx.Client) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    bind = paths["/project/{project_id}/bind-security-groups"]["post"]
    (member,) = bind["requestBody"]["content"]["application/json"]["schema"]["properties"].values()
    assert set(member["items"]["required"]) == {"port_id", "security_group_id"}
    upload = paths["/nodes/upload"]["post"]["requestBody"]["content"]
    assert list(upload) == ["multipart/form-data"]
    assert set(paths["/readyz"]["get"]["responses"]) == {"200", "503", "4XX", "5XX"}
    assert list(paths["/metrics"]["get"]["responses"]["200"]["content"]) == ["text/plain"]


def test_the_page_shows_every_path(api: httpx.Client) -> None:
    page = api.get("/docs").text
    for path in api.get("/openapi.json").json()["paths"]:
        assert f"<span class=path>{path}</span>" in page
