"""Controllers and agents as an operator runs them: certificates beyond this machine, and nothing to do on it."""

import contextlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alcor.testbed.waiting import wait_until
from tests.integration.running import Controller
from tests.processes import free_port

_PATIENCE_SECONDS = 60


class Agent:
    """A process of ``alcor agent`` on a simulated data plane."""

    def __init__(self, directory: Path, controller: str, trust: dict[str, Any]) -> None:
        self.directory, self.config = directory, directory / "agent.toml"
        self._controller, self._process = controller, None
        directory.mkdir()
        self.write(trust)

    def write(self, trust: dict[str, Any]) -> None:
        """Its file."""
        lines = ['host_id = "host-1"', f'controllers = ["{self._controller}"]', 'vtep_ip = "192.0.2.1"']
        lines += [f'data_directory = "{self.directory}/data"', f'socket = "{self.directory}/s"', 'driver = "memory"']
        lines += ["[trust]", *(f"{name} = {json.dumps(value)}" for name, value in trust.items())]
        self.config.write_text("\n".join(lines))

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """From start to SIGKILL."""
        command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "alcor", "agent", "--config", self.config]
        with (self.directory / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.kill()
            process.wait()

    def status(self) -> dict[str, Any]:
        """What it says of itself."""
        transport = httpx.HTTPTransport(uds=f"{self.directory}/s")
        with contextlib.suppress(httpx.TransportError), httpx.Client(transport=transport) as client:
            return client.get("http://agent/status").json()  # type: ignore[no-any-return]
        return {}

    def connected(self) -> None:
        """Return when it is."""
        wait_until(lambda: bool(self.status().get("controller")), "the agent to be connected", _PATIENCE_SECONDS)

    def said(self, text: str) -> None:
        """Return when its log has this."""
        wait_until(lambda: text in (self.directory / "log").read_text(), text, _PATIENCE_SECONDS)


def alcor(*arguments: str) -> str:
    """What a command prints."""
    command = [sys.executable, "-m", "alcor", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def southbound() -> str:
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def controller(tmp_path: Path, southbound: str) -> Iterator[Controller]:
    """One whose southbound address others can reach, so that it wants certificates by itself."""
    everywhere = f"0.0.0.0:{southbound.rpartition(':')[2]}"
    secret = tmp_path / "secret"
    secret.write_text("what keeps the authority's key\n")
    controller = Controller(tmp_path, "--southbound", everywhere, "--authority-secret-file", str(secret))
    controller.start()
    node = {"host_info": {"node_id": "host-1", "node_name": "host-1", "local_ip": "192.0.2.1"}}
    assert httpx.post(f"http://{controller.address}/nodes", json=node).is_success
    yield controller
    controller.stop()


def token_for(controller: Controller) -> dict[str, Any]:
    """What the table [trust] of an agent's file has to have."""
    printed = alcor("node", "join-token", "host-1", "--controller", f"http://{controller.address}")
    return {"secure": True, **tomllib.loads(printed)["trust"]}


def test_a_host_joins_lives_through_restarts_is_revoked_and_joins_again(
    controller: Controller, southbound: str, tmp_path: Path
) -> None:
    agent = Agent(tmp_path / "agent", southbound, token_for(controller))
    with agent.running():
        agent.connected()
        assert agent.status()["certificate"].startswith("until 20")
        controller.kill()
        controller.start()
        agent.connected()
    agent.write({"secure": True})  # the token is needed no more
    with agent.running():
        agent.connected()
        alcor("node", "revoke", "host-1", "--controller", f"http://{controller.address}")
        agent.said("its certificate was revoked")
        wait_until(lambda: agent.status().get("controller") == "", "the agent to be sent away", _PATIENCE_SECONDS)
    agent.write(token_for(controller))
    with agent.running():
        agent.connected()
    counted = httpx.get(f"http://{controller.address}/metrics").text
    assert 'alcor_trust_refused_total{kind="revoked"}' in counted


def test_hosts_join_anew_when_the_authority_is_replaced_at_once(
    controller: Controller, southbound: str, tmp_path: Path
) -> None:
    agent = Agent(tmp_path / "agent", southbound, token_for(controller))
    with agent.running():
        agent.connected()
        alcor("trust", "rotate", "--now", "--yes", "--controller", f"http://{controller.address}")
        wait_until(lambda: agent.status().get("controller") == "", "the agent to be sent away", _PATIENCE_SECONDS)
    agent.write(token_for(controller))
    with agent.running():
        agent.connected()


def test_an_agent_without_certificates_is_not_let_in(controller: Controller, southbound: str, tmp_path: Path) -> None:
    agent = Agent(tmp_path / "agent", southbound, {"secure": False})
    with agent.running():
        agent.said("cannot be reached")
        assert not agent.status().get("controller")


def test_the_database_is_for_its_owner_alone(controller: Controller, tmp_path: Path) -> None:
    assert controller.log()
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("alcor.db*") if path.suffix != ".lock"}
    assert set(modes.values()) == {0o600}, modes


def test_another_controller_needs_the_secret_of_the_first(controller: Controller, tmp_path: Path) -> None:
    controller.stop()
    command = [sys.executable, "-m", "alcor", "controller", "--listen", f"unix:{tmp_path}/api"]
    command += ["--southbound", f"unix:{tmp_path}/other", "--secure-southbound", "--data-directory", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS)
    assert ended.returncode == 1
    assert "--authority-secret-file" in ended.stderr
