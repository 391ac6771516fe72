"""The way of a packet from a port to whoever has its destination, and of the answer back."""

import msgspec

from alcor.dataplane.packet import Packet
from alcor.model.identifiers import Id
from alcor.trace import ports
from alcor.trace.acls import judge_border
from alcor.trace.cloud import Cloud, Port
from alcor.trace.groups import Asked, judge
from alcor.trace.question import answer_to
from alcor.trace.routing import Onward, onward
from alcor.trace.steps import Step, Trace, Verdict, stops, unknown, worst


class _Way(msgspec.Struct):
    """One way of a packet: there, or as an ``answer_to`` what went there, which these ports' hosts remember."""

    packet: Packet
    began: Packet | None = None
    remembering: set[Id] = set()
    steps: list[Step] = []
    receiver: Port | None = None

    def is_answer(self) -> bool:
        return self.began is not None


def trace(cloud: Cloud, sender: Port, packet: Packet) -> tuple[Packet, Trace]:
    """Follow a packet that the workload behind a port sends; returns it with its source, and all steps.

    Every step there is looked at, also after one that stops the packet, as far as it can be told where it would go on;
    the way back only if nothing stops it there.
    """
    if not packet.source:
        packet = packet._replace(source=ports.source_of(sender, packet))
    there = _Way(packet)
    there.steps.append(ports.state(sender, "sender"))
    if not packet.source:
        there.steps.append(ports.no_source(sender, packet))
        return packet, Trace(tuple(there.steps))
    _follow(cloud, sender, there)
    steps = there.steps
    answer = answer_to(packet)
    if there.receiver is not None and answer is not None and worst(steps) is not Verdict.STOPS:
        back = _Way(answer, packet, there.remembering)
        _follow(cloud, there.receiver, back)
        steps = steps + [msgspec.structs.replace(each, is_answer=True) for each in back.steps]
    return packet, Trace(tuple(steps))


def _follow(cloud: Cloud, sender: Port, way: _Way) -> None:
    """From a sender to the receiver, through the workloads that routes lead to."""
    origin, packet = sender, way.packet
    passed: set[Id] = set()
    while sender.record.id not in passed:
        passed.add(sender.record.id)
        way.steps.append(ports.source(sender, packet))
        end = ports.end(sender, packet)
        if end is not None:
            way.steps.append(end)
            return
        going = onward(cloud, sender, packet)
        owner = _owner(cloud, going, packet.destination)
        ends = [origin] if owner is None else [origin, owner]
        _ask_groups(cloud, sender, way, ends, ingress=False)
        _cross_border(cloud, sender, way, ingress=False)
        way.steps += going.steps
        if not going.next_hop:
            return
        receiver = _arrive(cloud, sender, going, way, ends)
        if receiver is None:
            return
        if receiver is owner or any(address == packet.destination for _, address in receiver.record.fixed_ips):
            way.receiver = receiver
            return
        way.steps.append(_forwards(receiver))
        sender = _leaves_by(cloud, receiver, packet)
    way.steps.append(
        stops(
            "workload",
            "Routes lead back to a workload that has forwarded the packet before.",
            sender.thing,
            "Change the routes that lead to it.",
        )
    )


def _arrive(cloud: Cloud, sender: Port, going: Onward, way: _Way, ends: list[Port]) -> Port | None:
    receiver = cloud.port_at(going.vpcs[-1], going.next_hop)
    if receiver is None:
        way.steps.append(_nobody(cloud, sender, going))
        return None
    if not way.is_answer():
        if receiver.record.host_id:
            way.steps.append(ports.delivery(sender, receiver))
        way.steps.append(ports.state(receiver, "receiver"))
    _cross_border(cloud, receiver, way, ingress=True)
    _ask_groups(cloud, receiver, way, ends, ingress=True)
    return receiver


def _nobody(cloud: Cloud, sender: Port, going: Onward) -> Step:
    """No port has the address of the next hop. Neighbours may share one that is in no record, where they are asked
    for it; routers find none."""
    is_neighbour = len(going.vpcs) == 1 and not sender.vpc.record.on_demand
    sharers = cloud.sharers(going.vpcs[0], going.next_hop) if is_neighbour else ()
    if sharers:
        return unknown(
            "receiver",
            "No port has the address as its own: of those that may send from it, whoever holds it answers.",
            sharers[0].thing,
            "Trace to the fixed IP of the port that holds it now.",
        )
    return stops(
        "receiver",
        "Nobody has the address: host unreachable.",
        None,
        "Is it the right one? A port must have it as a fixed IP.",
    )


def _ask_groups(cloud: Cloud, port: Port, way: _Way, ends: list[Port], ingress: bool) -> None:
    port_id = port.record.id
    remembered = way.began if way.is_answer() and port_id in way.remembering else None
    asked = Asked(way.packet, ingress, ends, way.is_answer(), remembered)
    judgement = judge(port, cloud.groups(port), asked)
    way.steps.append(judgement.step)
    if judgement.is_tracked and not way.is_answer():
        way.remembering.add(port_id)


def _cross_border(cloud: Cloud, port: Port, way: _Way, ingress: bool) -> None:
    step = judge_border(cloud, port, way.packet, ingress)
    if step is not None:
        way.steps.append(step)


def _owner(cloud: Cloud, going: Onward, address: bytes) -> Port | None:
    """Who has the destination, in the VPCs that the way leads through, the last first."""
    found = (cloud.port_at(vpc_id, address) for vpc_id in reversed(going.vpcs))
    return next((each for each in found if each is not None), None)


def _forwards(port: Port) -> Step:
    return unknown(
        "workload",
        "The next hop is a workload: whether it forwards the packet is its own affair.",
        port.thing,
        "Have it forward packets (net.ipv4.ip_forward, net.ipv6.conf.all.forwarding).",
    )


def _leaves_by(cloud: Cloud, port: Port, packet: Packet) -> Port:
    """The port by which a workload sends on what came to one of its ports: that of the destination's subnet."""
    for each in cloud.ports_of_device(port):
        for subnet_id, _ in each.record.fixed_ips:
            subnet = cloud.subnet(subnet_id)
            if subnet is not None and subnet.covers(packet.destination):
                return each
    return port
