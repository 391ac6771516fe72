"""A real Pulsar broker for tests, on loopback: one for each process that runs tests, gone when that goes.

``make install-pulsar`` installs it. Tests share it, each with a namespace of its own for its topics, and may kill it:
the next finds it running again.
"""

import contextlib
import itertools
import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import free_port

ROOT = Path(__file__).parents[1]
INSTALLED = ROOT / ".pulsar" / "installed"
_STANDALONE = ROOT / "tools" / "pulsar" / "standalone"
_START_SECONDS = 180  # where others keep the machine busy; five on an idle one
_MOST_ENDED = 2  # starts that end by themselves
_POLL_SECONDS = 0.05
_LOOK_SECONDS = 0.5
_INVALIDATED = 20  # in that time; a few are usual
_PORTS = range(30_000, 32_000)  # of brokers only: those that are killed come back to them


class Broker:
    """A broker whose addresses and data stay its own over kills and starts."""

    def __init__(self, directory: Path, trust: Path | None = None) -> None:
        """With ``trust``, where its certificate is, it lets nobody do what was not granted."""
        port, http_port, bookie_port = (free_port(_PORTS) for _ in range(3))
        self.url = f"pulsar{'+ssl' if trust else ''}://127.0.0.1:{port}"
        self._admin = f"http{'s' if trust else ''}://127.0.0.1:{http_port}/admin/v2"
        self._trust = trust
        self._log = directory / "log"
        self._command = ["setpriv", "--pdeathsig", "KILL", str(_STANDALONE)]
        self._command += ["--trust", str(trust)] if trust else []
        self._command += [str(directory), str(port), str(http_port), str(bookie_port)]
        self._process: subprocess.Popen[bytes] | None = None
        self._namespaces = itertools.count(1)

    def start(self) -> None:
        """Start it, or start it again; nothing when it runs. Raises RuntimeError when it is not ready in time."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Have it start; nothing when it runs. It goes with the thread that does this."""
        if self._process is None or self._process.poll() is not None:
            with self._log.open("ab") as output:
                self._process = subprocess.Popen(self._command, stdout=output, stderr=output)

    def wait_until_ready(self) -> None:
        """Raises RuntimeError when it is not in time."""
        assert self._process is not None, "it was launched"
        deadline, ended = time.monotonic() + _START_SECONDS, 0
        while not self._is_ready():
            has_ended = self._process.poll() is not None
            ended += has_ended
            if time.monotonic() > deadline or ended > _MOST_ENDED:
                raise RuntimeError(f"Pulsar did not start: {self._log.read_text()}")
            if has_ended:  # without a word, as it sometimes does where it was killed before
                self.launch()
            time.sleep(_POLL_SECONDS)
        if self._is_busy_with_itself():
            self.kill()
            self.launch()
            self.wait_until_ready()

    def _is_busy_with_itself(self) -> bool:
        """Whether it takes its own registrations away from itself, again and again.

        One that finds what it registered before it was killed sometimes does so for ever, and fails clients meanwhile.
        """
        before = self._log.stat().st_size
        time.sleep(_LOOK_SECONDS)
        with self._log.open("rb") as log:
            log.seek(before)
            return log.read().count(b"was invalidated") > _INVALIDATED

    def _is_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            answer = self._ask("GET", "namespaces/public")
            return answer.status_code == 200 and "public/default" in answer.json()  # it makes that last
        return False

    @contextlib.contextmanager
    def running(self) -> Iterator["Broker"]:
        """Have it run, until nobody needs it any more."""
        try:
            self.start()
            yield self
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Ask something of its administration: a path below /admin/v2."""
        answer = self._ask(method, path, body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        context = ssl.create_default_context()
        if self._trust is not None:
            context.load_verify_locations(self._trust / "authorities.pem")
            context.load_cert_chain(self._trust / "certificate.pem", self._trust / "key.pem")
        with httpx.Client(verify=context, timeout=30) as client:
            return client.request(method, f"{self._admin}/{path}", json=body)

    def new_namespace(self) -> str:
        """A namespace that nobody has used, ``public/test-1``; where rights are granted, the one from hosts as well."""
        name = f"public/test-{next(self._namespaces)}"
        self.admin("PUT", f"namespaces/{name}", {})
        if self._trust is not None:
            self.admin("PUT", f"namespaces/{name}-from-hosts", {})
            for each, of_hosts in ((name, "consume"), (f"{name}-from-hosts", "produce")):
                self.admin("POST", f"namespaces/{each}/permissions/alcor-controller", ["produce", "consume"])
                self.admin("POST", f"namespaces/{each}/permissions/alcor-host", [of_hosts])
        return name

    def statistics(self, topic: str) -> Any:
        """What the broker says of a topic, as ``public/test-1/topic``."""
        return self.admin("GET", f"persistent/{topic}/stats")


def skip_where_not_installed() -> None:
    """Where CI runs, Pulsar must be installed; elsewhere tests that need it are skipped."""
    if not INSTALLED.exists() and "CI" not in os.environ:
        pytest.skip("Pulsar is not installed: make install-pulsar")


@pytest.fixture(scope="session")
def pulsar_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The process's broker."""
    skip_where_not_installed()
    with Broker(tmp_path_factory.mktemp("pulsar")).running() as broker:
        yield broker


@pytest.fixture
def broker(pulsar_process: Broker) -> Broker:
    """The process's broker, running."""
    pulsar_process.start()
    return pulsar_process


@pytest.fixture
def namespace(broker: Broker) -> str:
    """Where the topics of one test are."""
    return broker.new_namespace()
