"""What the Data Plane Manager knows: the latest record of every resource, indexed by VPC and host.

Made for millions of ports: a port is kept packed (about 130 bytes), and the entries all hosts of a VPC share are kept
ready-made, as MACs, addresses and host indexes in integers.

A process that only serves hosts holds the VPCs that these are in, and of VPCs on demand only their own ports
(dpm.partial): ``whole`` says of a VPC whether all its ports are here.

A port is *visible* on its host when its VPC is known and the host is a known node; only visible ports have forwarding
and address entries. The store guarantees that, after each log entry, no two ports of a VPC have a MAC or an address
in common.
"""

from collections.abc import Iterable, Iterator

import msgspec

from alcor.dpm.fed import Fed
from alcor.dpm.routers import Routers
from alcor.dpm.security import SecurityGroups
from alcor.model.digest import neighbours_digest, vtep_hash
from alcor.model.dns import port_name
from alcor.model.goal_state import Subject, VpcNeighbours
from alcor.model.identifiers import Id
from alcor.model.records import NetworkAclRecord, NodeRecord, PortRecord, SubnetRecord, VpcRecord
from alcor.model.subjects import security_group_topic, vpc_topic

pack_port = msgspec.msgpack.Encoder().encode
unpack_port = msgspec.msgpack.Decoder(PortRecord).decode


def is_queued(record: VpcRecord | None) -> bool:
    """Whether what changes of a VPC's neighbours is published: those of one on demand are not told at all."""
    return record is not None and record.queued and not record.on_demand


class HostPorts(msgspec.Struct):
    """One host's ports in one VPC, and how many of their addresses are in each subnet."""

    ports: set[Id] = set()
    subnets: dict[Id, int] = {}


class VpcModel(msgspec.Struct):
    """What is known of one VPC. Ports may be known before the VPC itself is."""

    id: Id
    record: VpcRecord | None = None
    subnets: dict[Id, SubnetRecord] = {}
    network_acls: dict[Id, NetworkAclRecord] = {}
    hosts: dict[str, HostPorts] = {}  # '' has the unbound ports
    whole: bool = True  # all of its ports are here, not only those of hosts served
    neighbours: VpcNeighbours = msgspec.field(default_factory=VpcNeighbours)  # of all visible ports
    names: dict[str, set[Id]] = {}  # of ports that have one, in lower case
    named: dict[bytes, Id] = {}  # those of them that have an address
    # While it is told ahead, the exclusive or of the hashes (model.digest) of its neighbours, and of its hosts' VTEPs.
    neighbours_digest: int = 0
    vteps_digest: int = 0

    @property
    def queued(self) -> bool:
        """Whether what changes of its neighbours is published."""
        return is_queued(self.record)

    @property
    def on_demand(self) -> bool:
        """Whether hosts ask for its ports, instead of being told of all ahead."""
        return self.record is not None and self.record.on_demand

    def put_name(self, port: PortRecord) -> None:
        """A port with a name is there."""
        self.names.setdefault(port_name(port.hostname), set()).add(port.id)
        self.named.update((address, port.id) for _, address in port.fixed_ips)

    def remove_name(self, port: PortRecord) -> None:
        """A port with a name is gone."""
        name = port_name(port.hostname)
        ports = self.names[name]
        ports.discard(port.id)
        if not ports:
            del self.names[name]
        for _, address in port.fixed_ips:
            if self.named.get(address) == port.id:  # no other has taken it in the same transaction
                del self.named[address]

    def network_acls_of(self, subnet_ids: Iterable[Id]) -> list[NetworkAclRecord]:
        """The network ACLs that hold for any of these subnets."""
        if not self.network_acls:
            return []
        named = {self.subnets[subnet_id].network_acl for subnet_id in subnet_ids if subnet_id in self.subnets}
        return [self.network_acls[acl_id] for acl_id in named if acl_id in self.network_acls]

    def is_empty(self) -> bool:
        """True when nothing of it is known any more."""
        return not (self.record or self.subnets or self.network_acls or self.hosts)


class ReadModel(msgspec.Struct):
    """The latest records as of a position in the change log."""

    revision: int = 0
    vpcs: dict[Id, VpcModel] = {}
    ports: dict[Id, bytes] = {}
    nodes: dict[str, NodeRecord] = {}
    subnet_vpcs: dict[Id, Id] = {}
    host_vpcs: dict[str, set[Id]] = {}  # VPCs in which the host has ports, visible or not
    vnis: dict[int, Id] = {}  # VNI → VPC
    vteps: dict[int, int] = {}  # host index → IPv4
    on_demand: set[Id] = set()  # VPCs on demand
    queued_vnis: set[int] = set()  # of VPCs that have a topic
    moved: set[Subject] = set()  # see take_moved()
    fed: Fed = msgspec.field(default_factory=Fed)
    routers: Routers = msgspec.field(default_factory=Routers)
    security: SecurityGroups = msgspec.field(default_factory=SecurityGroups)
    served: set[str] | None = None  # the hosts that this process tells of changes; None for all

    def put_vpc(self, record: VpcRecord) -> None:
        """Add or replace a VPC."""
        vpc = self.vpc(record.id)
        self._forget(vpc)
        vpc.record = record
        self.vnis[record.vni] = record.id
        self.queued_vnis.discard(record.vni)
        if record.on_demand:
            self.on_demand.add(record.id)
        if is_queued(record):
            self.queued_vnis.add(record.vni)
            self.moved.add(record.vni)

    def remove_vpc(self, vpc: VpcModel) -> None:
        """Remove a VPC; its model may stay for what is in it."""
        self._forget(vpc)
        vpc.record = None

    def _forget(self, vpc: VpcModel) -> None:
        self.on_demand.discard(vpc.id)
        if vpc.record is not None and self.vnis.get(vpc.record.vni) == vpc.id:
            del self.vnis[vpc.record.vni]
            self.queued_vnis.discard(vpc.record.vni)

    def put_node(self, node: NodeRecord) -> None:
        """Add or replace a node."""
        self.remove_node(node.host_id)
        self.nodes[node.host_id] = node
        self.vteps[node.host_index] = node.local_ip
        self._note_moved_node(node.host_id)

    def remove_node(self, host_id: str) -> None:
        """Remove a node, if it is there."""
        node = self.nodes.pop(host_id, None)
        if node is not None:
            del self.vteps[node.host_index]
            self._note_moved_node(host_id)

    def _note_moved_node(self, host_id: str) -> None:
        """Nodes move seldom: it is not looked at what has ports of the host."""
        if host_id in self.host_vpcs:
            self.moved |= self.queued

    def _note_moved(self, vpc: VpcModel) -> None:
        if vpc.record is not None and is_queued(vpc.record):
            self.moved.add(vpc.record.vni)

    def take_moved(self) -> set[Subject]:
        """Of what is queued, that whose hosts may be others, or in other cells, than when this was asked last."""
        moved = self.moved | self.security.moved
        self.moved.clear()
        self.security.moved.clear()
        return moved

    def digest_vpc(self, vpc: VpcModel) -> None:
        """Set the VPC's digests anew, at the cost of its size."""
        vpc.neighbours_digest = vpc.vteps_digest = 0
        if not vpc.on_demand:
            vpc.neighbours_digest = neighbours_digest(vpc.neighbours)
            for host_id in self.visible_hosts(vpc):
                node = self.nodes[host_id]
                vpc.vteps_digest ^= vtep_hash(node.host_index, node.local_ip)

    def vpc(self, vpc_id: Id) -> VpcModel:
        """The VPC's model, made when there is none."""
        model = self.vpcs.get(vpc_id)
        if model is None:
            model = self.vpcs[vpc_id] = VpcModel(vpc_id)
        return model

    def port(self, port_id: Id) -> PortRecord | None:
        """The port's record, or None when there is no such port."""
        packed = self.ports.get(port_id)
        return None if packed is None else unpack_port(packed)

    def is_bound(self, port_id: Id, host_id: str) -> bool:
        """Whether the port is there and bound to the host."""
        port = self.port(port_id)
        return port is not None and port.host_id == host_id

    def host_ports(self, host_id: str) -> Iterator[Id]:
        """Every port bound to the host."""
        for vpc_id in self.host_vpcs.get(host_id, ()):
            yield from self.vpcs[vpc_id].hosts[host_id].ports

    def put_port(self, port: PortRecord) -> None:
        """Add a port that is not there yet, or no longer."""
        self.ports[port.id] = pack_port(port)
        self.security.put_port(port)
        vpc = self.vpc(port.vpc_id)
        host = vpc.hosts.get(port.host_id)
        if host is None:
            host = vpc.hosts[port.host_id] = HostPorts()
            if port.host_id:
                self.host_vpcs.setdefault(port.host_id, set()).add(port.vpc_id)
                self._note_moved(vpc)
        host.ports.add(port.id)
        for subnet_id, _ in port.fixed_ips:
            host.subnets[subnet_id] = host.subnets.get(subnet_id, 0) + 1
        if port.hostname:
            vpc.put_name(port)

    def remove_port(self, port: PortRecord) -> None:
        """Remove a port that is there; ``port`` is its record."""
        del self.ports[port.id]
        self.security.remove_port(port)
        vpc = self.vpcs[port.vpc_id]
        host = vpc.hosts[port.host_id]
        host.ports.discard(port.id)
        if port.hostname:
            vpc.remove_name(port)
        for subnet_id, _ in port.fixed_ips:
            host.subnets[subnet_id] -= 1
            if not host.subnets[subnet_id]:
                del host.subnets[subnet_id]
        if not host.ports:
            del vpc.hosts[port.host_id]
            self._leave(port.host_id, port.vpc_id)
            self._note_moved(vpc)

    def _leave(self, host_id: str, vpc_id: Id) -> None:
        vpcs = self.host_vpcs.get(host_id)
        if vpcs is not None:
            vpcs.discard(vpc_id)
            if not vpcs:
                del self.host_vpcs[host_id]

    def put_subnet(self, subnet: SubnetRecord) -> None:
        """Add or replace a subnet."""
        self.remove_subnet(subnet.id)
        self.subnet_vpcs[subnet.id] = subnet.vpc_id
        self.vpc(subnet.vpc_id).subnets[subnet.id] = subnet

    def remove_subnet(self, subnet_id: Id) -> None:
        """Remove a subnet, if it is there."""
        vpc_id = self.subnet_vpcs.pop(subnet_id, None)
        if vpc_id is not None:
            del self.vpcs[vpc_id].subnets[subnet_id]

    def subnet(self, subnet_id: Id) -> SubnetRecord | None:
        """The subnet's record, or None when there is no such subnet."""
        vpc_id = self.subnet_vpcs.get(subnet_id)
        return None if vpc_id is None else self.vpcs[vpc_id].subnets[subnet_id]

    def visible_hosts(self, vpc: VpcModel) -> Iterator[str]:
        """The hosts on which the VPC is present."""
        if vpc.record is not None:
            yield from (host_id for host_id in vpc.hosts if host_id in self.nodes)

    @property
    def queued(self) -> set[Subject]:
        """What has a topic and may concern hosts that are known to have ports of it."""
        return {*self.queued_vnis, *(self.security.queued & self.security.hosts.keys())}

    def is_queued(self, subject: Subject) -> bool:
        """Whether it has a topic."""
        return subject in self.queued_vnis or subject in self.security.queued

    def topic(self, subject: Subject) -> str:
        """The name of the topic of what is queued."""
        return vpc_topic(self.vnis[subject]) if isinstance(subject, int) else security_group_topic(subject)

    def hosts_of(self, subject: Subject) -> Iterable[str]:
        """The hosts that are known to have ports of it; known nodes or not."""
        if not isinstance(subject, int):
            return self.security.hosts.get(subject, ())
        vpc = self.vpcs.get(self.vnis.get(subject, b""))
        return () if vpc is None else vpc.hosts

    def is_told(self, host_id: str, subject: Subject) -> bool:
        """Whether the host is told of it, one way or the other."""
        if host_id not in self.nodes:
            return False
        if not isinstance(subject, int):
            return subject in self.security.by_id and self.security.on_host(subject, host_id) > 0
        vpc = self.vpcs.get(self.vnis.get(subject, b""))
        return vpc is not None and not vpc.on_demand and host_id in vpc.hosts

    def serves(self, host_id: str) -> bool:
        """Whether this process tells the host of changes."""
        return self.served is None or host_id in self.served

    def served_hosts(self, vpc: VpcModel) -> set[str]:
        """The hosts on which the VPC is present that this process serves. The cost is that of the fewer of both."""
        if self.served is None:
            return set(self.visible_hosts(vpc))
        if vpc.record is None:
            return set()
        return {host_id for host_id in vpc.hosts.keys() & self.served if host_id in self.nodes}

    def drop_vpc(self, vpc: VpcModel) -> None:
        """Forget a VPC and all that is in it, as if it had never been known."""
        for host in vpc.hosts.values():
            for port_id in host.ports:
                self.security.remove_port(unpack_port(self.ports.pop(port_id)))
        for host_id in vpc.hosts:
            self._leave(host_id, vpc.id)
        for subnet_id in vpc.subnets:
            del self.subnet_vpcs[subnet_id]
        self._forget(vpc)
        del self.vpcs[vpc.id]

    def reaches(self, host_id: str, vpc: VpcModel) -> bool:
        """Whether workloads of the host may speak to those in the VPC: it has ports there, or in a subnet that a
        router connects with one of it."""
        if host_id in vpc.hosts:
            return True
        for other_id, subnet_id in self.routers.joined(vpc.id):
            other = self.vpcs.get(other_id)
            if other is not None and host_id in other.hosts and subnet_id in other.hosts[host_id].subnets:
                return True
        return False

    def share_a_vpc(self, one: str, other: str) -> bool:
        """Whether a VPC that is told ahead is present on both hosts, so that they are told each other's VTEP."""
        if one not in self.nodes or other not in self.nodes:
            return False
        vpcs, others = self.host_vpcs.get(one), self.host_vpcs.get(other)
        if not vpcs or not others:
            return False
        return any(vpc.record is not None and not vpc.on_demand for vpc in map(self.vpcs.__getitem__, vpcs & others))
