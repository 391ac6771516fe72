"""What the change log carries: the facts about resources from which goal states are compiled.

Each committed transaction that matters to hosts leaves one change-log entry holding the new records of what it
changed. A reader that starts late, or lost its place, gets the same records from the tables (store.snapshot).
Records are complete: the latest record of a resource replaces any earlier one, so applying one twice is harmless.
"""

import msgspec

from alcor.model.identifiers import Id


class VpcRecord(msgspec.Struct, frozen=True, array_like=True, tag="vpc"):
    """A network with its own virtual layer 2."""

    id: Id
    vni: int
    mtu: int
    dns_domain: str = ""
    admin_state_up: bool = True
    on_demand: bool = False  # whether hosts ask for its ports (model.programming)
    queued: bool = False  # whether what changes of its ports is published for all its hosts at once, too


class SubnetRecord(msgspec.Struct, frozen=True, array_like=True, tag="subnet"):
    """A subnet of a VPC: what its ports' DHCP answers say."""

    id: Id
    vpc_id: Id
    cidr: str
    gateway_ip: str  # empty for none
    enable_dhcp: bool
    dns_nameservers: tuple[str, ...] = ()
    host_routes: tuple[tuple[str, str], ...] = ()  # (destination CIDR, next hop)
    ipv6_ra_mode: str = ""  # as in the API (model.ipv6_modes), empty for none
    ipv6_address_mode: str = ""
    network_acl: Id = b""  # its own, or the default of the VPC; empty for none


class PortRecord(msgspec.Struct, frozen=True, array_like=True, tag="port"):
    """A port, bound to a host or not."""

    id: Id
    vpc_id: Id
    mac: int
    fixed_ips: tuple[tuple[Id, bytes], ...]  # (subnet id, packed address)
    host_id: str = ""  # empty while unbound
    admin_state_up: bool = True
    port_security: bool = True
    allowed_address_pairs: tuple[tuple[str, int], ...] = ()  # (CIDR, MAC)
    dhcp_options: tuple[tuple[str, str, int], ...] = ()  # (name, value, IP version)
    hostname: str = ""
    security_groups: tuple[Id, ...] = ()
    device_id: str = ""  # of the server that it belongs to
    project_id: str = ""


class NodeRecord(msgspec.Struct, frozen=True, array_like=True, tag="node"):
    """A host that runs a control agent."""

    host_id: str
    host_index: int  # what the wire calls it; never reused
    local_ip: int  # IPv4 address of its VTEP
    topic: str = ""  # by which the message queue reaches it
    key: str = ""  # of messages of the topic that are for it
    generation: int = 0  # how often it was revoked
    cell: str = ""  # of the region, which may have a message queue of its own


class RouterRecord(msgspec.Struct, frozen=True, array_like=True, tag="router"):
    """A router. Its interfaces have records of their own, which may come before it."""

    id: Id
    admin_state_up: bool = True
    routes: tuple[tuple[str, str], ...] = ()  # (destination CIDR, next hop)


class RouterInterfaceRecord(msgspec.Struct, frozen=True, array_like=True, tag="router-interface"):
    """A port by which a router is in a VPC, beside the port's own record, if it has one.

    It says what is needed of its surroundings, of which only the VPC's MTU ever changes.
    """

    id: Id  # the port's
    router_id: Id
    vpc_id: Id
    vni: int
    mac: int
    addresses: tuple[tuple[Id, str, bytes], ...]  # (subnet id, the subnet's CIDR, packed address)
    admin_state_up: bool = True
    mtu: int = 0  # of the VPC


class SecurityRule(msgspec.Struct, frozen=True, array_like=True):
    """What a security group lets pass, of one direction as the workload sees it and one IP version.

    Ports are a range of the destination's; of ICMP they are type and code. What is None is any, as is an empty remote;
    at most one of the remotes says something.
    """

    ingress: bool
    ipv6: bool
    protocol: int | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    remote_prefix: str = ""  # a CIDR
    remote_group: Id = b""
    remote_address_group: Id = b""


class SecurityGroupRecord(msgspec.Struct, frozen=True, array_like=True, tag="security-group"):
    """A security group with its rules. Who is a member, the records of ports say."""

    id: Id
    stateful: bool = True
    rules: tuple[SecurityRule, ...] = ()
    queued: bool = False  # whether what changes of it is published for all its hosts at once


class AddressGroupRecord(msgspec.Struct, frozen=True, array_like=True, tag="address-group"):
    """Ranges of addresses that rules of security groups name together."""

    id: Id
    addresses: tuple[str, ...] = ()  # CIDRs


class NetworkAclRule(msgspec.Struct, frozen=True, array_like=True):
    """What a network ACL says of packets of one direction, as the subnet sees it, and one IP version.

    Of the rules that match a packet the one with the lowest number decides. Ports are a range of the destination's.
    What is None is any.
    """

    number: int
    ingress: bool
    allow: bool
    ipv6: bool
    prefix: str  # a CIDR: of the source of what enters the subnet, of the destination of what leaves it
    protocol: int | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None


class NetworkAclRecord(msgspec.Struct, frozen=True, array_like=True, tag="network-acl"):
    """A network ACL with its rules, those of a direction in the order of their numbers. For which subnets of its VPC it
    holds, their records say."""

    id: Id
    vpc_id: Id
    rules: tuple[NetworkAclRule, ...] = ()


class RouteTableRecord(msgspec.Struct, frozen=True, array_like=True, tag="route-table"):
    """The route table of a VPC, or of a subnet of one: routes for what comes from there to any router.

    Of routes to the same destination in the tables of both, the one with the higher priority counts.
    """

    owner_id: Id  # the VPC's or the subnet's
    vpc_id: Id
    routes: tuple[tuple[str, str, int], ...]  # (destination CIDR, next hop or empty for nowhere, priority)


class VpcDeleted(msgspec.Struct, frozen=True, array_like=True, tag="vpc-deleted"):
    """The VPC is gone, and all that was in it."""

    id: Id


class SubnetDeleted(msgspec.Struct, frozen=True, array_like=True, tag="subnet-deleted"):
    """The subnet is gone."""

    id: Id


class PortDeleted(msgspec.Struct, frozen=True, array_like=True, tag="port-deleted"):
    """The port is gone."""

    id: Id
    vpc_id: Id


class RouterDeleted(msgspec.Struct, frozen=True, array_like=True, tag="router-deleted"):
    """The router is gone."""

    id: Id


class RouterInterfaceDeleted(msgspec.Struct, frozen=True, array_like=True, tag="router-interface-deleted"):
    """The port is gone, or no router's interface any more."""

    id: Id


class SecurityGroupDeleted(msgspec.Struct, frozen=True, array_like=True, tag="security-group-deleted"):
    """The security group is gone."""

    id: Id


class AddressGroupDeleted(msgspec.Struct, frozen=True, array_like=True, tag="address-group-deleted"):
    """The address group is gone."""

    id: Id


class NetworkAclDeleted(msgspec.Struct, frozen=True, array_like=True, tag="network-acl-deleted"):
    """The network ACL is gone."""

    id: Id
    vpc_id: Id


class RouteTableDeleted(msgspec.Struct, frozen=True, array_like=True, tag="route-table-deleted"):
    """The VPC or subnet has no route table any more."""

    owner_id: Id


class NodeDeleted(msgspec.Struct, frozen=True, array_like=True, tag="node-deleted"):
    """The host is gone."""

    host_id: str


Record = (
    VpcRecord
    | SubnetRecord
    | PortRecord
    | NodeRecord
    | RouterRecord
    | RouterInterfaceRecord
    | SecurityGroupRecord
    | AddressGroupRecord
    | NetworkAclRecord
    | RouteTableRecord
    | VpcDeleted
    | SubnetDeleted
    | PortDeleted
    | NodeDeleted
    | RouterDeleted
    | RouterInterfaceDeleted
    | SecurityGroupDeleted
    | AddressGroupDeleted
    | NetworkAclDeleted
    | RouteTableDeleted
)

encode_records = msgspec.msgpack.Encoder().encode
decode_records = msgspec.msgpack.Decoder(tuple[Record, ...]).decode


class LogEntry(msgspec.Struct, frozen=True):
    """One committed transaction, at its position in the change log (1, 2, 3, … without gaps)."""

    position: int
    records: tuple[Record, ...]
