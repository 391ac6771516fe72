"""Asking ovs-vswitchd what would become of a packet (``ofproto/trace``), and reading what it says.

It is asked about the fields of the packet: given the packet itself it would hand it to the agent where flows say so.
Of a connection it knows nothing then but its state, so where the packet comes back from connection tracking it is asked
anew, with the packet as what the connection begins with.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from alcor.dataplane.driver import Fate, Outcome
from alcor.dataplane.ovs.control_socket import ControlSocket
from alcor.dataplane.ovs.tables import TABLES
from alcor.dataplane.packet import ICMP, ICMPV6, SCTP, TCP, UDP, Packet, packet_in
from alcor.dataplane.routed_packets import header_of, routed, time_to_live
from alcor.model.addresses import ip_text, ipv4_number, mac_number
from alcor.model.identifiers import Id

_TABLE = re.compile(r"^ ?(\d+)\. ")  # deeper ones were only asked
_BRIDGE = re.compile(r'^bridge\("(.*)"\)$')
_ACTIONS = re.compile(r"^Datapath actions: (.*)$", re.MULTILINE)
_IN_PORT = re.compile(r"\bin_port=(\d+)")
_OUTPUT = re.compile(r"\boutput(?::| port is )(\d+)|^ +(IN_PORT)$", re.MULTILINE)
_TUNNEL_END = re.compile(r"(?:ipv4\(src=[\d.]+,|tunnel\([^)]*?)dst=([\d.]+)")
_TUNNEL_VNI = re.compile(r"\b(?:vni|tun_id)=0x([0-9a-f]+)")
_MACS_SET = re.compile(r"\bset\(eth\((?:src=([0-9a-f:]+))?,?(?:dst=([0-9a-f:]+))?")
_TIME_SET = re.compile(r"\bset\(ipv[46]\([^)]*\b(?:ttl|hlimit)=(\d+)")
_TO_AGENT = re.compile(r"userspace\(.*controller\(")
_TRACKED = re.compile(r"zone=(\d+)\),recirc\(0x[0-9a-f]+\)*$")
_RESUMED = re.compile(r"will be resumed at table (\d+)")
_FLOW = re.compile(r"^(?:Final flow|Flow): (?!unchanged)(.*)$", re.MULTILINE)
_NEXT_PASS = "\n====="
_MOST_PASSES = 4
_SMALL_ENOUGH = ",le("
"""What comes before the actions for packets that are not too big, behind those for others."""

_PORT_FIELDS = {
    TCP: ("tcp_src", "tcp_dst"),
    UDP: ("udp_src", "udp_dst"),
    SCTP: ("sctp_src", "sctp_dst"),
    ICMP: ("icmp_type", "icmp_code"),
    ICMPV6: ("icmpv6_type", "icmpv6_code"),
}
_SAID_ANEW = ("recirc_id=", "ct_", "tp_", "icmp_type=", "icmp_code=", "tun_", "gtpu_")
"""Fields that are of one pass only, or have names by which they are not understood again. Of the tunnel that a packet
came by the metadata tell."""

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
    fields += _port_fields(packet)
    if packet.protocol == TCP:
        fields.append("tcp_flags=syn")
    return ",".join(fields)


def arriving_flow(tunnel: int, vni: int, frame: bytes) -> str:
    """The fields of the IP packet in a frame that comes by tunnel in a VPC."""
    return f"{flow_of(tunnel, frame)},tun_id={vni:#x}"


def _port_fields(packet: Packet) -> list[str]:
    """Those that say its ports, or its type and code; none where there are none."""
    if packet.protocol not in _PORT_FIELDS or packet.source_port is None:
        return []
    source, destination = _PORT_FIELDS[packet.protocol]
    return [f"{source}={packet.source_port}", f"{destination}={packet.destination_port}"]


async def trace(control: ControlSocket, bridge: str, flow: str, frame: bytes) -> str:
    """What ovs-vswitchd says of the IP packet in a frame that has these fields, pass by pass.

    Raises OSError when it is away, jsonrpc.RpcError when it refuses.
    """
    passes = [str(await control.call("ofproto/trace", bridge, flow)).partition(_NEXT_PASS)[0]]
    while len(passes) < _MOST_PASSES and (resumed := resumption(passes[-1], frame)) is not None:
        text = str(await control.call("ofproto/trace-packet-out", bridge, *resumed))
        passes.append(text.partition(_NEXT_PASS)[0])
    return "\n".join(passes)


def resumption(text: str, frame: bytes) -> tuple[str, str] | None:
    """The flow and the actions with which a packet goes on from connection tracking, as the first of a connection; None
    when its pass ends otherwise."""
    tracked, tables, packet = _TRACKED.search(_last_actions(text)), _RESUMED.findall(text), packet_in(frame)
    if tracked is None or not tables or packet is None:
        return None
    fields = [each for each in _FLOW.findall(text)[-1].split(",") if not each.startswith(_SAID_ANEW) and each != "eth"]
    ends = "ct_ipv6" if packet.ipv6 else "ct_nw"
    fields += ["ct_state=trk|new", f"ct_zone={tracked[1]}", f"ct_nw_proto={packet.protocol}"]
    fields += [f"{ends}_src={ip_text(packet.source)}", f"{ends}_dst={ip_text(packet.destination)}"]
    if ports := _port_fields(packet):
        fields += ports
        fields += [f"ct_tp_src={packet.source_port}", f"ct_tp_dst={packet.destination_port}"]
    return ",".join(fields), f"resubmit(,{tables[-1]})"


def _last_actions(text: str) -> str:
    """The actions of the datapath for a packet that is not too big."""
    found: list[str] = _ACTIONS.findall(text) or ["drop"]
    return found[-1].strip().rpartition(_SMALL_ENOUGH)[2]


def fate_in(text: str, frame: bytes, ports: SwitchPorts) -> Fate:
    """What the text says becomes of the packet in a frame, after all its passes."""
    actions = _last_actions(text)
    where = _last_table(text)
    if _TO_AGENT.search(actions):
        return Fate(Outcome.ASKED, where=where)
    outputs = [int(number or _IN_PORT.findall(text)[0]) for number, _ in _OUTPUT.findall(text)]
    if actions == "drop" or not outputs:
        return Fate(Outcome.DROPPED, where=where)
    if outputs[-1] == ports.services:
        return Fate(Outcome.SERVED, where=where)
    if outputs[-1] == ports.tunnel:
        end, vni = _TUNNEL_END.search(actions), _TUNNEL_VNI.search(actions)
        return Fate(
            Outcome.TUNNELLED,
            vtep=ipv4_number(end[1]) if end else 0,
            where=where,
            vni=int(vni[1], 16) if vni else 0,
            frame=_changed(frame, actions),
        )
    return Fate(Outcome.DELIVERED, port_id=ports.workloads.get(outputs[-1], b""), where=where)


def _changed(frame: bytes, actions: str) -> bytes:
    """The frame as the actions of the datapath change it: routers do, which come after all that tracks connections."""
    header, macs, time = header_of(frame), _MACS_SET.search(actions), _TIME_SET.search(actions)
    if header is None:
        return frame
    source, destination = (macs[1], macs[2]) if macs else (None, None)
    return routed(
        frame,
        header,
        mac_number(source or frame[6:12].hex(":")),
        mac_number(destination or frame[:6].hex(":")),
        time_to_live(header) - int(time[1]) if time else 0,
    )


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
