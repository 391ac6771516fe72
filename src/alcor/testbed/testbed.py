"""A small cloud on one machine: a controller or several, an underlay, hosts, and workloads on them."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from alcor.testbed import dhcp_client
from alcor.testbed.controller import Controller
from alcor.testbed.host import Host
from alcor.testbed.requirements import check_kernel, check_machine
from alcor.testbed.sandbox import Sandbox
from alcor.testbed.underlay import Underlay
from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import Workload

_AT_ONCE = 8

T = TypeVar("T")
R = TypeVar("R")


class Testbed:
    """Real hosts, and a controller that does not run yet.

    Nothing is left of it once it is closed, or once the process that made it is gone. Its methods may be called from
    any thread. Raises TestbedError when the machine cannot do it, saying what is missing.
    """

    __test__ = False  # no class of tests, whatever its name looks like

    def __init__(self, listen: str = "", controller_arguments: tuple[str, ...] = ()) -> None:
        check_machine()
        self.sandbox = Sandbox()
        try:
            check_kernel(self.sandbox)
            dhcp_client.install_script(self.sandbox)
            self.controller = Controller(self.sandbox, "controller", controller_arguments, listen)
            self.underlay = Underlay(self.sandbox)
        except BaseException:
            self.close()
            raise
        self.hosts: list[Host] = []
        self.workloads: dict[str, Workload] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove everything."""
        self.sandbox.close()

    def add_controller(self, name: str, *arguments: str) -> Controller:
        """One more controller, not running yet. The network is the machine's, so all may share a database of it."""
        return Controller(self.sandbox, name, arguments)

    def add_hosts(self, count: int) -> Sequence[Host]:
        """More hosts, their switches and agents running."""
        hosts = self.make_hosts(count)
        self.start_hosts()
        return hosts

    def make_hosts(self, count: int, controllers: Sequence[Controller] = ()) -> Sequence[Host]:
        """More hosts, not running yet, so that they can be made known as nodes before they connect.

        Their agents know of the testbed's own controller, or of these instead.
        """
        addresses = tuple(controller.southbound for controller in controllers or (self.controller,))
        first = len(self.hosts) + 1
        numbers = range(first, first + count)
        hosts = _at_once(lambda number: Host(self.sandbox, self.underlay, number, addresses), numbers)
        self.hosts += hosts
        return hosts

    def start_hosts(self) -> None:
        """Start the switches and agents that do not run."""
        _at_once(Host.start, self.hosts)

    def wait_connected(self) -> None:
        """Return when every host's agent is connected to the controller and has the whole goal state."""
        for host in self.hosts:
            wait_until(lambda host=host: host.connected, f"{host.name} to be connected")  # type: ignore[misc]

    def wait_steady(self) -> None:
        """Return when no switch reconfigures itself any more: while it does, it may lose a tunnelled packet."""
        _at_once(lambda host: host.switch.wait_steady(), self.hosts)

    def add_workload(self, name: str, host: Host, mtu: int = 1450) -> Workload:
        """A new workload, not plugged in yet."""
        workload = self.workloads[name] = Workload(self.sandbox, name, host, mtu)
        return workload


def _at_once(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Do the work for several items at a time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, items))
