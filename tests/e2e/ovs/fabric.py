"""Two hosts with Open vSwitch and the driver under test, as the conformance suite wants them."""

import asyncio
import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from alcor.dataplane.driver import Change, DataPlane, Failures, Fate, Listener, State
from alcor.dataplane.ovs.control_socket import ControlSocket
from alcor.dataplane.ovs.driver import OvsDataPlane
from alcor.dataplane.ovs.settings import OvsSettings
from alcor.model.addresses import Address, ipv4_number
from alcor.model.identifiers import Id, id_text
from alcor.testbed.host import Host
from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.sandbox import Sandbox
from alcor.testbed.underlay import OFFLOADS_OFF, Underlay
from alcor.testbed.waiting import until
from tests.conformance.driver.harness import Recorder
from tests.e2e.ovs.loop_inside import LoopInside

_QUIET_SECONDS, _LONGEST_SECONDS = 0.06, 30.0
_ETHERTYPE_ALL = 3


class DriverInside:
    """A DataPlane whose driver runs on an event loop inside the host's namespace, as an agent would run it."""

    def __init__(self, namespace: NetworkNamespace, settings: OvsSettings) -> None:
        self._loop = LoopInside(namespace)
        self._settings = settings
        self._driver: OvsDataPlane | None = None

    async def start(self, listener: Listener) -> None:
        async def create() -> None:
            self._driver = OvsDataPlane(self._settings)
            await self._driver.start(listener)

        await self._loop.run(create())

    async def replace(self, state: State) -> Failures:
        return await self._loop.run(self._inner().replace(state))

    def replaced(self) -> int:
        return self._inner().replaced()

    async def apply(self, change: Change) -> Failures:
        return await self._loop.run(self._inner().apply(change))

    async def send(self, port_id: Id, frame: bytes) -> None:
        await self._loop.run(self._inner().send(port_id, frame))

    async def forward(self, port_id: Id, frame: bytes) -> None:
        await self._loop.run(self._inner().forward(port_id, frame))

    async def flood(self, port_id: Id, frame: bytes) -> None:
        await self._loop.run(self._inner().flood(port_id, frame))

    async def deliver(self, port_id: Id, frame: bytes) -> None:
        await self._loop.run(self._inner().deliver(port_id, frame))

    async def trace(self, port_id: Id, frame: bytes) -> Fate:
        return await self._loop.run(self._inner().trace(port_id, frame))

    async def trace_arriving(self, vni: int, frame: bytes) -> Fate:
        return await self._loop.run(self._inner().trace_arriving(vni, frame))

    def interfaces(self) -> frozenset[Id]:
        return self._inner().interfaces()

    def services_interface(self) -> str | None:
        return self._inner().services_interface()

    def client(self, address: Address) -> Id | None:
        return self._inner().client(address)

    async def describe(self) -> list[str]:
        return await self._loop.run(self._inner().describe())

    async def stop(self) -> None:
        if self._driver is not None:
            await self._loop.run(self._driver.stop())
        self._loop.stop()

    def _inner(self) -> OvsDataPlane:
        assert self._driver is not None, "not started"
        return self._driver


class Sniffer:
    """The workload's end of a port: sends and receives raw frames."""

    def __init__(self, namespace: NetworkNamespace, interface: str) -> None:
        self.frames: list[bytes] = []
        self._reading = threading.Lock()
        self._socket = namespace.inside(lambda: _raw_socket(interface))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def send(self, frame: bytes) -> None:
        self._socket.send(frame)

    def close(self) -> None:
        self._ended.set()
        self._thread.join(5)
        self._socket.close()

    def read(self) -> None:
        """Take the frames that are there: a busy machine may have the thread wait for its turn."""
        with self._reading, contextlib.suppress(OSError):  # BlockingIOError: no more
            while True:
                frame, address = self._socket.recvfrom(65536, socket.MSG_DONTWAIT)
                if address[2] != socket.PACKET_OUTGOING:
                    self.frames.append(frame)

    def _receive(self) -> None:
        while not self._ended.is_set():
            readable, _, _ = select.select([self._socket], [], [], 0.05)
            if readable:
                self.read()


def _raw_socket(interface: str) -> socket.socket:
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETHERTYPE_ALL))
    raw.bind((interface, _ETHERTYPE_ALL))
    return raw


class OvsHost:
    """A host of the fabric: no agent runs there, only the driver."""

    def __init__(self, sandbox: Sandbox, underlay: Underlay, number: int) -> None:
        host = Host(sandbox, underlay, number, controllers=())
        self.vtep = ipv4_number(host.vtep_ip)
        self.namespace = host.namespace
        self.switch = host.switch
        self.switch.start()
        self.settings = OvsSettings(vtep_ip=host.vtep_ip, run_directory=str(sandbox.outside(host.directory)))
        self.sniffers: dict[Id, Sniffer] = {}
        self._taps: dict[Id, str] = {}
        self._next_tap = 0
        self.driver: DataPlane
        self.events: Recorder

    async def start_driver(self, settings: OvsSettings | None = None) -> None:
        self.driver, self.events = DriverInside(self.namespace, settings or self.settings), Recorder()
        await self.driver.start(self.events)

    async def attach(self, port_id: Id) -> None:
        told = self.events.appeared.count(port_id)
        self.plug(port_id)
        await until(lambda: self.events.appeared.count(port_id) > told, "the interface to appear")
        self.switch.wait_steady()

    def plug(self, port_id: Id) -> None:
        """Plug in a workload's interface, whether or not there is a driver to see it."""
        self._next_tap += 1
        tap = self._taps[port_id] = f"tap{self._next_tap}"
        self.namespace.ip("link", "add", tap, "type", "veth", "peer", "name", f"w{tap}")
        for end in (tap, f"w{tap}"):
            self.namespace.run("ethtool", "-K", end, *OFFLOADS_OFF)
            self.namespace.ip("link", "set", end, "up")
        self.sniffers[port_id] = Sniffer(self.namespace, f"w{tap}")
        identity = f"external_ids:iface-id={id_text(port_id)}"
        self.switch.vsctl("--no-wait", "add-port", "br-int", tap, "--", "set", "interface", tap, identity)

    @contextlib.contextmanager
    def internal_interface(self, name: str, *external_ids: str) -> Iterator[None]:
        """A device Open vSwitch makes itself, with these external ids ("key=value"); gone after the block."""
        settings = ("type=internal", *(f"external_ids:{each}" for each in external_ids))
        self.switch.vsctl("add-port", "br-int", name, "--", "set", "interface", name, *settings)
        self.switch.wait_steady()
        try:
            yield
        finally:
            self.switch.vsctl("del-port", "br-int", name)

    async def detach(self, port_id: Id) -> None:
        told = self.events.vanished.count(port_id)
        self.unplug(port_id)
        await until(lambda: self.events.vanished.count(port_id) > told, "the interface to vanish")
        self.switch.wait_steady()

    def unplug(self, port_id: Id) -> None:
        self.sniffers.pop(port_id).close()
        tap = self._taps.pop(port_id)
        self.switch.vsctl("--no-wait", "--if-exists", "del-port", "br-int", tap)
        self.namespace.ip("link", "delete", tap)

    async def inject(self, port_id: Id, frame: bytes) -> None:
        self.sniffers[port_id].send(frame)

    def received(self, port_id: Id) -> list[bytes]:
        return list(self.sniffers[port_id].frames) if port_id in self.sniffers else []

    async def restart_driver(self) -> None:
        await self.driver.stop()
        await self.start_driver()
        self.switch.wait_steady()

    async def hasten_idleness(self) -> None:
        await self.driver.stop()
        await self.start_driver(msgspec.structs.replace(self.settings, idle_seconds=1))

    async def until_idle(self, vni: int, mac: int) -> None:
        await until(lambda: (vni, mac) in self.events.idle, "the learned MAC address to be idle")

    async def until_next_hop_idle(self, vni: int, address: Address) -> None:
        await until(lambda: (vni, address) in self.events.idle_next_hops, "the next hop to be idle")

    async def until_stranger_idle(self, vni: int, address: bytes) -> None:
        await until(lambda: (vni, address) in self.events.idle_strangers, "the stranger to be idle")

    async def restart_data_plane(self) -> None:
        told = self.events.restarts
        self.switch.switch.kill()
        self.switch.start_switch()
        await until(lambda: self.events.restarts > told, "the driver to say restarted")
        self.switch.wait_steady()

    async def come_round(self) -> None:
        """Return when the switch has handled the packets that were there: it looks for some between two commands."""
        control = ControlSocket(Path(self.settings.run_directory))
        with contextlib.suppress(OSError):  # it has been killed
            for _ in range(2):
                await control.call("version")
        await control.close()

    async def clear(self) -> None:
        """Leave the host as it was when new, for the next test."""
        for port_id in list(self._taps):
            self.unplug(port_id)
        await until(lambda: not self.driver.interfaces(), "every interface to vanish")
        await self.driver.replace(State())
        await self.driver.stop()


class OvsFabric:
    """Two hosts on an underlay."""

    def __init__(self, sandbox: Sandbox) -> None:
        underlay = Underlay(sandbox)
        self.hosts = OvsHost(sandbox, underlay, 1), OvsHost(sandbox, underlay, 2)

    async def settle(self) -> None:
        """Wait until nothing moves for a while, nor once the switches have handled whatever had come to them."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        seen = await self._quiet(deadline)
        while True:
            for host in self.hosts * 2:  # there and back
                await host.come_round()
            before, seen = seen, await self._quiet(deadline)
            if seen == before:
                return

    async def _quiet(self, deadline: float) -> int:
        """Wait until nothing moves for a while; how much has moved until then."""
        seen, since = self._count(), time.monotonic()
        while time.monotonic() - since < _QUIET_SECONDS:
            assert time.monotonic() < deadline, "frames keep coming"
            await asyncio.sleep(0.01)
            if (now := self._count()) != seen:
                seen, since = now, time.monotonic()
        return seen

    def _count(self) -> int:
        sniffers = [sniffer for host in self.hosts for sniffer in host.sniffers.values()]
        for sniffer in sniffers:
            sniffer.read()
        received = sum(len(sniffer.frames) for sniffer in sniffers)
        events = [host.events for host in self.hosts]
        return received + sum(
            len(each.punted) + len(each.missed) + len(each.for_routers) + len(each.undecided) for each in events
        )


@contextlib.contextmanager
def ovs_fabric() -> Iterator[OvsFabric]:
    """A fabric that is gone afterwards."""
    with Sandbox() as sandbox:
        yield OvsFabric(sandbox)
