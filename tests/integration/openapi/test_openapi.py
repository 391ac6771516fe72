"""The OpenAPI document says the truth: schemathesis, which we did not write, finds nothing to the contrary."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.integration.running import running_controller

_SECONDS = 300  # about a minute for hundreds of operations; a busy machine takes longer

# That a request which fits the schemas is carried out cannot be promised: schemas do not know which networks there are.
_UNPROMISED = "positive_data_acceptance"

# They take from all others what ports need: a port is then refused with 503, as Neutron does where no MAC is free.
_OF_OPERATORS = "^(PUT|DELETE) /macs/ranges/"

_OF_THE_SAME_HANDLERS = "^[A-Z]+ /v4/"  # all of Alcor's API is served there a second time

# It leaves no tags, which are still listed: schemathesis takes it for the end of what is listed there.
_OF_ALL_TAGS = "^DELETE .*/tags$"

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


def test_the_page_shows_every_path(api: httpx.Client) -> None:
    page = api.get("/docs").text
    for path in api.get("/openapi.json").json()["paths"]:
        assert f"<span class=path>{path}</span>" in page
