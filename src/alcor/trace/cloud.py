"""What a trace asks of the cloud: resources on the way of a packet, each with its name and project."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from alcor.dataplane.driver import Endpoint
from alcor.dataplane.endpoints import endpoint_of
from alcor.dataplane.routers import prefix_of
from alcor.dpm.goal_states import port_state
from alcor.dpm.routers import RouterModel
from alcor.model.identifiers import Id
from alcor.model.records import (
    NetworkAclRecord,
    NodeRecord,
    PortRecord,
    RouterInterfaceRecord,
    RouteTableRecord,
    SecurityRule,
    SubnetRecord,
    VpcRecord,
)
from alcor.trace.steps import Thing


class Vpc(msgspec.Struct, frozen=True):
    """A VPC."""

    thing: Thing
    record: VpcRecord


class Subnet(msgspec.Struct, frozen=True):
    """A subnet."""

    thing: Thing
    record: SubnetRecord

    def version(self) -> int:
        """Of IP."""
        return prefix_of(self.record.cidr)[2]

    def covers(self, address: bytes) -> bool:
        """Whether an address is in it."""
        return is_in(self.record.cidr, address)


class Port(msgspec.Struct, frozen=True):
    """A port, its VPC, and the host it is bound to, if that is a node."""

    thing: Thing
    record: PortRecord
    vpc: Vpc
    status: str
    node: NodeRecord | None = None

    def endpoint(self) -> Endpoint:
        """The port as its host's data plane is told of it."""
        return endpoint_of(port_state(self.record, self.vpc.record))


class Router(msgspec.Struct, frozen=True):
    """A router with its interfaces, and the route tables of the subnets and VPCs that these are in, by their owner."""

    thing: Thing
    model: RouterModel
    tables: Mapping[Id, RouteTableRecord] = {}
    table_things: Mapping[Id, Thing] = {}


class Rule(msgspec.Struct, frozen=True):
    """A rule of a security group."""

    id: str
    record: SecurityRule


class Group(msgspec.Struct, frozen=True):
    """A security group with its rules, and what is in the address groups that they name."""

    thing: Thing
    stateful: bool
    rules: tuple[Rule, ...]
    address_groups: Mapping[Id, tuple[str, ...]] = {}  # CIDRs


class Acl(msgspec.Struct, frozen=True):
    """A network ACL."""

    thing: Thing
    record: NetworkAclRecord


class Cloud(Protocol):
    """One state of the whole cloud, to be looked things up in."""

    def subnet(self, subnet_id: Id) -> Subnet | None:
        """A subnet."""

    def port_at(self, vpc_id: Id, address: bytes) -> Port | None:
        """The port that has an address in a VPC; a link-local one that of the MAC address from which it is made."""

    def sharers(self, vpc_id: Id, address: bytes) -> Sequence[Port]:
        """Ports of a VPC that may send from an address by an allowed address pair: of a large VPC none."""

    def ports_of_device(self, port: Port) -> Sequence[Port]:
        """The ports of a port's device, itself among them: of one without a device itself alone."""

    def interfaces(self, vpc_id: Id) -> Sequence[RouterInterfaceRecord]:
        """The interfaces of routers in a VPC."""

    def router(self, router_id: Id) -> Router | None:
        """A router."""

    def groups(self, port: Port) -> Sequence[Group]:
        """The security groups of a port."""

    def network_acl(self, acl_id: Id) -> Acl | None:
        """A network ACL."""


def is_in(cidr: str, address: bytes) -> bool:
    """Whether an address is one of a CIDR's."""
    network, mask, version = prefix_of(cidr)
    return version == (4 if len(address) == 4 else 6) and int.from_bytes(address) & mask == network
