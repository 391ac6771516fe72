"""A region as an operator makes it: a controller process and a broker that show each other certificates."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from alcor.agent.trust.settings import TrustSettings
from tests.brokers import Broker
from tests.integration.running import Controller
from tests.processes import free_port


def alcor(*arguments: str) -> str:
    """What a command prints."""
    command = [sys.executable, "-m", "alcor", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Region:
    """A controller, and a broker with a certificate of its authority."""

    def __init__(self, directory: Path, *options: str) -> None:
        """``options`` are the controller's, after the usual ones."""
        self.southbound, self.enrolment = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.trust = directory / "broker"
        self.trust.mkdir()
        self.broker = Broker(self.trust, self.trust / "trust")
        self.queue = f"{self.broker.url}/public/test-1"
        usual = ["--southbound", self.southbound, "--secure-southbound", "--enrolment", self.enrolment]
        self.controller = Controller(directory, *usual, "--message-queue", self.queue, *options)
        self.api = f"http://{self.controller.address}"

    def start(self) -> None:
        self.controller.start()
        invited = tomllib.loads(alcor("trust", "broker-token", "127.0.0.1", "--controller", self.api))
        (self.trust / "token").write_text(invited["token"])
        options = ["--southbound", self.southbound, "--enrolment", self.enrolment, "--authority", invited["authority"]]
        alcor("trust", "keep-certificate", str(self.trust), *options, "--token-file", f"{self.trust}/token", "--once")
        self.broker.start()
        assert self.queue.endswith(self.broker.new_namespace())

    def stop(self) -> None:
        self.controller.stop()
        self.broker.kill()

    def invited(self, host_id: str) -> TrustSettings:
        """What the table [trust] of the agent's file has."""
        printed: dict[str, Any] = tomllib.loads(alcor("node", "join-token", host_id, "--controller", self.api))
        return TrustSettings(**printed["trust"], secure=True, enrolment=(self.enrolment,))
