"""Asking the data plane what it would do with a packet that a workload sends, or that comes from another host
(``alcor trace --live``)."""

from collections.abc import Mapping
from typing import Any

from alcor.agent.first_hop import first_hop
from alcor.agent.local_api import WrongQuestion
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.wanted import Wanted
from alcor.dataplane.driver import DataPlane, Fate, Outcome
from alcor.dataplane.frames import ETHERTYPE_IPV4, ETHERTYPE_IPV6
from alcor.dataplane.routed_packets import header_of
from alcor.model.addresses import ipv4_text
from alcor.model.identifiers import id_bytes, id_text

_MOST_VNI = (1 << 24) - 1


class Tracing:
    """Puts a packet into a frame as the workload would, and asks the driver. Nothing is sent."""

    def __init__(self, wanted: Wanted, driver: DataPlane, on_demand: OnDemand, vtep: int) -> None:
        self._wanted, self._driver, self._on_demand, self._vtep = wanted, driver, on_demand, vtep

    async def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """What would become of a packet, as the first of a connection.

        Of one that a workload sends ``port`` is the sender's id, ``packet`` the IP packet in hexadecimal digits; of one
        that comes by tunnel ``vni`` is that of the VPC, ``frame`` what is in the tunnel, as the sender's host answers.
        Raises WrongQuestion when they are none, or the port is not on this host.
        """
        try:
            if "frame" in query:
                fate = await self._driver.trace_arriving(*_arriving(query))
            else:
                fate = await self._sent(id_bytes(query.get("port", "")), bytes.fromhex(query.get("packet", "")))
        except ValueError as error:
            raise WrongQuestion(str(error)) from error
        return {
            "host_vtep": ipv4_text(self._vtep),
            "outcome": fate.outcome.value,
            "port_id": id_text(fate.port_id) if fate.port_id else None,
            "vtep": ipv4_text(fate.vtep) if fate.vtep else None,
            "where": fate.where,
            "vni": fate.vni or None,
            "frame": fate.frame.hex() or None,
        }

    async def _sent(self, port_id: bytes, packet: bytes) -> Fate:
        ethertype = ETHERTYPE_IPV6 if packet[:1] and packet[0] >> 4 == 6 else ETHERTYPE_IPV4
        header = header_of(bytes(12) + ethertype.to_bytes(2) + packet)
        if header is None:
            raise ValueError("it is no IP packet")
        port = self._wanted.state.ports.get(port_id)
        if port is None:
            raise ValueError(f"port {id_text(port_id)} is not on this host")
        mac = first_hop(self._wanted, self._on_demand, port, header.source, header.destination)
        if mac is None:
            return Fate(Outcome.ASKED, where="nobody is known to have the address")
        return await self._driver.trace(
            port.id, mac.to_bytes(6) + port.mac.to_bytes(6) + ethertype.to_bytes(2) + packet
        )


def _arriving(query: Mapping[str, str]) -> tuple[int, bytes]:
    vni, frame = int(query.get("vni", "")), bytes.fromhex(query["frame"])
    if not 0 <= vni <= _MOST_VNI:
        raise ValueError(f"{vni} is no VNI")
    if header_of(frame) is None:
        raise ValueError("there is no IP packet in the frame")
    return vni, frame
