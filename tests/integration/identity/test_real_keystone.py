"""A controller asks a real Keystone who its callers are."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.conformance.neutron.cloud import run_controller
from tests.keystone.keystone import DOMAIN, Account, Keystone, run_keystone


class Region(msgspec.Struct, frozen=True):
    """Keystone, a controller, and who works there."""

    keystone: Keystone
    url: str
    member: Account
    reader: Account
    stranger: Account

    def client(self, account: Account) -> httpx.Client:
        """Speaks to the controller as this user."""
        token = self.keystone.token(account)
        return httpx.Client(base_url=f"{self.url}/v2.0", headers={"X-Auth-Token": token}, timeout=30)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with run_keystone() as keystone, run_controller(keystone, tmp_path_factory.mktemp("logs")) as (url, _):
        keystone.register("network", "neutron", url)
        accounts = [keystone.add_account(*each) for each in
                    (("mia", "blue", "member"), ("rita", "blue", "reader"), ("sam", "red", "member"))]  # fmt: skip
        yield Region(keystone, url, *accounts)


def test_without_a_valid_token_nothing_is_answered(region: Region) -> None:
    for headers in ({}, {"X-Auth-Token": "made-up"}, {"X-Roles": "admin", "X-Project-Id": "blue"}):
        answer = httpx.get(f"{region.url}/v2.0/networks", headers=headers)
        assert answer.status_code == 401
        assert region.keystone.url.removesuffix("/v3") in answer.headers["www-authenticate"]
    assert httpx.get(f"{region.url}/").status_code == 200


def test_roles_say_what_may_be_done(region: Region) -> None:
    network = region.client(region.member).post("/networks", json={"network": {"name": "n"}}).json()["network"]
    assert network["project_id"] == region.keystone.project_id("blue")
    assert "provider:segmentation_id" not in network or network.get("provider:segmentation_id") is None
    reader = region.client(region.reader)
    assert reader.get(f"/networks/{network['id']}").status_code == 200
    refused = reader.post("/networks", json={"network": {}})
    assert (refused.status_code, refused.json()["NeutronError"]["type"]) == (403, "PolicyNotAuthorized")
    assert reader.delete(f"/networks/{network['id']}").status_code == 403
    shared = region.client(region.member).post("/networks", json={"network": {"shared": True}})
    assert "create_network:shared" in shared.json()["NeutronError"]["message"]


def test_another_project_sees_nothing_not_even_that_there_is_something(region: Region) -> None:
    network = region.client(region.member).post("/networks", json={"network": {}}).json()["network"]
    stranger = region.client(region.stranger)
    there, nowhere = network["id"], network["id"][:-4] + "0000"
    assert stranger.get("/networks", params={"id": there}).json()["networks"] == []
    for method, path, body in (
        ("GET", "/networks/{}", None),
        ("PUT", "/networks/{}", {"network": {"name": "mine"}}),
        ("DELETE", "/networks/{}", None),
        ("PUT", "/networks/{}/tags", {"tags": ["mine"]}),
    ):
        answers = [stranger.request(method, path.format(each), json=body) for each in (there, nowhere)]
        assert [each.status_code for each in answers] == [404, 404], path
        assert answers[0].text.replace(there, nowhere) == answers[1].text
    port = stranger.post("/ports", json={"port": {"network_id": there}})
    assert port.status_code == 404


def test_an_administrator_sees_every_project(region: Region) -> None:
    network = region.client(region.member).post("/networks", json={"network": {}}).json()["network"]
    shown = region.client(region.keystone.admin).get(f"/networks/{network['id']}").json()["network"]
    assert shown["provider:segmentation_id"] > 0


def test_the_openstack_command_logs_in_with_a_password(region: Region, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OS_")} | {
        "OS_AUTH_URL": region.keystone.url,
        "OS_USERNAME": region.member.user,
        "OS_PASSWORD": region.member.password,
        "OS_PROJECT_NAME": region.member.project,
        "OS_USER_DOMAIN_NAME": DOMAIN,
        "OS_PROJECT_DOMAIN_NAME": DOMAIN,
        "HOME": str(tmp_path),
    }
    command = [str(Path(sys.executable).with_name("openstack")), "network", "create", "by-password", "-f", "value"]
    ran = subprocess.run([*command, "-c", "name"], env=environment, capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "by-password", ran.stderr
