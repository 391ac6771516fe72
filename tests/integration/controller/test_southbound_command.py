"""``alcor southbound`` against a controller process: what an operator sees, and what a retry brings about."""

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alcor.model.identifiers import id_bytes
from tests.integration.controller.test_process import is_ready
from tests.integration.southbound.conftest import eventually
from tests.integration.southbound.fake_agent import FakeAgent


@pytest.fixture
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="alcor-southbound-") as name:
        yield Path(name)


@pytest.fixture
async def controller(directory: Path) -> AsyncIterator[str]:
    """A controller with all its parts; where it is reached."""
    options = {"listen": f"unix:{directory}/api", "southbound": f"unix:{directory}/agents", "data-directory": directory}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alcor", "controller", *arguments, stderr=DEVNULL
    )
    try:
        await eventually(lambda: is_ready(directory), "ready", seconds=60)
        yield f"unix:{directory}/api"
    finally:
        process.kill()
        await process.wait()


async def alcor(*arguments: str) -> tuple[int | None, str, str]:
    """Run ``alcor southbound``: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alcor", "southbound", *arguments, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def create(controller: str, path: str, body: dict[str, Any]) -> Any:
    transport = httpx.AsyncHTTPTransport(uds=controller.removeprefix("unix:"))
    async with httpx.AsyncClient(transport=transport, base_url="http://controller") as client:
        answer = await client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


async def create_port(controller: str, host_id: str) -> str:
    """A port on a host, with all that it needs; its id."""
    await create(controller, "/nodes", {"host_info": {"node_id": host_id, "node_name": "", "local_ip": "192.0.2.1"}})
    network = (await create(controller, "/v2.0/networks", {"network": {}}))["network"]["id"]
    subnet = {"network_id": network, "ip_version": 4, "cidr": "10.0.0.0/24"}
    await create(controller, "/v2.0/subnets", {"subnet": subnet})
    port = {"network_id": network, "binding:host_id": host_id}
    found: str = (await create(controller, "/v2.0/ports", {"port": port}))["port"]["id"]
    return found


async def test_a_port_that_failed_is_seen_and_tried_again(controller: str, directory: Path) -> None:
    port = await create_port(controller, "host-1")
    code, page, _ = await alcor("status", "--controller", controller)
    assert code == 0
    assert "host-1  not since this controller runs" in page
    agent = FakeAgent("host-1", [f"unix:{directory}/agents"])
    agent.refused = {id_bytes(port): "no room"}
    agent.start()

    async def failed() -> list[Any]:
        code, output, _ = await alcor("status", "--json", "--controller", controller)
        assert code == 0
        found: list[Any] = json.loads(output)["failed"]["ports"]
        return found

    async def it_failed() -> bool:
        return bool(await failed())

    await eventually(it_failed, "the failure is known", seconds=30)
    _, page, _ = await alcor("status", "--controller", controller)
    (line,) = [line for line in page.splitlines() if port in line]
    assert line.split()[0] == "host-1"
    assert line.endswith("no room")
    agent.refused = {}
    code, output, _ = await alcor("retry", "host-1", port, "--controller", controller)
    assert (code, port in output) == (0, True)

    async def it_works() -> bool:
        return not await failed()

    await eventually(it_works, "nothing has failed any more", seconds=30)
    code, output, _ = await alcor("retry", "host-1", "--controller", controller)
    assert (code, "no port that it could not program" in output) == (0, True)
    await agent.stop()


async def test_watching_goes_on_until_it_is_interrupted(controller: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alcor", "southbound", "status", "--watch", "--controller", controller,
        stdout=PIPE, stderr=PIPE, env={"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    pages = 0
    try:
        async with asyncio.timeout(60):
            while pages < 2:
                pages += (await process.stdout.readline()).startswith(b"controller ")
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            _, errors = await process.communicate()
        assert (process.returncode, errors) == (0, b"")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


async def test_a_controller_that_refuses_or_does_not_answer_is_a_plain_message(
    controller: str, directory: Path
) -> None:
    code, _, errors = await alcor("retry", "nowhere", "--controller", controller)
    assert (code, errors) == (1, "Error: Node nowhere could not be found.\n")
    for missing in (f"unix:{directory}/nothing", "http://127.0.0.1:1", "somewhere"):
        for command in (["status"], ["status", "--watch"], ["retry", "host-1"]):
            code, _, errors = await alcor(*command, "--controller", missing)
            assert code == 1
            assert errors.startswith(f"Error: no controller answers at {missing} (")
            assert len(errors.splitlines()) == 1
    code, _, errors = await alcor("status", "--json", "--watch", "--controller", controller)
    assert code == 2
