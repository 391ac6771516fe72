"""Asking the data plane what it would do with a packet that a workload sends (``alcor trace --live``)."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from alcor.agent.local_api import WrongQuestion
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.wanted import Wanted
from alcor.dataplane.driver import DataPlane
from alcor.dataplane.frames import ETHERTYPE_IPV4, ETHERTYPE_IPV6
from alcor.dataplane.host_services import SERVICE_IPV4, SERVICE_IPV6, SERVICE_MAC
from alcor.model.addresses import Address, address_of, ipv4_text
from alcor.model.goal_state import Port, Subnet
from alcor.model.identifiers import id_bytes, id_text

_IPV4_HEADER, _IPV6_HEADER = 20, 40


class Tracing:
    """Puts a packet into a frame as the workload would, and asks the driver. Nothing is sent."""

    def __init__(self, wanted: Wanted, driver: DataPlane, on_demand: OnDemand) -> None:
        self._wanted, self._driver, self._on_demand = wanted, driver, on_demand

    async def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """What would become of it: ``port`` is the sender's id, ``packet`` the IP packet in hexadecimal digits.

        Raises WrongQuestion when they are none, or the port is not on this host.
        """
        try:
            port_id, packet = id_bytes(query.get("port", "")), bytes.fromhex(query.get("packet", ""))
            destination = _destination(packet)
        except ValueError as error:
            raise WrongQuestion(str(error)) from error
        port = self._wanted.state.ports.get(port_id)
        if port is None:
            raise WrongQuestion(f"port {query['port']} is not on this host")
        mac = self._next_mac(port, destination)
        if mac is None:
            return {"outcome": "asked", "port_id": None, "vtep": None, "where": "nobody is known to have the address"}
        ethertype = ETHERTYPE_IPV4 if isinstance(destination, int) else ETHERTYPE_IPV6
        frame = mac.to_bytes(6) + port.mac.to_bytes(6) + ethertype.to_bytes(2) + packet
        fate = await self._driver.trace(port.id, frame)
        return {
            "outcome": fate.outcome.value,
            "port_id": id_text(fate.port_id) if fate.port_id else None,
            "vtep": ipv4_text(fate.vtep) if fate.vtep else None,
            "where": fate.where,
        }

    def _next_mac(self, port: Port, destination: Address) -> int | None:
        """To which MAC address the workload sends what is for an address; None when it has to ask first."""
        if destination in (SERVICE_IPV4, SERVICE_IPV6):
            return SERVICE_MAC
        own = [subnet for subnet in map(self._wanted.state.subnets.get, dict(port.fixed_ips)) if subnet is not None]
        if any(_covers(subnet, destination) for subnet in own):
            return self._owner_of(port.vni, destination)
        for subnet in own:
            if subnet.gateway_ip and isinstance(address_of(subnet.gateway_ip), type(destination)):
                return self._owner_of(port.vni, address_of(subnet.gateway_ip))
        return None

    def _owner_of(self, vni: int, address: Address) -> int | None:
        gateway = self._wanted.routers().owner_of(vni, address)
        if gateway is not None:
            return gateway
        owner = self._wanted.owner_of(vni, address)
        return self._on_demand.owner(vni, address) if owner is None else owner


def _destination(packet: bytes) -> Address:
    if len(packet) >= _IPV6_HEADER and packet[0] >> 4 == 6:
        return packet[24:40]
    if len(packet) >= _IPV4_HEADER and packet[0] >> 4 == 4:
        return int.from_bytes(packet[16:20])
    raise ValueError("it is no IP packet")


def _covers(subnet: Subnet, address: Address) -> bool:
    network = ipaddress.ip_network(subnet.cidr, strict=False)
    return ipaddress.ip_address(address) in network
