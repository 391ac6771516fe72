"""``alcor trace`` against a controller process: its page, its exit codes, and what it says of a wrong question."""

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.running import running_controller
from tests.integration.southbound.conftest import eventually
from tests.integration.southbound.fake_agent import FakeAgent

HOST = "host-1"


class Cloud:
    """Two ports of a network on a host: of the second's security group no rule lets anything come in."""

    def __init__(self, address: str, client: httpx.AsyncClient) -> None:
        self.address, self._client = address, client
        self.web: Any = None
        self.database: Any = None

    async def create(self, path: str, **body: Any) -> Any:
        answer = await self._client.post(path, json=body)
        assert answer.is_success, answer.text
        return next(iter(answer.json().values()))

    async def build(self) -> None:
        await self.create("/nodes", host_info={"node_id": HOST, "node_name": "", "local_ip": "192.0.2.1"})
        network_id = (await self.create("/v2.0/networks", network={}))["id"]
        await self.create("/v2.0/subnets", subnet={"network_id": network_id, "ip_version": 4, "cidr": "10.0.0.0/24"})
        closed = await self.create("/v2.0/security-groups", security_group={"name": "closed"})
        bound = {"network_id": network_id, "binding:host_id": HOST}
        self.web = await self.create("/v2.0/ports", port={**bound, "name": "web"})
        port = {**bound, "name": "database", "security_groups": [closed["id"]]}
        self.database = await self.create("/v2.0/ports", port=port)

    async def are_active(self) -> bool:
        ports = (await self._client.get("/v2.0/ports")).json()["ports"]
        return {each["status"] for each in ports} == {"ACTIVE"}

    async def trace(self, *arguments: str) -> tuple[int | None, str, str]:
        """Run ``alcor trace``: exit code, standard output, standard error."""
        command = [sys.executable, "-m", "alcor", "trace", "--controller", f"http://{self.address}", *arguments]
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
        async with asyncio.timeout(60):
            output, errors = await process.communicate()
        return process.returncode, output.decode(), errors.decode()


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    with running_controller(tmp_path) as address:
        async with httpx.AsyncClient(base_url=f"http://{address}", timeout=60) as client:
            found = Cloud(address, client)
            await found.build()
            yield found


@contextlib.asynccontextmanager
async def running_agent(cloud: Cloud, directory: Path) -> AsyncIterator[None]:
    """While it runs the ports are ACTIVE."""
    agent = FakeAgent(HOST, [f"unix:{directory}/agents"])
    agent.start()
    await eventually(cloud.are_active, "the ports work", seconds=30)
    yield
    await agent.stop()


def address_of(port: Any) -> str:
    return str(port["fixed_ips"][0]["ip_address"])


async def test_the_command_says_what_is_in_the_way(cloud: Cloud, tmp_path: Path) -> None:
    to_database = address_of(cloud.database)
    code, page, _ = await cloud.trace("web", "--to", address_of(cloud.web).replace(".0.0.", ".0.1."))
    assert (code, page.splitlines()[-1]) == (1, "It does not pass."), "there is no router"
    async with running_agent(cloud, tmp_path):
        code, page, _ = await cloud.trace("web", "--to", to_database)
        assert (code, page.splitlines()[-1]) == (1, "It does not pass.")
        assert "to do: Add a rule that lets it come in: ingress IPv4 icmp type 8 from " in page
        assert "security group closed (" in page
        allowed = {"security_group_id": cloud.database["security_groups"][0], "direction": "ingress"}
        await cloud.create("/v2.0/security-group-rules", security_group_rule={**allowed, "protocol": "icmp"})
        code, page, _ = await cloud.trace(cloud.web["id"], "--to", to_database)
        assert (code, page.splitlines()[-1]) == (0, "It passes.")
        code, output, _ = await cloud.trace("web", "--to", to_database, "--json")
        assert (code, json.loads(output)["verdict"]) == (0, "passes")


async def test_of_ports_that_no_host_confirms_it_cannot_tell(cloud: Cloud) -> None:
    allowed = {"security_group_id": cloud.database["security_groups"][0], "direction": "ingress"}
    await cloud.create("/v2.0/security-group-rules", security_group_rule=allowed)
    code, page, _ = await cloud.trace("web", "--to", address_of(cloud.database), "--proto", "udp", "--port", "53")
    assert (code, page.splitlines()[-1]) == (2, "Whether it passes cannot be told.")


async def test_a_question_that_cannot_be_answered_is_a_plain_message(cloud: Cloud) -> None:
    for question, message in (
        (["nobody", "--to", "10.0.0.1"], "there is no port called nobody"),
        (["web", "--to", "nowhere"], "Invalid input for to. Reason: 'nowhere' is not a valid IP address."),
        (["web", "--to", "10.0.0.1", "--proto", "tcp"], "Invalid input for port. Reason: "),
        (["web", "--to", "10.0.0.1", "--controller", "http://127.0.0.1:1"], "no controller answers at"),
    ):
        code, _, errors = await cloud.trace(*question)
        assert code == 2
        assert errors.startswith(f"Error: {message}")
        assert len(errors.splitlines()) == 1
