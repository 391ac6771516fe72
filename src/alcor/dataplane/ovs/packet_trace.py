"""Asking ovs-vswitchd what would become of a packet (``ofproto/trace``), and reading what it says.

It is asked about the fields of the packet: given the packet itself it would hand it to the agent where flows say so.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from alcor.dataplane.driver import Fate, Outcome
from alcor.dataplane.memory.packet import ICMP, ICMPV6, SCTP, TCP, UDP, packet_in
from alcor.dataplane.ovs.tables import TABLES
from alcor.dataplane.routed_packets import header_of, time_to_live
from alcor.model.addresses import ip_text, ipv4_number
from alcor.model.identifiers import Id

_TABLE = re.compile(r"^ ?(\d+)\. ")  # deeper ones were only asked
_BRIDGE = re.compile(r'^bridge\("(.*)"\)$')
_ACTIONS = re.compile(r"^Datapath actions: (.*)$", re.MULTILINE)
_IN_PORT = re.compile(r"\bin_port=(\d+)")
_OUTPUT = re.compile(r"\boutput(?::| port is )(\d+)|^ +(IN_PORT)$", re.MULTILINE)
_TUNNEL_END = re.compile(r"(?:ipv4\(src=[\d.]+,|tunnel\([^)]*?)dst=([\d.]+)")
_TO_AGENT = re.compile(r"userspace\(.*controller\(")
_SMALL_ENOUGH = ",le("
"""What comes before the actions for packets that are not too big, behind those for others."""

_PORT_FIELDS = {
    TCP: ("tcp_src", "tcp_dst"),
    UDP: ("udp_src", "udp_dst"),
    SCTP: ("sctp_src", "sctp_dst"),
    ICMP: ("icmp_type", "icmp_code"),
    ICMPV6: ("icmpv6_type", "icmpv6_code"),
}
_NAMES = {table.number: table.name for table in TABLES}


class SwitchPorts(NamedTuple):
    """What the OpenFlow ports of the switch are."""

    workloads: Mapping[int, Id]
    tunnel: int
    services: int


def flow_of(port: int, frame: bytes) -> str:
    """The fields of the IP packet in a frame from an OpenFlow port; of a frame without one, those of Ethernet."""
    ends = f"in_port={port},dl_dst={frame[:6].hex(':')},dl_src={frame[6:12].hex(':')}"
    header, packet = header_of(frame), packet_in(frame)
    if header is None or packet is None:
        return f"{ends},dl_type=0x{frame[12:14].hex()}"
    prefix = "ipv6" if packet.ipv6 else "nw"
    fields = [ends, f"dl_type=0x{frame[12:14].hex()}", f"nw_proto={packet.protocol}", f"nw_ttl={time_to_live(header)}"]
    fields += [f"{prefix}_src={ip_text(packet.source)}", f"{prefix}_dst={ip_text(packet.destination)}"]
    if packet.protocol in _PORT_FIELDS and packet.source_port is not None:
        source, destination = _PORT_FIELDS[packet.protocol]
        fields += [f"{source}={packet.source_port}", f"{destination}={packet.destination_port}"]
    if packet.protocol == TCP:
        fields.append("tcp_flags=syn")
    return ",".join(fields)


def fate_in(text: str, ports: SwitchPorts) -> Fate:
    """What the text says becomes of the packet, after all its recirculations."""
    actions = (_ACTIONS.findall(text) or ["drop"])[-1].strip().rpartition(_SMALL_ENOUGH)[2]
    where = _last_table(text)
    if _TO_AGENT.search(actions):
        return Fate(Outcome.ASKED, where=where)
    outputs = [int(number or _IN_PORT.findall(text)[0]) for number, _ in _OUTPUT.findall(text)]
    if actions == "drop" or not outputs:
        return Fate(Outcome.DROPPED, where=where)
    if outputs[-1] == ports.services:
        return Fate(Outcome.SERVED, where=where)
    if outputs[-1] == ports.tunnel:
        found = _TUNNEL_END.search(actions)
        return Fate(Outcome.TUNNELLED, vtep=ipv4_number(found[1]) if found else 0, where=where)
    return Fate(Outcome.DELIVERED, port_id=ports.workloads.get(outputs[-1], b""), where=where)


def _last_table(text: str) -> str:
    """The name of the last table of the pipeline that the packet came to; that of tunnels is another bridge's."""
    pipeline, bridge, last = "", "", ""
    for line in text.splitlines():
        if found := _BRIDGE.match(line):
            bridge = found[1]
            pipeline = pipeline or bridge
        elif bridge == pipeline and (found := _TABLE.match(line)):
            last = _NAMES.get(int(found[1]), found[1])
    return last
