"""Controllers of a testbed: processes of ``alcor controller``, each on an SQLite database unless told otherwise."""

import contextlib
import sys

import httpx

from alcor.controller import addresses
from alcor.controller.settings import ControllerError
from alcor.testbed.errors import TestbedError
from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.program import Program
from alcor.testbed.sandbox import Sandbox
from alcor.testbed.waiting import wait_until


class Controller:
    """A controller that is not running yet; its files and sockets are in /run/NAME of the sandbox.

    ``listen`` is HOST:PORT of the machine, or empty for a unix socket in the sandbox. Raises TestbedError when
    something listens there already. ``management`` is the network in which hosts reach it, at ``southbound`` there.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        name: str,
        arguments: tuple[str, ...] = (),
        listen: str = "",
        management: NetworkNamespace | None = None,
        southbound: str = "",
    ) -> None:
        self.name = name
        self._listen = listen
        if listen:
            _check_free(listen)
        inside, outside = f"/run/{name}", sandbox.outside(f"/run/{name}")
        outside.mkdir()
        self.directory = outside
        """Where its data directory is seen from outside of the sandbox."""
        self._socket = outside / "api"
        self.southbound = southbound or f"unix:{inside}/agents"
        """Where agents connect; a socket they reach without a way from their network to the machine's."""
        where = ("--listen", listen or f"unix:{inside}/api", "--southbound", self.southbound)
        command = (sys.executable, "-m", "alcor", "controller", *where, "--data-directory", inside, *arguments)
        popen = sandbox.popen if management is None else management.popen
        self.program = Program(popen, command, outside / "controller.log")

    @property
    def address(self) -> str:
        """Where the API is, as a URL; over a unix socket the host part means nothing."""
        return f"http://{self._listen or 'controller'}"

    def transport(self) -> httpx.AsyncHTTPTransport:
        """The way to the API, for an HTTP client."""
        return httpx.AsyncHTTPTransport(uds=None if self._listen else str(self._socket), verify=False)

    def start(self) -> None:
        """Start it and wait until it is ready. Raises TestbedError with its complaint when it ends instead."""
        self.program.start()
        wait_until(lambda: self.ready() or not self.program.running, self.name, timeout=60)
        if not self.program.running:
            last_line = self.program.last_words().rpartition("\n")[2]
            raise TestbedError(f"{self.name} ended: {last_line.removeprefix('Error: ')}")

    def ready(self) -> bool:
        """Whether it serves requests and agents."""
        transport = httpx.HTTPTransport(uds=None if self._listen else str(self._socket), verify=False)
        with contextlib.suppress(httpx.TransportError), httpx.Client(transport=transport, timeout=10) as client:
            return client.get(f"{self.address}/readyz").status_code == 200
        return False


def _check_free(listen: str) -> None:
    try:
        addresses.check_free(addresses.parse(listen, "the API"), listen, "the API")
    except ControllerError as error:
        raise TestbedError(str(error)) from error
