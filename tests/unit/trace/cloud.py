"""A cloud for traces: two VPCs, of which the first has two subnets, a router between all of them, and a few ports.

a, b   in near (10.0.0.0/24, fd00:0::/64), on the hosts 0 and 1
c      in far (10.0.1.0/24) of the same VPC, on host 1
d      in other (10.1.0.0/24, fd00:1::/64) of the other VPC, on host 1
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from alcor.dpm.routers import RouterModel
from alcor.model.addresses import ip_bytes, link_local
from alcor.model.identifiers import Id, id_text
from alcor.model.records import (
    NetworkAclRecord,
    NetworkAclRule,
    NodeRecord,
    PortRecord,
    RouterInterfaceRecord,
    RouterRecord,
    RouteTableRecord,
    SecurityRule,
    SubnetRecord,
    VpcRecord,
)
from alcor.model.resources.port_trace import PORT_TRACE
from alcor.trace.cloud import Acl, Group, Port, Router, Rule, Subnet, Vpc, is_in
from alcor.trace.question import asked_packet
from alcor.trace.steps import Step, Thing, Trace
from alcor.trace.walk import trace

Json = dict[str, Any]

NODES = [NodeRecord(f"host-{number}", number, 0xC0000201 + number) for number in range(2)]
CIDRS = {
    "near": ("10.0.0.0/24", "first"), "near6": ("fd00::/64", "first"), "far": ("10.0.1.0/24", "first"),
    "other": ("10.1.0.0/24", "second"), "other6": ("fd00:1::/64", "second"),
}  # fmt: skip
PORTS = {
    "a": (0, {"near": "10.0.0.10", "near6": "fd00::10"}),
    "b": (1, {"near": "10.0.0.11", "near6": "fd00::11"}),
    "c": (1, {"far": "10.0.1.12"}),
    "d": (1, {"other": "10.1.0.13", "other6": "fd00:1::13"}),
}
INTERFACES = (
    ("first", {"near": "10.0.0.1", "near6": "fd00::1"}),
    ("first", {"far": "10.0.1.1"}),
    ("second", {"other": "10.1.0.1", "other6": "fd00:1::1"}),
)
GATEWAYS = {subnet: address for _, addresses in INTERFACES for subnet, address in addresses.items()}
VNIS = {"first": 1, "second": 2}
ALL_OUT = [SecurityRule(False, False), SecurityRule(False, True)]
ALL_IN = [SecurityRule(True, False), SecurityRule(True, True)]


def some_id(name: str) -> Id:
    """The id of what has the name."""
    return name.encode().ljust(16, b".")


class Site:
    """The cloud, as trace.cloud.Cloud says; tests change its parts."""

    def __init__(self) -> None:
        self.vpcs = {
            name: Vpc(Thing("network", name, name), VpcRecord(some_id(name), vni, 1450)) for name, vni in VNIS.items()
        }
        self.subnets = {name: _subnet(name, cidr, vpc) for name, (cidr, vpc) in CIDRS.items()}
        self.groups_by_name: dict[str, Group] = {}
        self.group("open", *ALL_OUT, *ALL_IN)
        self.acls: dict[str, Acl] = {}
        self.ports: dict[str, Port] = {}
        for name, (host, addresses) in PORTS.items():
            self.add_port(name, host, addresses)
        self.routers = {
            "router": Router(Thing("router", "router", "all"), RouterModel(RouterRecord(some_id("router"))))
        }
        for vpc, addresses in INTERFACES:
            self.add_interface("router", vpc, addresses)

    def add_port(self, name: str, host: int, addresses: dict[str, str], **more: Any) -> None:
        """A port that works, with an address in each of some subnets."""
        vpc = self.vpcs[CIDRS[next(iter(addresses))][1]]
        fixed_ips = tuple((some_id(subnet), ip_bytes(address)) for subnet, address in addresses.items())
        mac = 0xFA163E000000 + len(self.ports)
        record = PortRecord(
            some_id(name), vpc.record.id, mac, fixed_ips, NODES[host].host_id, security_groups=(some_id("open"),)
        )
        record = msgspec.structs.replace(record, **more)
        self.ports[name] = Port(Thing("port", name, name), record, vpc, "ACTIVE", NODES[host])

    def change_port(self, name: str, **changes: Any) -> None:
        """Say other things in the record of a port."""
        port = self.ports[name]
        record = msgspec.structs.replace(port.record, **changes)
        self.ports[name] = msgspec.structs.replace(port, record=record)

    def set_port(self, name: str, **changes: Any) -> None:
        """Say other things of a port beside its record."""
        self.ports[name] = msgspec.structs.replace(self.ports[name], **changes)

    def change_subnet(self, name: str, **changes: Any) -> None:
        """Say other things of a subnet."""
        old = self.subnets[name]
        self.subnets[name] = Subnet(old.thing, msgspec.structs.replace(old.record, **changes))

    def change_vpc(self, name: str, **changes: Any) -> None:
        """Say other things of a VPC."""
        vpc = Vpc(self.vpcs[name].thing, msgspec.structs.replace(self.vpcs[name].record, **changes))
        self.vpcs[name] = vpc
        for port_name, port in self.ports.items():
            if port.record.vpc_id == vpc.record.id:
                self.ports[port_name] = msgspec.structs.replace(port, vpc=vpc)

    def add_router(self, name: str) -> None:
        """A router without interfaces."""
        self.routers[name] = Router(Thing("router", name, name), RouterModel(RouterRecord(some_id(name))))

    def add_interface(self, router: str, vpc: str, addresses: dict[str, str], **more: Any) -> None:
        """An interface of a router in subnets of a VPC."""
        number = sum(len(each.model.interfaces) for each in self.routers.values())
        at = tuple((some_id(subnet), CIDRS[subnet][0], ip_bytes(address)) for subnet, address in addresses.items())
        interface = RouterInterfaceRecord(
            some_id(f"{router}-{vpc}-{number}"), some_id(router), some_id(vpc), VNIS[vpc], 0xFA163E00FF00 + number, at,
            mtu=1450,
        )  # fmt: skip
        interface = msgspec.structs.replace(interface, **more)
        self.routers[router].model.interfaces[interface.id] = interface

    def change_router(self, name: str, **changes: Any) -> None:
        """Say other things of a router."""
        model = self.routers[name].model
        assert model.record is not None
        model.record = msgspec.structs.replace(model.record, **changes)

    def route_table(self, owner: str, vpc: str, *routes: tuple[str, str, int]) -> None:
        """Give a VPC or subnet a route table."""
        record = RouteTableRecord(some_id(owner), some_id(vpc), routes)
        for name, router in self.routers.items():
            self.routers[name] = msgspec.structs.replace(
                router,
                tables={**router.tables, record.owner_id: record},
                table_things={**router.table_things, record.owner_id: Thing("routetable", f"table-of-{owner}")},
            )

    def group(self, name: str, *rules: SecurityRule, stateful: bool = True, ranges: Any = None) -> Id:
        """Make or change a security group; its id."""
        named = tuple(Rule(f"{name}-{number}", rule) for number, rule in enumerate(rules))
        self.groups_by_name[name] = Group(Thing("security_group", name, name), stateful, named, ranges or {})
        return some_id(name)

    def put_in(self, port: str, *groups: Id) -> None:
        """Have a port be in these groups alone."""
        self.change_port(port, security_groups=groups)

    def acl(self, subnet: str, *rules: NetworkAclRule) -> None:
        """Give a subnet of the first VPC an ACL of its own."""
        name = f"acl-{subnet}"
        record = NetworkAclRecord(some_id(name), some_id("first"), rules)
        self.acls[name] = Acl(Thing("network_acl", name, name), record)
        self.change_subnet(subnet, network_acl=record.id)

    def network_acl(self, acl_id: Id) -> Acl | None:
        """See Cloud."""
        return next((each for each in self.acls.values() if each.record.id == acl_id), None)

    def subnet(self, subnet_id: Id) -> Subnet | None:
        """See Cloud."""
        return next((each for each in self.subnets.values() if each.record.id == subnet_id), None)

    def port_at(self, vpc_id: Id, address: bytes) -> Port | None:
        """See Cloud."""
        for port in self.ports.values():
            own = {own for _, own in port.record.fixed_ips} | {link_local(port.record.mac)}
            if port.record.vpc_id == vpc_id and address in own:
                return port
        return None

    def sharers(self, vpc_id: Id, address: bytes) -> Sequence[Port]:
        """See Cloud."""
        return [
            port
            for port in self.ports.values()
            if port.record.vpc_id == vpc_id
            and any(is_in(cidr, address) for cidr, _ in port.record.allowed_address_pairs)
        ]

    def ports_of_device(self, port: Port) -> Sequence[Port]:
        """See Cloud."""
        device = port.record.device_id
        return [each for each in self.ports.values() if device and each.record.device_id == device] or [port]

    def interfaces(self, vpc_id: Id) -> Sequence[RouterInterfaceRecord]:
        """See Cloud."""
        every = (each for router in self.routers.values() for each in router.model.interfaces.values())
        return [each for each in every if each.vpc_id == vpc_id]

    def router(self, router_id: Id) -> Router | None:
        """See Cloud."""
        return next((each for name, each in self.routers.items() if some_id(name) == router_id), None)

    def groups(self, port: Port) -> Sequence[Group]:
        """See Cloud."""
        found = {some_id(name): group for name, group in self.groups_by_name.items()}
        return [found[each] for each in port.record.security_groups]

    def trace(self, sender: str, to: str, **packet: Any) -> Trace:
        """Trace a packet from a port; an echo request where nothing else is said."""
        values = PORT_TRACE.check_create({"to": to, **{name.rstrip("_"): value for name, value in packet.items()}})
        return trace(self, self.ports[sender], asked_packet(values))[1]


def _subnet(name: str, cidr: str, vpc: str) -> Subnet:
    return Subnet(Thing("subnet", name, name), SubnetRecord(some_id(name), some_id(vpc), cidr, GATEWAYS[name], True))


def named(found: Trace, name: str, is_answer: bool = False) -> Step:
    """The last step with the name, there or on the way back."""
    return [each for each in found.steps if each.name == name and each.is_answer == is_answer][-1]


def text_of(found: Trace) -> str:
    """All steps, for messages of tests."""
    return "\n".join(
        f"{each.is_answer} {each.name}: {each.verdict.value}: {each.reason} {each.thing}" for each in found.steps
    )


def id_of(name: str) -> str:
    """The id of what has the name, as text."""
    return id_text(some_id(name))
