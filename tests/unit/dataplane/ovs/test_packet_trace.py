"""What ovs-vswitchd says of a packet is read: to whom it goes, or where it ends."""

import pytest

from alcor.dataplane.driver import Fate, Outcome
from alcor.dataplane.ipv4 import ipv4, ipv4_packet, routed
from alcor.dataplane.ovs.packet_trace import SwitchPorts, arriving_flow, fate_in, flow_of, resumption
from alcor.dataplane.ovs.tables import EGRESS_VERDICT, HOST, INGRESS_VERDICT, REMOTE, ROUTE, TUNNEL, UNROUTED

PORTS = SwitchPorts({3: b"sender", 4: b"receiver"}, tunnel=1, services=2)
ENDS = bytes.fromhex("fa163e000002fa163e000001")
PACKET = ipv4_packet(0x0A000001, 0x0A000002, 6, bytes.fromhex("c35001bb") + bytes(16))
FRAME = ENDS + b"\x08\0" + PACKET

PIPELINE = """Flow: udp,in_port=3,dl_src=fa:16:3e:00:00:01,dl_dst=fa:16:3e:00:00:02

bridge("br-int")
----------------
 0. in_port=3, priority 100, cookie 0xa101c55ac9a9626e
    goto_table:10
30. ip, priority 50, cookie 0xa1016eeae3254966
    ct(table=31,zone=NXM_NX_REG6[0..15])
    drop

Datapath actions: ct(zone=3),recirc(0x1)

recirc(0x1) - resume conntrack with default ct_state=trk|new (use --ct-next to customize)

bridge("br-int")
----------------
    thaw
        Resuming from table 31
31. ct_state=-rpl-inv+trk, priority 100, cookie 0xa101d5cfb0c6740b
    resubmit(,90)
    90. reg6=0x3, priority 100, cookie 0xa10133954da7a887
            drop
"""
PUSHED = (
    "tnl_push(tnl_port(3),header(size=50,type=4,eth(dst=02:a1:c0:00:00:02,dl_type=0x0800),"
    "ipv4(src=198.18.0.1,dst=198.18.0.2,proto=17,tos=0,ttl=64,frag=0x4000),udp(src=0,dst=4789,csum=0x0),vxlan(flags=0x8000000,vni=0x7)),out_port(2)),1"
)
ROUTER_MAC, NEXT_MAC = 0xFA163EFF0003, 0xFA163E000009


def as_routed() -> bytes:
    header = ipv4(FRAME)
    assert header is not None
    return routed(FRAME, header, ROUTER_MAC, NEXT_MAC, 1)


CASES = {
    "here, by a register": (
        f"{INGRESS_VERDICT.number}. priority 210\n    output:NXM_NX_REG6[]\n     -> output port is 4\n\n"
        "Datapath actions: ct(commit,zone=4),7\n",
        Fate(Outcome.DELIVERED, port_id=b"receiver", where="ingress_verdict"),
    ),
    "elsewhere, where ovs-vswitchd makes tunnels": (
        f"{TUNNEL.number}. priority 0\n    output:1\n     -> output to native tunnel\n\n"
        f"Datapath actions: ct(commit,zone=3),{PUSHED}\n",
        Fate(Outcome.TUNNELLED, vtep=0xC6120002, where="tunnel", vni=7, frame=FRAME),
    ),
    "elsewhere, where the kernel does": (
        f"{TUNNEL.number}. priority 0\n    output:1\n     -> output to kernel tunnel\n\n"
        "Datapath actions: set(tunnel(tun_id=0x7,src=198.18.0.1,dst=198.18.0.2,ttl=64,tp_dst=4789,flags(df|key))),4\n",
        Fate(Outcome.TUNNELLED, vtep=0xC6120002, where="tunnel", vni=7, frame=FRAME),
    ),
    "elsewhere, unless it is too big": (
        f"{TUNNEL.number}. priority 0\n    output:1\n     -> output to native tunnel\n\n"
        'bridge("br-phy")\n----\n 0. priority 0\n    NORMAL\n\n'
        "Datapath actions: check_pkt_len(size=1464,gt(meter(1),userspace(pid=0,controller(reason=1,max_len=65535)))"
        f",le(set(eth(src=fa:16:3e:ff:00:03,dst=fa:16:3e:00:00:09)),set(ipv4(ttl=63)),{PUSHED}))\n",
        Fate(Outcome.TUNNELLED, vtep=0xC6120002, where="tunnel", vni=7, frame=as_routed()),
    ),
    "back, as the router's answer": (
        f"{ROUTE.number}. priority 3000\n    set_field:0->icmp_type\n    IN_PORT\n\n"
        "Datapath actions: ct(commit,zone=3),set(icmp(type=0,code=0)),6\n"
        "This flow is handled by the userspace slow path because it:\n  - Uses action(s) not supported by datapath.\n",
        Fate(Outcome.DELIVERED, port_id=b"sender", where="route"),
    ),
    "to the host's services": (
        f"{HOST.number}. priority 0\n    output:2\n\nDatapath actions: meter(3),set(ipv4(dst=10.0.0.1)),5\n",
        Fate(Outcome.SERVED, where="host"),
    ),
    "to the agent": (
        f"{UNROUTED.number}. priority 0\n    CONTROLLER:65535\n\n"
        "Datapath actions: meter(2),userspace(pid=0,controller(reason=1,max_len=65535))\n",
        Fate(Outcome.ASKED, where="unrouted"),
    ),
    "nowhere": (
        f"{EGRESS_VERDICT.number}. priority 0\n    drop\n\nDatapath actions: drop\n",
        Fate(Outcome.DROPPED, where="egress_verdict"),
    ),
    "nowhere, after its connection was noted": (
        f"{REMOTE.number}. priority 0\n    drop\n\nDatapath actions: ct(commit,zone=3)\n",
        Fate(Outcome.DROPPED, where="remote"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_where_a_packet_goes_is_read(case: str) -> None:
    text, fate = CASES[case]
    assert fate_in(PIPELINE + text, FRAME, PORTS) == fate


def test_what_is_only_asked_on_the_way_is_not_where_it_ends() -> None:
    assert fate_in(PIPELINE + "\nDatapath actions: drop\n", FRAME, PORTS).where == "egress_connection"


def test_a_text_that_says_nothing_is_of_a_dropped_packet() -> None:
    assert fate_in("", FRAME, PORTS) == Fate(Outcome.DROPPED)


def test_a_packet_is_asked_about_by_its_fields() -> None:
    assert flow_of(3, FRAME) == (
        "in_port=3,dl_dst=fa:16:3e:00:00:02,dl_src=fa:16:3e:00:00:01,dl_type=0x0800,nw_proto=6,nw_ttl=64,"
        "nw_src=10.0.0.1,nw_dst=10.0.0.2,tcp_src=50000,tcp_dst=443,tcp_flags=syn"
    )
    assert flow_of(3, FRAME[:14]) == "in_port=3,dl_dst=fa:16:3e:00:00:02,dl_src=fa:16:3e:00:00:01,dl_type=0x0800"


def test_what_comes_by_tunnel_is_asked_about_by_the_fields_of_the_inner_packet() -> None:
    assert arriving_flow(1, 70001, FRAME) == f"{flow_of(1, FRAME)},tun_id=0x11171"


PASS = """Flow: tcp,in_port=3,nw_src=10.0.0.1,nw_dst=10.0.0.2

bridge("br-int")
----------------
40. ip, priority 50, cookie 0xa1016b8190786586
    ct(table=62,zone=NXM_NX_REG6[0..15])
    drop
     -> A clone of the packet is forked to recirculate. The forked pipeline will be resumed at table 62.

Final flow: recirc_id=0x3,ct_state=new|trk,eth,tcp,reg6=0x4,in_port=3,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_src=50000
Megaflow: recirc_id=0,eth,ip,in_port=3
Datapath actions: """


@pytest.mark.parametrize(
    "actions",
    [
        "ct(commit,zone=3),ct(zone=4),recirc(0x6)",
        "check_pkt_len(size=1464,gt(userspace(pid=0,controller(reason=1))),le(set(ipv4(ttl=63)),ct(zone=4),recirc(0x6)))",
    ],
)
def test_a_packet_goes_on_from_connection_tracking_as_the_first_of_a_connection(actions: str) -> None:
    assert resumption(f"{PASS}{actions}\n", FRAME) == (
        "tcp,reg6=0x4,in_port=3,nw_src=10.0.0.1,nw_dst=10.0.0.2,ct_state=trk|new,ct_zone=4,ct_nw_proto=6,"
        "ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2,tcp_src=50000,tcp_dst=443,ct_tp_src=50000,ct_tp_dst=443",
        "resubmit(,62)",
    )
    assert resumption(f"{PASS}drop\n", FRAME) is None
