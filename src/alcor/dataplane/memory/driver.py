"""The driver of the data plane in memory. It keeps to the same promises as any driver and counts what it is asked."""

from collections import Counter

from alcor.dataplane.driver import Change, DataPlaneUnavailable, Endpoint, Failures, Listener, State
from alcor.dataplane.memory.switch import Fabric, MemorySwitch
from alcor.model.addresses import ipv4_text, mac_text
from alcor.model.identifiers import Id, id_text

_RESERVED_VTEP = 0


class MemoryDataPlane:
    """Programs a MemorySwitch; without one, a switch of its own that no other host reaches.

    ``operations`` counts what was done to the switch: one for each endpoint, remote or VTEP put or removed.
    ``refusals`` makes ports fail, with the reason given; ``unavailable`` makes every call raise, as a data plane
    does that cannot be reached.
    """

    def __init__(self, switch: MemorySwitch | None = None) -> None:
        self.switch = switch or MemorySwitch(Fabric(), _RESERVED_VTEP)
        self.operations: Counter[str] = Counter()
        self.refusals: dict[Id, str] = {}
        self.unavailable = ""
        self._listener: Listener | None = None

    async def start(self, listener: Listener) -> None:
        """See DataPlane.start."""
        self._check_available()
        self._listener = listener
        self.switch.punt = listener.packet_punted
        for port_id in self.switch.inboxes:
            listener.interface_appeared(port_id)

    async def replace(self, state: State) -> Failures:
        """See DataPlane.replace."""
        self._check_available()
        switch = self.switch
        endpoints = Change(
            endpoints={
                port_id: new for port_id, new in state.endpoints.items() if switch.endpoints.get(port_id) != new
            },
            removed_endpoints=switch.endpoints.keys() - state.endpoints.keys(),
            vteps=state.vteps - switch.vteps,
            removed_vteps=switch.vteps - state.vteps,
        )
        failures = await self.apply(endpoints)
        for vni in switch.remotes.keys() - state.remotes.keys():
            self.operations["remote"] += len(switch.remotes.pop(vni))
        for vni, wanted in state.remotes.items():
            self._replace_remotes(vni, wanted)
        return failures

    async def apply(self, change: Change) -> Failures:
        """See DataPlane.apply."""
        self._check_available()
        for port_id in change.removed_endpoints:
            self.switch.remove_endpoint(port_id)
        self.operations["endpoint"] += len(change.removed_endpoints)
        failures = {}
        for port_id, endpoint in change.endpoints.items():
            if (reason := self._put_endpoint(endpoint)) is not None:
                failures[port_id] = reason
        self._apply_remotes(change)
        self.switch.vteps -= change.removed_vteps
        self.switch.vteps |= change.vteps
        self.operations["vtep"] += len(change.removed_vteps) + len(change.vteps)
        return failures

    async def send(self, port_id: Id, frame: bytes) -> None:
        """See DataPlane.send."""
        self.switch.hand_to_workload(port_id, frame)

    def interfaces(self) -> frozenset[Id]:
        """See DataPlane.interfaces."""
        return frozenset(self.switch.inboxes)

    async def describe(self) -> list[str]:
        """See DataPlane.describe."""
        switch = self.switch
        lines = [
            f"endpoint {id_text(port_id)} vni {endpoint.vni} mac {mac_text(endpoint.mac)} "
            f"addresses {' '.join(map(ipv4_text, endpoint.ipv4))}"
            for port_id, endpoint in sorted(switch.endpoints.items())
        ]
        lines += [
            f"remote vni {vni} mac {mac_text(mac)} vtep {ipv4_text(vtep)}"
            for vni, remotes in sorted(switch.remotes.items())
            for mac, vtep in sorted(remotes.items())
        ]
        return lines + [f"vtep {ipv4_text(vtep)}" for vtep in sorted(switch.vteps)]

    async def stop(self) -> None:
        """See DataPlane.stop."""
        self._listener = None
        self.switch.punt = None

    def attach(self, port_id: Id) -> None:
        """Plug in the interface of a workload."""
        self.switch.plug(port_id)
        if self._listener is not None:
            self._listener.interface_appeared(port_id)

    def detach(self, port_id: Id) -> None:
        """Pull the interface of a workload out."""
        self.switch.unplug(port_id)
        if self._listener is not None:
            self._listener.interface_vanished(port_id)

    def inject(self, port_id: Id, frame: bytes) -> None:
        """Let the workload behind a port send a frame; it has gone where it goes when this returns."""
        self.switch.take_from_workload(port_id, frame)

    def received(self, port_id: Id) -> list[bytes]:
        """The last frames that reached the workload behind a port."""
        return list(self.switch.inboxes.get(port_id, ()))

    def lose_everything(self) -> None:
        """Restart the data plane behind the driver's back."""
        self.switch.forget()
        if self._listener is not None:
            self._listener.restarted()

    def _check_available(self) -> None:
        if self.unavailable:
            raise DataPlaneUnavailable(self.unavailable)

    def _put_endpoint(self, endpoint: Endpoint) -> str | None:
        self.operations["endpoint"] += 1
        if endpoint.port_id in self.refusals:
            self.switch.remove_endpoint(endpoint.port_id)
            return self.refusals[endpoint.port_id]
        if endpoint.port_id in self.switch.inboxes:
            self.switch.put_endpoint(endpoint)
        return None

    def _apply_remotes(self, change: Change) -> None:
        for vni, delta in change.remotes.items():
            remotes = self.switch.remotes.setdefault(vni, {})
            for mac in delta.removed:
                remotes.pop(mac, None)
            remotes.update(delta.put)
            self.operations["remote"] += len(delta.removed) + len(delta.put)
            if not remotes:
                del self.switch.remotes[vni]

    def _replace_remotes(self, vni: int, wanted: dict[int, int]) -> None:
        remotes = self.switch.remotes.setdefault(vni, {})
        stale = remotes.keys() - wanted.keys()
        for mac in stale:
            del remotes[mac]
        before = len(remotes)
        changed = sum(remotes.get(mac) != vtep for mac, vtep in wanted.items()) if before else len(wanted)
        remotes.update(wanted)
        self.operations["remote"] += len(stale) + changed
        if not remotes:
            del self.switch.remotes[vni]
