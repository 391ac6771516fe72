"""What the pipeline is made of: tables, and the form of their rules."""

from typing import NamedTuple

from alcor.dataplane.network_acls import MOST_NUMBER
from alcor.dataplane.ovs.openflow.actions import Instruction
from alcor.dataplane.ovs.openflow.template import Value


class Table(NamedTuple):
    """A stage of the pipeline."""

    number: int
    name: str
    purpose: str


class Match(NamedTuple):
    """A condition: the field has this value, in the bits of the mask if there is one."""

    field: str
    value: Value
    mask: Value | None = None


class Rule(NamedTuple):
    """A kind of flow. Without actions the packet is dropped, and counted."""

    name: str
    table: Table
    priority: int
    matches: tuple[Match, ...]
    actions: tuple[Instruction, ...]
    purpose: str
    idles: bool = False  # its flows go by themselves when they meet no packet for a while
    by_prefix: bool = False  # its priority is of a prefix without bits; each bit more lifts a flow of it
    by_number: bool = False  # its priority is of number 0; a flow of it is lower by its number


PRIORITIES_OF_A_BIT = 16
"""By how much a bit more in its prefix lifts a flow of a rule that goes by prefixes."""
_MOST_BITS = 128


def priorities(rule: Rule) -> range:
    """Those that flows of a rule may have."""
    if rule.by_number:
        return range(rule.priority - MOST_NUMBER, rule.priority + 1)
    bits = _MOST_BITS if rule.by_prefix else 0
    return range(rule.priority, rule.priority + bits * PRIORITIES_OF_A_BIT + 1, PRIORITIES_OF_A_BIT)


CLASSIFY = Table(0, "classify", "whose packet is it: write its VPC's VNI into the metadata")
SOURCE_GUARD = Table(10, "source_guard", "a workload sends only from its own addresses (anti-spoofing)")
NEIGHBOUR_GUARD = Table(15, "neighbour_guard", "a workload advertises only its own addresses to its neighbours")
PUNT = Table(20, "punt", "what the agent answers goes to the agent")
SERVICES_OF_PORT = Table(25, "services_of_port", "tell the host which of its workloads asks")
HOST = Table(26, "host", "hand it to the host's own programs")
ANSWERS = Table(27, "answers", "what the host's programs answer comes from where the workload asked")
ANSWERED = Table(28, "answered", "bring the answer to the workload that asked")
EGRESS = Table(30, "egress", "of IP, a workload sends only what its security groups let pass")
EGRESS_CONNECTION = Table(31, "egress_connection", "ask the rules that the packet's connection stands by")
EGRESS_VERDICT = Table(32, "egress_verdict", "do as the security groups say")
LEAVING = Table(33, "leaving", "does it leave a subnet that has a network ACL")
EGRESS_ACL = Table(34, "egress_acl", "only what the network ACL of its subnet lets out leaves it")
GATEWAY = Table(40, "gateway", "is it for the MAC address of a router")
ROUTE = Table(45, "route", "find the subnet that a router sends it to, or the next hop")
SPREAD = Table(46, "spread", "choose one of several ways of a route")
PATH = Table(47, "path", "go by the way that was chosen")
NEXT_HOP = Table(50, "next_hop", "find who has the address there, and send it on as the router")
FLOOD = Table(51, "flood", "who hears broadcast and multicast")
COPIES_HERE = Table(52, "copies_here", "a copy for each workload of this host")
COPIES_THERE = Table(53, "copies_there", "a copy for each other host")
UNROUTED = Table(55, "unrouted", "the agent finds the next hop, or says that there is none")
TIME_TO_LIVE = Table(57, "time_to_live", "every router on the way takes one off its time to live")
COPY = Table(59, "copy", "deliver a copy to one workload")
LOCAL = Table(60, "local", "deliver to a workload on this host")
ENTERING = Table(61, "entering", "does it enter a subnet that has a network ACL")
INGRESS_ACL = Table(62, "ingress_acl", "only what the network ACL of its subnet lets in enters it")
ENTERED = Table(63, "entered", "on to the workload behind the port")
INGRESS = Table(64, "ingress", "of IP, a workload receives only what its security groups let pass")
INGRESS_CONNECTION = Table(65, "ingress_connection", "ask the rules that the packet's connection stands by")
INGRESS_VERDICT = Table(66, "ingress_verdict", "do as the security groups say")
REMOTE = Table(70, "remote", "find the host of a MAC address elsewhere")
MISS = Table(75, "miss", "in a VPC on demand, the agent asks who has a MAC address")
UNDECIDED = Table(76, "undecided", "the agent finds out whether the other end is in a group")
TUNNEL = Table(80, "tunnel", "send to the other host by VXLAN")
GROUPS_OF_PORT = Table(90, "groups_of_port", "ask each security group of a port")
GROUP = Table(91, "group", "ask the rules of a security group")
GROUP_RULES = Table(92, "rules", "does a rule let it pass")
MEMBERS = Table(93, "members", "is the other end in the group that a rule names")

TABLES = (
    CLASSIFY,
    SOURCE_GUARD,
    NEIGHBOUR_GUARD,
    PUNT,
    SERVICES_OF_PORT,
    HOST,
    ANSWERS,
    ANSWERED,
    EGRESS,
    EGRESS_CONNECTION,
    EGRESS_VERDICT,
    LEAVING,
    EGRESS_ACL,
    GATEWAY,
    ROUTE,
    SPREAD,
    PATH,
    NEXT_HOP,
    FLOOD,
    COPIES_HERE,
    COPIES_THERE,
    UNROUTED,
    TIME_TO_LIVE,
    COPY,
    LOCAL,
    ENTERING,
    INGRESS_ACL,
    ENTERED,
    INGRESS,
    INGRESS_CONNECTION,
    INGRESS_VERDICT,
    REMOTE,
    MISS,
    UNDECIDED,
    TUNNEL,
    GROUPS_OF_PORT,
    GROUP,
    GROUP_RULES,
    MEMBERS,
)
