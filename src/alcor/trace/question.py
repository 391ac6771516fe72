"""The packet that a trace follows, made of what a request says."""

from collections.abc import Mapping
from typing import Any

from alcor.dataplane.packet import ICMP, ICMPV6, SCTP, TCP, UDP, Packet
from alcor.model.addresses import ip_bytes, ip_text
from alcor.model.errors import AlcorError, bad_request
from alcor.model.security_rules import IPV4, IPV6, protocol_number

USUAL_SOURCE_PORT = 50_000
"""Where a packet is from that does not say: clients take ports from 32,768 on (Linux), or 49,152 (RFC 6335)."""

_WITH_PORTS = (TCP, UDP, SCTP)
_ECHO_REQUESTS = {ICMP: 8, ICMPV6: 128}
_ECHO_REPLIES = {ICMP: 0, ICMPV6: 129}
_NAMES = {ICMP: "icmp", TCP: "tcp", UDP: "udp", ICMPV6: "ipv6-icmp", SCTP: "sctp"}


def asked_packet(values: Mapping[str, Any]) -> Packet:
    """The packet of a request (model.resources.port_trace); its source is empty when none is said.

    Raises AlcorError (400) when what it says does not go together.
    """
    destination = ip_bytes(values["to"])
    source = ip_bytes(values["from"]) if values["from"] else b""
    if source and len(source) != len(destination):
        raise _invalid("from", f"'{values['from']}' is not of the version of IP that 'to' is of")
    is_ipv6 = len(destination) == 16
    protocol = protocol_number(values["protocol"], IPV6 if is_ipv6 else IPV4)
    if protocol is None or (protocol == ICMPV6 and not is_ipv6):
        raise _invalid("protocol", f"'{values['protocol']}' is none of {IPV4}")
    _check_members(values, protocol)
    packet = Packet(is_ipv6, source, destination, protocol)
    if protocol in _WITH_PORTS:
        return packet._replace(source_port=values["source_port"] or USUAL_SOURCE_PORT, destination_port=values["port"])
    if protocol in _ECHO_REQUESTS:
        kind = _ECHO_REQUESTS[protocol] if values["icmp_type"] is None else values["icmp_type"]
        return packet._replace(source_port=kind, destination_port=values["icmp_code"] or 0)
    return packet


def _check_members(values: Mapping[str, Any], protocol: int) -> None:
    if protocol in _WITH_PORTS and values["port"] is None:
        raise _invalid("port", f"a packet of {protocol_name(protocol)} is to a port")
    for name in ("port", "source_port"):
        if values[name] is not None and protocol not in _WITH_PORTS:
            raise _invalid(name, f"packets of {protocol_name(protocol)} have no ports")
    for name in ("icmp_type", "icmp_code"):
        if values[name] is not None and protocol not in _ECHO_REQUESTS:
            raise _invalid(name, f"packets of {protocol_name(protocol)} are not of ICMP")


def _invalid(name: str, reason: str) -> AlcorError:
    return bad_request(f"Invalid input for {name}. Reason: {reason}.")


def answer_to(packet: Packet) -> Packet | None:
    """What a receiver sends back when all is well; None for what nobody answers."""
    turned = packet._replace(source=packet.destination, destination=packet.source)
    if packet.protocol in _ECHO_REQUESTS:
        if packet.source_port != _ECHO_REQUESTS[packet.protocol]:
            return None
        return turned._replace(source_port=_ECHO_REPLIES[packet.protocol], destination_port=0)
    return turned._replace(source_port=packet.destination_port, destination_port=packet.source_port)


def protocol_name(protocol: int) -> str:
    """An IP protocol as people call it."""
    return _NAMES.get(protocol, f"protocol {protocol}")


def packet_text(packet: Packet) -> str:
    """``tcp 10.0.0.3:50000 → 10.0.0.4:443``: a packet in a line."""
    source, destination = ip_text(packet.source), ip_text(packet.destination)
    name = protocol_name(packet.protocol)
    if packet.protocol in _WITH_PORTS:
        return f"{name} {_with_port(source, packet.source_port)} → {_with_port(destination, packet.destination_port)}"
    if packet.protocol in _ECHO_REQUESTS:
        return f"{name} {source} → {destination} type {packet.source_port} code {packet.destination_port}"
    return f"{name} {source} → {destination}"


def _with_port(address: str, port: int | None) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
