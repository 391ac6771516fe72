"""A small cloud as plain data: what there is, and who may say what to whom."""

from dataclasses import dataclass, field
from typing import Literal

from tests.e2e.probes import Protocol

Direction = Literal["ingress", "egress"]
VERSIONS = (4, 6)
PORTS = (7000, 7004)  # where every workload answers


@dataclass(frozen=True)
class Rule:
    """Of a security group. What is None is any; at most one of the remotes says something."""

    direction: Direction
    version: int
    protocol: Protocol | None = None
    ports: tuple[int, int] | None = None  # a range of the destination's; of ICMP the type, twice
    remote_prefix: str = ""
    remote_group: str = ""
    remote_address_group: str = ""


@dataclass
class Group:
    """A security group."""

    is_stateful: bool
    rules: set[Rule] = field(default_factory=set)


@dataclass(frozen=True)
class AclRule:
    """Of a network ACL. What is None is any."""

    number: int  # each once in a direction; the lowest that is about a packet decides
    direction: Direction
    allows: bool
    version: int | None = None
    protocol: Protocol | None = None
    ports: tuple[int, int] | None = None  # as in a Rule
    prefix: str = ""


@dataclass
class Acl:
    """A network ACL."""

    network: str
    rules: set[AclRule] = field(default_factory=set)


@dataclass
class Subnet:
    """A pair of subnets, one of each IP version, of a network."""

    network: str
    cidrs: dict[int, str]
    router: str = ""  # at their gateway addresses
    acl: str = ""


@dataclass
class Workload:
    """With an address in each subnet of the pair."""

    host: int
    subnet: str
    groups: tuple[str, ...] = ()
    is_guarded: bool = True  # by port security
    is_up: bool = True
    addresses: dict[int, str] = field(default_factory=dict)


@dataclass
class World:
    """Everything by its name."""

    on_demand: dict[str, bool]  # by network
    routers: dict[str, bool]  # whether they are up
    subnets: dict[str, Subnet]
    groups: dict[str, Group]
    address_groups: dict[str, set[str]]
    acls: dict[str, Acl]
    workloads: dict[str, Workload]


@dataclass(frozen=True)
class Probe:
    """A question from one workload to another, which passes when the answer comes back."""

    source: str
    target: str
    version: int
    protocol: Protocol
    port: int = 0
