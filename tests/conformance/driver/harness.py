"""What the driver conformance suite needs of a driver's own tests: hosts with workload interfaces, and an underlay.

A module that wants a driver checked defines a fixture ``fabric`` that yields a ``Fabric`` and imports the suite::

    from tests.conformance.driver.cloud import *  # noqa: F403
"""

from typing import Protocol

from alcor.dataplane.driver import DataPlane
from alcor.model.addresses import Address
from alcor.model.identifiers import Id


class Recorder:
    """A driver's listener that writes down what it is told."""

    def __init__(self) -> None:
        self.appeared: list[Id] = []
        self.vanished: list[Id] = []
        self.punted: list[tuple[Id, bytes]] = []
        self.missed: list[tuple[Id, bytes]] = []
        self.for_routers: list[tuple[Id, bytes]] = []
        self.idle: list[tuple[int, int]] = []
        self.idle_next_hops: list[tuple[int, Address]] = []
        self.undecided: list[tuple[Id, bytes, bool]] = []
        self.idle_strangers: list[tuple[int, bytes]] = []
        self.restarts = 0

    def interface_appeared(self, port_id: Id) -> None:
        self.appeared.append(port_id)

    def interface_vanished(self, port_id: Id) -> None:
        self.vanished.append(port_id)

    def packet_punted(self, port_id: Id, frame: bytes) -> None:
        self.punted.append((port_id, frame))

    def packet_missed(self, port_id: Id, frame: bytes) -> None:
        self.missed.append((port_id, frame))

    def packet_for_router(self, port_id: Id, frame: bytes) -> None:
        self.for_routers.append((port_id, frame))

    def packet_undecided(self, port_id: Id, frame: bytes, ingress: bool) -> None:
        self.undecided.append((port_id, frame, ingress))

    def stranger_idle(self, vni: int, address: bytes) -> None:
        self.idle_strangers.append((vni, address))

    def next_hop_idle(self, vni: int, address: Address) -> None:
        self.idle_next_hops.append((vni, address))

    def remote_idle(self, vni: int, mac: int) -> None:
        self.idle.append((vni, mac))

    def lost(self, reason: str) -> None:
        pass

    def restarted(self) -> None:
        self.restarts += 1


class Host(Protocol):
    """A host with the driver under test, started with ``events`` as its listener."""

    vtep: int
    """IPv4 address of the host's tunnel end point."""
    driver: DataPlane
    """The driver; another one after restart_driver()."""
    events: Recorder
    """What the present driver told its listener."""

    async def attach(self, port_id: Id) -> None:
        """Plug in a workload's interface; returns once the driver has said that it appeared."""

    async def detach(self, port_id: Id) -> None:
        """Pull it out; returns once the driver has said that it vanished."""

    async def inject(self, port_id: Id, frame: bytes) -> None:
        """Let the workload behind the port send a frame."""

    def received(self, port_id: Id) -> list[bytes]:
        """What the workload received so far, possibly with chatter of its kernel and padding to 60 bytes."""

    async def restart_driver(self) -> None:
        """Stop the driver and start a new one with a new recorder; the data plane goes on meanwhile."""

    async def hasten_idleness(self) -> None:
        """Restart the driver with so short an idle time that a test can wait for it."""

    async def until_idle(self, vni: int, mac: int) -> None:
        """Let time pass until the driver has said that this learned MAC address is idle."""

    async def until_next_hop_idle(self, vni: int, address: Address) -> None:
        """Let time pass until the driver has said that this next hop is idle."""

    async def until_stranger_idle(self, vni: int, address: bytes) -> None:
        """Let time pass until the driver has said that this stranger is idle."""

    async def restart_data_plane(self) -> None:
        """Make the data plane forget all it was told; returns once the driver has said restarted."""


class Fabric(Protocol):
    """Two hosts whose tunnels reach each other."""

    hosts: tuple[Host, Host]

    async def settle(self) -> None:
        """Return when every frame injected or sent before has been delivered, punted or dropped."""
