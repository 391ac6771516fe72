"""The steps that a port decides by itself: whether it works, and from which addresses its workload may send."""

from collections.abc import Collection
from ipaddress import ip_address

from alcor.dataplane import port_security
from alcor.dataplane.host_services import SERVICE_IPV4, SERVICE_IPV6, SERVICES
from alcor.dataplane.packet import Packet
from alcor.model.addresses import ip_text, ipv4_text, is_link_local, link_local
from alcor.trace.cloud import Port
from alcor.trace.steps import Step, Thing, passes, stops, unknown

_SERVICE_ADDRESSES = (SERVICE_IPV4.to_bytes(4), SERVICE_IPV6)
_BROADCAST = b"\xff\xff\xff\xff"
_ACTIVE = "ACTIVE"


def state(port: Port, role: str) -> Step:
    """Whether the port works; ``role`` is what it is called: sender, receiver."""
    if not port.record.admin_state_up:
        return stops(role, "The port is administratively down.", port.thing, "Set its admin_state_up to true.")
    if not port.vpc.record.admin_state_up:
        return stops(
            role,
            "The port's network is administratively down.",
            port.vpc.thing,
            "Set the network's admin_state_up to true.",
        )
    if not port.record.host_id:
        return stops(role, "The port is bound to no host.", port.thing, "Bind it to the host of its workload.")
    if port.node is None:
        return stops(
            role,
            "The port is bound to a host that is no node.",
            port.thing,
            "Register the host as a node, or bind the port to another.",
        )
    if port.status != _ACTIVE:
        return unknown(
            role,
            f"The port is {port.status}: its host does not say that it carries the port.",
            port.thing,
            "Is its workload plugged in, and does the host's agent run? alcor southbound status tells.",
        )
    return passes(role, "The port is up, bound, and carried by its host.", port.thing)


def source_of(port: Port, packet: Packet) -> bytes:
    """From which of its addresses a workload sends a packet that says none; empty when it has none of the version."""
    if packet.ipv6 and is_link_local(packet.destination):
        return link_local(port.record.mac)
    own = [address for _, address in port.record.fixed_ips if len(address) == len(packet.destination)]
    if own:
        return own[0]
    return link_local(port.record.mac) if packet.destination == SERVICE_IPV6 else b""


def no_source(port: Port, packet: Packet) -> Step:
    """The workload has no address to send the packet from."""
    version = 6 if packet.ipv6 else 4
    return stops(
        "source",
        f"The port has no IPv{version} address.",
        port.thing,
        f"Give it a fixed IP of a subnet of IPv{version}.",
    )


def source(port: Port, packet: Packet) -> Step:
    """Whether the workload may send from the packet's source."""
    endpoint, mac, text = port.endpoint(), port.record.mac, ip_text(packet.source)
    if not endpoint.port_security:
        return passes("source", "Port security is off: the workload may send from any address.", port.thing)
    if packet.ipv6:
        may_send = port_security.permits_ipv6(endpoint, mac, packet.source)
    else:
        may_send = port_security.permits_ipv4(endpoint, mac, int.from_bytes(packet.source))
    if may_send:
        return passes("source", f"The workload may send from {text}.", port.thing)
    pairs = ", ".join(cidr for cidr, _ in endpoint.allowed_address_pairs) or "none"
    return stops(
        "source",
        f"The workload may not send from {text}: the packet counts as spoofed.",
        port.thing,
        f"Send from one of its fixed_ips, or add {text} to its allowed_address_pairs.",
        f"allowed address pairs: {pairs}",
    )


def end(port: Port, packet: Packet) -> Step | None:
    """The step with which a packet ends that is for no other workload; None for one that goes on."""
    own = {address for _, address in port.record.fixed_ips} | {link_local(port.record.mac)}
    if packet.destination in own:
        return passes("neighbour", "The address is the sender's own: the packet never leaves the workload.", port.thing)
    if ip_address(packet.destination).is_multicast or packet.destination == _BROADCAST:
        return _flooding(port)
    return _service(port, packet, own) if packet.destination in _SERVICE_ADDRESSES else None


def _flooding(port: Port) -> Step:
    """What becomes of broadcast and multicast."""
    if port.vpc.record.on_demand:
        return stops(
            "delivery",
            "In a VPC on demand nothing is flooded: multicast and broadcast reach nobody.",
            port.vpc.thing,
            "Send to each receiver.",
        )
    return unknown(
        "delivery",
        "Multicast and broadcast reach every workload of a small VPC whose security groups let it in.",
        port.vpc.thing,
        "Does it become no more copies, for ports and hosts, than flood_copies in the settings of the sender's agent?",
    )


def _service(port: Port, packet: Packet, own: Collection[bytes]) -> Step:
    """What the host itself answers."""
    asked = [each for each in SERVICES if (each.protocol, each.port) == (packet.protocol, packet.destination_port)]
    if not asked:
        return stops(
            "host service",
            "The host answers DNS and metadata at this address, and nothing else.",
            None,
            "Ask tcp port 80 (metadata), or udp or tcp port 53 (DNS).",
        )
    if packet.source not in own:
        return stops(
            "host service",
            "The host answers what comes from a fixed IP of the port only.",
            port.thing,
            "Send from one of the port's fixed_ips.",
        )
    name = "DNS" if asked[0].port == 53 else "metadata"
    return passes("host service", f"The host itself answers {name}, whatever security groups and routers say.")


def delivery(sender: Port, receiver: Port) -> Step:
    """How the packet comes from one host to the other."""
    here, there = sender.record.host_id, receiver.record.host_id
    thing = Thing("node", there)
    if here == there:
        return passes("delivery", "The receiver is on the sender's host.", thing)
    vtep = "" if receiver.node is None else f" (VTEP {ipv4_text(receiver.node.local_ip)})"
    return passes("delivery", "It goes to the receiver's host by tunnel.", thing, f"{here} → {there}{vtep}")
