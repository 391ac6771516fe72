"""What the network ACL at the border of a port's subnet says of a packet, and which of its rules decides."""

from alcor.dataplane.acl_verdicts import deciding_rule, judging_acl
from alcor.dataplane.network_acls import NetworkAclRule, SubnetAcl
from alcor.dataplane.packet import ESSENTIAL_ICMPV6, ICMPV6, Packet
from alcor.dataplane.subnet_acls import data_plane_acl, subnet_acls
from alcor.dpm.goal_states import network_acl_state, port_state, subnet_state
from alcor.model.addresses import ip_text
from alcor.trace.cloud import Cloud, Port
from alcor.trace.question import protocol_name
from alcor.trace.steps import Step, passes, stops


def judge_border(cloud: Cloud, port: Port, packet: Packet, ingress: bool) -> Step | None:
    """Of a packet that a port sends, or that comes to it; None where it crosses no border, or none that has an ACL."""
    if packet.protocol == ICMPV6 and packet.source_port in ESSENTIAL_ICMPV6:
        return None
    subnets = _subnets(cloud, port)
    own, other = packet.other_end(not ingress), packet.other_end(ingress)
    acl_id = judging_acl(subnets, own, other) if subnets else None
    acl = None if acl_id is None else cloud.network_acl(acl_id)
    if acl is None:
        return None
    name = "network ACL of receiver's subnet" if ingress else "network ACL of sender's subnet"
    to_do = "come in" if ingress else "leave"
    rule = deciding_rule(data_plane_acl(network_acl_state(acl.record)), packet, ingress)
    if rule is not None and rule.allow:
        return passes(name, f"A rule of the network ACL lets it {to_do}.", acl.thing, rule_text(rule))
    return stops(
        name,
        f"The network ACL does not let it {to_do}: each packet is judged by itself, also what answers another.",
        acl.thing,
        f"Add a rule of a lower number that lets it {to_do}.",
        "" if rule is None else rule_text(rule),
    )


def _subnets(cloud: Cloud, port: Port) -> tuple[SubnetAcl, ...]:
    """As the data plane of the port's host is told of them."""
    vpc = port.vpc.record
    found = [cloud.subnet(subnet_id) for subnet_id in dict.fromkeys(each for each, _ in port.record.fixed_ips)]
    states = {each.record.id: subnet_state(each.record, vpc) for each in found if each is not None}
    return subnet_acls(port_state(port.record, vpc), states)


def rule_text(rule: NetworkAclRule) -> str:
    """``egress rule 100 allows IPv4 tcp 80-443 to 10.0.0.0/8``: a rule in a line."""
    protocol = "any protocol" if rule.protocol is None else protocol_name(rule.protocol)
    words = ["ingress" if rule.ingress else "egress", f"rule {rule.number}", "allows" if rule.allow else "denies"]
    words += [f"IPv{rule.version}", protocol, *_ports(rule), "from" if rule.ingress else "to"]
    return " ".join([*words, f"{ip_text(rule.prefix.address)}/{rule.prefix.length}"])


def _ports(rule: NetworkAclRule) -> list[str]:
    types = [("type", rule.icmp_type), ("code", rule.icmp_code)]
    low, high = rule.port_range_min, rule.port_range_max
    ports = [] if low is None else [str(low) if low == high else f"{low}-{high}"]
    return ports + [f"{name} {value}" for name, value in types if value is not None]
