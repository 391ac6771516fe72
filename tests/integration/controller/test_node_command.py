"""``alcor node`` against a controller process: how hosts do, as an operator sees it."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from alcor.channels.messages import DataPlaneState, HostHealth
from tests.integration.running import running_controller
from tests.integration.southbound.conftest import eventually
from tests.integration.southbound.fake_agent import FakeAgent


@pytest.fixture
async def controller(tmp_path: Path) -> AsyncIterator[str]:
    """A controller that knows three nodes; where its API is."""
    nodes = [{"node_id": f"host-{n}", "node_name": "", "local_ip": f"192.0.2.{n}"} for n in (1, 2, 3)]
    with running_controller(tmp_path) as address:
        async with httpx.AsyncClient(base_url=f"http://{address}", timeout=60) as client:
            answer = await client.post("/nodes/bulk", json={"host_infos": nodes})
            assert answer.is_success, answer.text
        yield f"http://{address}"


async def alcor(*arguments: str) -> tuple[int | None, str, str]:
    """Run ``alcor node``: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alcor", "node", *arguments, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def test_an_operator_sees_how_hosts_do_and_why(controller: str, tmp_path: Path) -> None:
    good, bad = (FakeAgent(f"host-{n}", [f"unix:{tmp_path}/agents"]) for n in (1, 2))
    for agent in (good, bad):
        agent.start()
        await eventually(lambda agent=agent: bool(agent.targets), f"{agent.host_id} is told whom to probe")  # type: ignore[misc]
    await bad.say_health(HostHealth(DataPlaneState.GONE, "no ovs-vswitchd"))

    async def is_seen() -> bool:
        code, output, _ = await alcor("list", "--json", "--controller", controller)
        states = {node["node_id"]: node["state"] for node in json.loads(output)}
        return (code, states) == (0, {"host-1": "up", "host-2": "degraded", "host-3": "down"})

    await eventually(is_seen, "each host is in its state")
    code, output, _ = await alcor("list", "--state", "degraded", "--controller", controller)
    header, line = output.splitlines()
    assert (code, header.split()) == (0, ["node", "VTEP", "state", "since", "why"])
    assert line.startswith("host-2  192.0.2.2  degraded  20")
    assert line.endswith("its data plane is gone: no ovs-vswitchd")
    code, output, _ = await alcor("show", "host-3", "--controller", controller)
    assert code == 0
    assert "its agent is connected to no controller" in output
    code, _, errors = await alcor("show", "host-9", "--controller", controller)
    assert code == 1
    assert "host-9" in errors
    for agent in (good, bad):
        await agent.stop()
