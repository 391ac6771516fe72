"""A small cloud of valid transactions on few resources."""

import ipaddress
from collections.abc import Iterator

from alcor.model.records import (
    AddressGroupDeleted,
    AddressGroupRecord,
    NetworkAclDeleted,
    NetworkAclRecord,
    NetworkAclRule,
    NodeDeleted,
    NodeRecord,
    PortDeleted,
    PortRecord,
    Record,
    RouterDeleted,
    RouterInterfaceDeleted,
    RouterInterfaceRecord,
    RouterRecord,
    RouteTableDeleted,
    RouteTableRecord,
    SecurityGroupDeleted,
    SecurityGroupRecord,
    SubnetDeleted,
    SubnetRecord,
    VpcDeleted,
    VpcRecord,
)


def some_id(kind: str, number: int) -> bytes:
    return f"{kind}-{number}".encode().ljust(16, b".")


VPCS = [some_id("vpc", number) for number in range(3)]
SUBNETS = [some_id("subnet", number) for number in range(4)]
ROUTERS = [some_id("router", number) for number in range(3)]
INTERFACES = [some_id("interface", number) for number in range(4)]
GROUPS = [some_id("group", number) for number in range(3)]
ACLS = [some_id(f"acl-{vpc}", number) for vpc in range(len(VPCS)) for number in range(2)]  # two of each VPC
ADDRESS_GROUPS = [some_id("address-group", number) for number in range(2)]
PORTS = [some_id("port", number) for number in range(6)]
HOSTS = [f"host-{number}" for number in range(4)]
MACS = list(range(0xFA163E000000, 0xFA163E000004))
ADDRESSES = [ipaddress.ip_address(text).packed for text in ("10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1")]


class Cloud:
    """The latest records, kept valid: after each transaction MACs and addresses are unique within a VPC."""

    def __init__(self) -> None:
        self.vpcs: dict[bytes, VpcRecord] = {}
        self.subnets: dict[bytes, SubnetRecord] = {}
        self.ports: dict[bytes, PortRecord] = {}
        self.nodes: dict[str, NodeRecord] = {}
        self.cells: dict[str, str] = {}  # of hosts, whether they are nodes or not
        self.routers: dict[bytes, RouterRecord] = {}
        self.interfaces: dict[bytes, RouterInterfaceRecord] = {}
        self.groups: dict[bytes, SecurityGroupRecord] = {}
        self.address_groups: dict[bytes, AddressGroupRecord] = {}
        self.acls: dict[bytes, NetworkAclRecord] = {}
        self.tables: dict[bytes, RouteTableRecord] = {}
        self._host_indexes = iter(range(1, 1000))

    # Each of these is a transaction: it changes the cloud and returns the records of what changed.

    def put_vpc(
        self, vpc_id: bytes, vni: int, mtu: int, up: bool, on_demand: bool, queued: bool = False
    ) -> list[Record]:
        if any(vpc.vni == vni and vpc.id != vpc_id for vpc in self.vpcs.values()):
            return []
        self.vpcs[vpc_id] = VpcRecord(vpc_id, vni, mtu, "example.org", up, on_demand, queued)
        return [self.vpcs[vpc_id]]

    def delete_vpc(self, vpc_id: bytes) -> list[Record]:
        self.vpcs.pop(vpc_id, None)
        self.subnets = {key: subnet for key, subnet in self.subnets.items() if subnet.vpc_id != vpc_id}
        self.ports = {key: port for key, port in self.ports.items() if port.vpc_id != vpc_id}
        self.acls = {key: acl for key, acl in self.acls.items() if acl.vpc_id != vpc_id}
        return [VpcDeleted(vpc_id)]

    def put_subnet(self, subnet_id: bytes, vpc_id: bytes, dhcp: bool, acl: int | None = None) -> list[Record]:
        """A subnet, for which one of the VPC's ACLs holds: one that is told earlier, later or never."""
        holds = b"" if acl is None else ACLS[2 * VPCS.index(vpc_id) + acl]
        self.subnets[subnet_id] = SubnetRecord(subnet_id, vpc_id, "10.0.0.0/24", "10.0.0.254", dhcp, network_acl=holds)
        return [self.subnets[subnet_id]]

    def delete_subnet(self, subnet_id: bytes) -> list[Record]:
        self.subnets.pop(subnet_id, None)
        return [SubnetDeleted(subnet_id)]

    def put_node(self, host_id: str, local_ip: int, renew: bool) -> list[Record]:
        known = self.nodes.get(host_id)
        index = next(self._host_indexes) if known is None or renew else known.host_index
        self.nodes[host_id] = NodeRecord(host_id, index, local_ip, cell=self.cells.get(host_id, ""))
        return [self.nodes[host_id]]

    def put_cell(self, host_id: str, cell: str) -> list[Record]:
        self.cells[host_id] = cell
        known = self.nodes.get(host_id)
        return [] if known is None else self.put_node(host_id, known.local_ip, False)

    def delete_node(self, host_id: str) -> list[Record]:
        self.nodes.pop(host_id, None)
        return [NodeDeleted(host_id)]

    def put_port(self, port: PortRecord) -> list[Record]:
        """A port that takes the MAC or an address of another has that one deleted in the same transaction."""
        records: list[Record] = []
        for other in list(self.ports.values()):
            if other.id != port.id and other.vpc_id == port.vpc_id and self._collide(other, port):
                del self.ports[other.id]
                records.append(PortDeleted(other.id, other.vpc_id))
        self.ports[port.id] = port
        return [*records, port]

    def delete_port(self, port_id: bytes) -> list[Record]:
        port = self.ports.pop(port_id, None)
        return [PortDeleted(port_id, port.vpc_id if port else VPCS[0])]

    def put_router(self, router_id: bytes, up: bool, routes: tuple[tuple[str, str], ...] = ()) -> list[Record]:
        self.routers[router_id] = RouterRecord(router_id, up, routes)
        return [self.routers[router_id]]

    def delete_router(self, router_id: bytes) -> list[Record]:
        self.routers.pop(router_id, None)
        return [RouterDeleted(router_id)]

    def put_interface(self, interface: RouterInterfaceRecord) -> list[Record]:
        """An interface that takes an address of another has that one deleted in the same transaction."""
        records: list[Record] = []
        for other in list(self.interfaces.values()):
            taken = {address for _, _, address in other.addresses} & {address for _, _, address in interface.addresses}
            if other.id != interface.id and other.vpc_id == interface.vpc_id and taken:
                del self.interfaces[other.id]
                records.append(RouterInterfaceDeleted(other.id))
        self.interfaces[interface.id] = interface
        return [*records, interface]

    def delete_interface(self, interface_id: bytes) -> list[Record]:
        self.interfaces.pop(interface_id, None)
        return [RouterInterfaceDeleted(interface_id)]

    def put_group(self, group: SecurityGroupRecord) -> list[Record]:
        self.groups[group.id] = group
        return [group]

    def delete_group(self, group_id: bytes) -> list[Record]:
        self.groups.pop(group_id, None)
        return [SecurityGroupDeleted(group_id)]

    def put_address_group(self, group: AddressGroupRecord) -> list[Record]:
        self.address_groups[group.id] = group
        return [group]

    def delete_address_group(self, group_id: bytes) -> list[Record]:
        self.address_groups.pop(group_id, None)
        return [AddressGroupDeleted(group_id)]

    def put_acl(self, acl_id: bytes, rules: tuple[NetworkAclRule, ...]) -> list[Record]:
        self.acls[acl_id] = NetworkAclRecord(acl_id, VPCS[ACLS.index(acl_id) // 2], rules)
        return [self.acls[acl_id]]

    def delete_acl(self, acl_id: bytes) -> list[Record]:
        self.acls.pop(acl_id, None)
        return [NetworkAclDeleted(acl_id, VPCS[ACLS.index(acl_id) // 2])]

    def put_table(self, owner_id: bytes, vpc_id: bytes, routes: tuple[tuple[str, str, int], ...]) -> list[Record]:
        self.tables[owner_id] = RouteTableRecord(owner_id, vpc_id if owner_id in SUBNETS else owner_id, routes)
        return [self.tables[owner_id]]

    def delete_table(self, owner_id: bytes) -> list[Record]:
        self.tables.pop(owner_id, None)
        return [RouteTableDeleted(owner_id)]

    def swap_ports(self, one_id: bytes, other_id: bytes) -> list[Record]:
        """Two ports of a VPC exchange their MACs and addresses."""
        one, other = self.ports.get(one_id), self.ports.get(other_id)
        if one is None or other is None or one.vpc_id != other.vpc_id or one_id == other_id:
            return []
        self.ports[one_id] = PortRecord(one_id, one.vpc_id, other.mac, other.fixed_ips, one.host_id)
        self.ports[other_id] = PortRecord(other_id, one.vpc_id, one.mac, one.fixed_ips, other.host_id)
        return [self.ports[one_id], self.ports[other_id]]

    @staticmethod
    def _collide(one: PortRecord, other: PortRecord) -> bool:
        addresses = {address for _, address in one.fixed_ips} & {address for _, address in other.fixed_ips}
        return one.mac == other.mac or bool(addresses)

    def records(self) -> tuple[Record, ...]:
        return (
            *self.vpcs.values(),
            *self.subnets.values(),
            *self.acls.values(),
            *self.nodes.values(),
            *self._routers(),
            *self.groups.values(),
            *self.address_groups.values(),
            *self.ports.values(),
        )

    def _routers(self) -> Iterator[Record]:
        yield from self.routers.values()
        yield from self.interfaces.values()
        yield from self.tables.values()
