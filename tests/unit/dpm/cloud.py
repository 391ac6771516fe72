"""A small random cloud: valid transactions on few resources, and what each host should have, computed naively.

The oracle shares no code with the compiler: it looks at all records, every time.
"""

import ipaddress
from collections.abc import Iterator

from hypothesis import strategies as st

from alcor.model.goal_state import (
    GoalState,
    Membership,
    NetworkAcl,
    Port,
    Router,
    RouterInterface,
    SecurityGroup,
    Subnet,
    Vpc,
    VpcNeighbours,
)
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
    SecurityRule,
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
        self.routers: dict[bytes, RouterRecord] = {}
        self.interfaces: dict[bytes, RouterInterfaceRecord] = {}
        self.groups: dict[bytes, SecurityGroupRecord] = {}
        self.address_groups: dict[bytes, AddressGroupRecord] = {}
        self.acls: dict[bytes, NetworkAclRecord] = {}
        self.tables: dict[bytes, RouteTableRecord] = {}
        self._host_indexes = iter(range(1, 1000))

    # Each of these is a transaction: it changes the cloud and returns the records of what changed.

    def put_vpc(self, vpc_id: bytes, vni: int, mtu: int, up: bool, on_demand: bool) -> list[Record]:
        if any(vpc.vni == vni and vpc.id != vpc_id for vpc in self.vpcs.values()):
            return []
        self.vpcs[vpc_id] = VpcRecord(vpc_id, vni, mtu, "example.org", up, on_demand)
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
        self.nodes[host_id] = NodeRecord(host_id, index, local_ip)
        return [self.nodes[host_id]]

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

    # The oracle.

    def _visible(self) -> Iterator[tuple[PortRecord, VpcRecord, NodeRecord]]:
        for port in self.ports.values():
            if port.vpc_id in self.vpcs and port.host_id in self.nodes:
                yield port, self.vpcs[port.vpc_id], self.nodes[port.host_id]

    def goal_state(self, host_id: str) -> GoalState:
        state = GoalState()
        for port, vpc, _ in self._visible():
            if port.host_id != host_id:
                continue
            state.vpcs[vpc.vni] = Vpc(vpc.id, vpc.vni, vpc.mtu, vpc.dns_domain, vpc.on_demand)
            addresses = tuple((subnet, str(ipaddress.ip_address(address))) for subnet, address in port.fixed_ips)
            up = port.admin_state_up and vpc.admin_state_up
            state.ports[port.id] = Port(
                port.id,
                vpc.vni,
                port.mac,
                addresses,
                up,
                allowed_address_pairs=port.allowed_address_pairs,
                hostname=port.hostname,
                security_groups=port.security_groups,
                device_id=port.device_id,
                project_id=port.project_id,
            )
            for subnet_id, _ in port.fixed_ips:
                subnet = self.subnets.get(subnet_id)
                if subnet is not None and subnet.vpc_id == vpc.id:
                    state.subnets[subnet_id] = Subnet(
                        subnet_id,
                        vpc.vni,
                        subnet.cidr,
                        subnet.gateway_ip,
                        subnet.enable_dhcp,
                        network_acl=subnet.network_acl,
                    )
                    if (acl := self.acls.get(subnet.network_acl)) is not None:
                        state.network_acls[acl.id] = NetworkAcl(acl.id, acl.rules)
        for router in self._routers_of(host_id):
            state.routers[router.id] = Router(router.id, self._router_interfaces(router), router.routes)
        for port, vpc, node in self._visible():
            if vpc.vni not in state.vpcs or state.vpcs[vpc.vni].on_demand:
                continue
            neighbours = state.neighbours.setdefault(vpc.vni, VpcNeighbours())
            if port.host_id != host_id:
                state.vteps[node.host_index] = node.local_ip
                neighbours.forwarding[port.mac] = node.host_index
            for _, address in port.fixed_ips:
                if len(address) == 4:
                    neighbours.ipv4[int(ipaddress.IPv4Address(address))] = port.mac
                else:
                    neighbours.ipv6[address] = port.mac
            if port.security_groups:
                pairs = tuple(cidr for cidr, _ in port.allowed_address_pairs)
                neighbours.memberships[port.mac] = Membership(port.security_groups, pairs)
        for group in self.groups.values():
            if host_id in self.nodes and any(
                group.id in port.security_groups for port in self.ports.values() if port.host_id == host_id
            ):
                state.security_groups[group.id] = self._security_group(group)
        state.neighbours = {vni: known for vni, known in state.neighbours.items() if not known.is_empty()}
        return state

    def _security_group(self, group: SecurityGroupRecord) -> SecurityGroup:
        named = sorted({rule.remote_address_group for rule in group.rules} & self.address_groups.keys())
        address_groups = tuple((each, self.address_groups[each].addresses) for each in named)
        return SecurityGroup(group.id, group.stateful, group.rules, address_groups)

    def _up_interfaces(self, router: RouterRecord) -> list[RouterInterfaceRecord]:
        return [each for each in self.interfaces.values() if each.router_id == router.id and each.admin_state_up]

    def _routers_of(self, host_id: str) -> list[RouterRecord]:
        routing = [router for router in self.routers.values() if router.admin_state_up]
        found = [router for router in routing if self._is_routed_by(host_id, router)]
        for router in found:  # those that are added meanwhile, too
            next_hops = {next_hop for _, next_hop in router.routes}
            next_hops.update(nh for each in self._router_interfaces(router) for _, nh in each.routes)
            vpcs = {each.vpc_id for each in self._up_interfaces(router)}
            for other in routing:
                addresses = {
                    str(ipaddress.ip_address(address))
                    for each in self._up_interfaces(other)
                    if each.vpc_id in vpcs
                    for _, _, address in each.addresses
                }
                if other not in found and addresses & next_hops and self._up_interfaces(router):
                    found.append(other)
        return found

    def _table_routes(self, interface: RouterInterfaceRecord) -> tuple[tuple[str, str], ...]:
        owners = [*(subnet_id for subnet_id, _, _ in interface.addresses), interface.vpc_id]
        tables = [self.tables[owner] for owner in owners if owner in self.tables]
        routes = [route for table in tables if table.vpc_id == interface.vpc_id for route in table.routes]
        destinations = sorted({destination for destination, _, _ in routes})
        best = [max((each for each in routes if each[0] == one), key=lambda each: each[2]) for one in destinations]
        return tuple((destination, next_hop) for destination, next_hop, _ in best)

    def _is_routed_by(self, host_id: str, router: RouterRecord) -> bool:
        return any(
            (subnet_id, port.vpc_id) == (its, interface.vpc_id)
            for port, _, _ in self._visible()
            if port.host_id == host_id
            for subnet_id, _ in port.fixed_ips
            for interface in self._up_interfaces(router)
            for its, _, _ in interface.addresses
        )

    def _router_interfaces(self, router: RouterRecord) -> tuple[RouterInterface, ...]:
        chosen = sorted(self._up_interfaces(router), key=lambda each: each.id)
        return tuple(
            RouterInterface(
                each.id,
                each.vni,
                each.mac,
                tuple((cidr, str(ipaddress.ip_address(address))) for _, cidr, address in each.addresses),
                self._table_routes(each),
            )
            for each in chosen
        )


_interfaces = st.builds(
    RouterInterfaceRecord,
    st.sampled_from(INTERFACES),
    st.sampled_from(ROUTERS),
    st.sampled_from(VPCS),
    st.integers(1, 4),
    st.sampled_from(MACS),
    st.lists(st.tuples(st.sampled_from(SUBNETS), st.just("10.0.0.0/24"), st.sampled_from(ADDRESSES)), max_size=2).map(
        tuple
    ),
    st.sampled_from([True, True, True, False]),
)

_rules = st.one_of(
    st.builds(lambda least: SecurityRule(True, False, 6, least, least), st.integers(1, 3)),
    st.builds(lambda group: SecurityRule(True, False, remote_group=group), st.sampled_from(GROUPS)),
    st.builds(lambda group: SecurityRule(False, False, remote_address_group=group), st.sampled_from(ADDRESS_GROUPS)),
)
_groups = st.builds(
    SecurityGroupRecord, st.sampled_from(GROUPS), st.booleans(), st.lists(_rules, max_size=2).map(tuple)
)
_address_groups = st.builds(
    AddressGroupRecord, st.sampled_from(ADDRESS_GROUPS), st.sampled_from([(), ("10.0.0.0/8",), ("10.1.0.0/16",)])
)
_acl_rules = st.builds(
    lambda number, allow: (NetworkAclRule(number, True, allow, False, "10.0.0.0/8"),), st.integers(1, 2), st.booleans()
)
_destinations = st.sampled_from(["0.0.0.0/0", "192.0.2.0/24", "fd01::/64"])
_next_hops = st.sampled_from([str(ipaddress.ip_address(address)) for address in ADDRESSES])
_routes = st.lists(st.tuples(_destinations, _next_hops), max_size=2).map(tuple)
_table_routes = st.lists(
    st.tuples(_destinations, st.one_of(st.just(""), _next_hops), st.sampled_from([0, 100])),
    max_size=2,
    unique_by=lambda route: route[0],
).map(tuple)

_ports = st.builds(
    PortRecord,
    st.sampled_from(PORTS),
    st.sampled_from(VPCS),
    st.sampled_from(MACS),
    st.lists(
        st.tuples(st.sampled_from(SUBNETS), st.sampled_from(ADDRESSES)), max_size=2, unique_by=lambda pair: pair[1]
    ).map(tuple),
    st.sampled_from(["", *HOSTS]),
    st.sampled_from([True, True, True, False]),
    allowed_address_pairs=st.sampled_from([(), (), (("10.0.0.9/32", MACS[0]),)]),
    hostname=st.sampled_from(["a", "b"]),
    security_groups=st.sampled_from([(), (GROUPS[0],), (GROUPS[0], GROUPS[1]), (GROUPS[2],)]),
    device_id=st.sampled_from(["", "server"]),
    project_id=st.sampled_from(["", "project"]),
)

operations = st.one_of(
    st.tuples(
        st.just("put_vpc"),
        st.sampled_from(VPCS),
        st.integers(1, 4),
        st.sampled_from([1450, 9000]),
        st.booleans(),
        st.booleans(),
    ),
    st.tuples(st.just("delete_vpc"), st.sampled_from(VPCS)),
    st.tuples(
        st.just("put_subnet"),
        st.sampled_from(SUBNETS),
        st.sampled_from(VPCS),
        st.booleans(),
        st.sampled_from([None, 0, 0, 1]),
    ),
    st.tuples(st.just("put_acl"), st.sampled_from(ACLS), _acl_rules),
    st.tuples(st.just("delete_acl"), st.sampled_from(ACLS)),
    st.tuples(st.just("delete_subnet"), st.sampled_from(SUBNETS)),
    st.tuples(st.just("put_node"), st.sampled_from(HOSTS), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("delete_node"), st.sampled_from(HOSTS)),
    *[st.tuples(st.just("put_port"), _ports)] * 4,
    *[st.tuples(st.just("put_router"), st.sampled_from(ROUTERS), st.sampled_from([True, True, False]), _routes)] * 2,
    st.tuples(st.just("delete_router"), st.sampled_from(ROUTERS)),
    *[st.tuples(st.just("put_interface"), _interfaces)] * 2,
    st.tuples(st.just("put_table"), st.sampled_from([*VPCS, *SUBNETS]), st.sampled_from(VPCS), _table_routes),
    st.tuples(st.just("delete_table"), st.sampled_from([*VPCS, *SUBNETS])),
    st.tuples(st.just("delete_interface"), st.sampled_from(INTERFACES)),
    st.tuples(st.just("put_group"), _groups),
    st.tuples(st.just("delete_group"), st.sampled_from(GROUPS)),
    st.tuples(st.just("put_address_group"), _address_groups),
    st.tuples(st.just("delete_address_group"), st.sampled_from(ADDRESS_GROUPS)),
    st.tuples(st.just("delete_port"), st.sampled_from(PORTS)),
    st.tuples(st.just("swap_ports"), st.sampled_from(PORTS), st.sampled_from(PORTS)),
)
"""A transaction: the name of a method of Cloud and its arguments."""


def _furnished() -> Iterator[tuple[object, ...]]:
    for number, vpc_id in enumerate(VPCS, 1):
        yield "put_vpc", vpc_id, number, 1450, True, False
    for number, host_id in enumerate(HOSTS, 1):
        yield "put_node", host_id, number, False
    for number, acl_id in enumerate(ACLS):
        yield "put_acl", acl_id, (NetworkAclRule(number, True, True, False, "10.0.0.0/8"),)
    for number, subnet_id in enumerate(SUBNETS):
        yield "put_subnet", subnet_id, VPCS[number % 2], True, 0
    yield "put_group", SecurityGroupRecord(GROUPS[0], True, (SecurityRule(True, False, remote_group=GROUPS[1]),))
    yield "put_router", ROUTERS[0], True
    for number in range(2):
        places = ((SUBNETS[number], "10.0.0.0/24", ADDRESSES[3]),)
        yield (
            "put_interface",
            RouterInterfaceRecord(INTERFACES[number], ROUTERS[0], VPCS[number], number + 1, MACS[number], places),
        )
    for number in range(4):
        fixed_ips = ((SUBNETS[number], ADDRESSES[number // 2]),)
        yield (
            "put_port",
            PortRecord(
                PORTS[number],
                VPCS[number % 2],
                MACS[number],
                fixed_ips,
                HOSTS[number // 2],
                hostname="a",
                security_groups=(GROUPS[0],),
            ),
        )


FURNISHED = tuple(_furnished())
"""Transactions after which there is one of everything, so that those that follow change what is there."""

entries = st.builds(
    lambda furnished, rest: [list(FURNISHED), *rest] if furnished else rest,
    st.booleans(),
    st.lists(st.lists(operations, min_size=1, max_size=4), max_size=25),
)
"""Log entries, each of some transactions committed together."""
