"""Taking a log entry into the read model, keeping what everything it touches was before.

Only the state before and after the whole entry matters, so the order of records inside an entry does not.
"""

from collections.abc import Iterable

import msgspec

from alcor.dpm.read_model import ReadModel, VpcModel
from alcor.dpm.routers import Place
from alcor.model import goal_state
from alcor.model.identifiers import Id
from alcor.model.records import (
    AddressGroupDeleted,
    AddressGroupRecord,
    NetworkAclDeleted,
    NetworkAclRecord,
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


class RouterBefore(msgspec.Struct, frozen=True):
    """A router that is touched, as it was: where it routed, and which routers were next hops of its routes."""

    places: set[Place] = set()
    state: goal_state.Router | None = None  # where there are any
    next: set[Id] = set()


class Before(msgspec.Struct):
    """What the touched resources were before the entry; None for what was not there."""

    vpcs: dict[Id, VpcRecord | None] = {}
    subnets: dict[Id, SubnetRecord | None] = {}
    ports: dict[Id, PortRecord | None] = {}
    # not before, but now, of those that the entry replaced: the model would have to unpack them again
    new_ports: dict[Id, PortRecord | None] = {}
    nodes: dict[str, NodeRecord | None] = {}
    # VPC → host → the subnets its ports there had addresses in, or None when it had no ports there
    presence: dict[Id, dict[str, frozenset[Id] | None]] = {}
    routers: dict[Id, RouterBefore] = {}
    security_groups: dict[Id, goal_state.SecurityGroup | None] = {}
    network_acls: dict[Id, dict[Id, NetworkAclRecord | None]] = {}  # by VPC
    group_ports: dict[tuple[Id, str], int] = {}  # (security group, host) → how many of its ports were bound there
    # ports the entry speaks of: their hosts are told again even when nothing changed, and so report on them again
    named_ports: set[Id] = set()


def take_in(model: ReadModel, records: tuple[Record, ...]) -> Before:
    """Bring the model up to date with the records (all but VpcModel.neighbours); returns what was before."""
    before = Before()
    for record in records:
        match record:
            case PortRecord():
                before.named_ports.add(record.id)
                _replace_port(model, before, record.id, record)
            case PortDeleted():
                _replace_port(model, before, record.id, None)
            case VpcRecord():
                _put_vpc(model, before, record)
            case VpcDeleted():
                _delete_vpc(model, before, record.id)
            case SubnetRecord():
                _put_subnet(model, before, record)
            case SubnetDeleted():
                _delete_subnet(model, before, record.id)
            case NetworkAclRecord():
                _touch_network_acl(model, before, record.vpc_id, record.id)
                model.vpc(record.vpc_id).network_acls[record.id] = record
            case NetworkAclDeleted():
                _delete_network_acl(model, before, record.vpc_id, record.id)
            case NodeRecord():
                _put_node(model, before, record)
            case NodeDeleted():
                _delete_node(model, before, record.host_id)
            case RouterRecord():
                _touch_router(model, before, record.id)
                model.routers.put(record)
            case RouterDeleted():
                _touch_router(model, before, record.id)
                model.routers.remove_router(record.id)
            case RouterInterfaceRecord():
                _touch_router_of(model, before, record.id)
                _touch_router(model, before, record.router_id)
                _touch_naming(model, before, [record])
                model.routers.put(record)
            case RouterInterfaceDeleted():
                _touch_router_of(model, before, record.id)
                model.routers.remove_interface(record.id)
            case SecurityGroupRecord():
                _touch_group(model, before, record.id)
                model.security.put(record)
            case SecurityGroupDeleted():
                _touch_group(model, before, record.id)
                model.security.remove(record.id)
            case AddressGroupRecord():
                _touch_groups_naming(model, before, record.id)
                model.security.put(record)
            case AddressGroupDeleted():
                _touch_groups_naming(model, before, record.id)
                model.security.address_groups.pop(record.id, None)
            case RouteTableRecord():
                _touch_routers_by(model, before, record.owner_id)
                model.routers.put(record)
            case RouteTableDeleted():
                _touch_routers_by(model, before, record.owner_id)
                model.routers.remove_table(record.owner_id)
    return before


def _touch_group(model: ReadModel, before: Before, group_id: Id) -> None:
    if group_id not in before.security_groups:
        before.security_groups[group_id] = model.security.state(group_id)


def _touch_groups_naming(model: ReadModel, before: Before, address_group_id: Id) -> None:
    for group_id in model.security.naming.get(address_group_id, ()):
        _touch_group(model, before, group_id)


def _touch_group_ports(model: ReadModel, before: Before, port: PortRecord) -> None:
    for group_id in port.security_groups if port.host_id else ():
        key = group_id, port.host_id
        if key not in before.group_ports:
            before.group_ports[key] = model.security.on_host(*key)


def _touch_routers_by(model: ReadModel, before: Before, owner_id: Id) -> None:
    for router_id in model.routers.of_table(owner_id):
        _touch_router(model, before, router_id)


def _touch_router_of(model: ReadModel, before: Before, interface_id: Id) -> None:
    router_id = model.routers.of_interface.get(interface_id)
    if router_id is not None:
        _touch_router(model, before, router_id)


def _touch_router(model: ReadModel, before: Before, router_id: Id) -> None:
    if router_id in before.routers:
        return
    routers = model.routers
    router = routers.by_id.get(router_id)
    places = set() if router is None else router.places()
    state = routers.state(router_id) if places else None
    before.routers[router_id] = RouterBefore(places, state, routers.next_of(router_id))
    if router is not None:
        _touch_naming(model, before, router.interfaces.values())


def _touch_naming(model: ReadModel, before: Before, interfaces: Iterable[RouterInterfaceRecord]) -> None:
    """Touch the routers that have routes by way of these interfaces of another."""
    for router_id in model.routers.naming(interfaces):
        _touch_router(model, before, router_id)


def _replace_port(model: ReadModel, before: Before, port_id: Id, new: PortRecord | None) -> None:
    old = model.port(port_id)
    before.ports.setdefault(port_id, old)
    before.new_ports[port_id] = new
    if old is not None:
        _touch_presence(model, before, old.vpc_id, old.host_id)
        _touch_group_ports(model, before, old)
        model.remove_port(old)
    if new is not None:
        _touch_presence(model, before, new.vpc_id, new.host_id)
        _touch_group_ports(model, before, new)
        model.put_port(new)


def _put_vpc(model: ReadModel, before: Before, record: VpcRecord) -> None:
    vpc = model.vpc(record.id)
    old = vpc.record
    before.vpcs.setdefault(record.id, old)
    if old is None or (old.vni, old.admin_state_up) != (record.vni, record.admin_state_up):
        _touch_vpc(model, before, vpc)
    model.put_vpc(record)


def _delete_vpc(model: ReadModel, before: Before, vpc_id: Id) -> None:
    vpc = model.vpcs.get(vpc_id)
    if vpc is None:
        return
    before.vpcs.setdefault(vpc_id, vpc.record)
    for port_id in [port_id for host in vpc.hosts.values() for port_id in host.ports]:
        _replace_port(model, before, port_id, None)
    for subnet_id in list(vpc.subnets):
        _delete_subnet(model, before, subnet_id)
    for acl_id in list(vpc.network_acls):
        _delete_network_acl(model, before, vpc_id, acl_id)
    model.remove_vpc(vpc)


def _put_node(model: ReadModel, before: Before, record: NodeRecord) -> None:
    old = model.nodes.get(record.host_id)
    before.nodes.setdefault(record.host_id, old)
    if old is None or old.host_index != record.host_index:
        _touch_host(model, before, record.host_id)
    elif old.local_ip != record.local_ip:
        _touch_presences(model, before, record.host_id)
    model.put_node(record)


def _delete_node(model: ReadModel, before: Before, host_id: str) -> None:
    before.nodes.setdefault(host_id, model.nodes.get(host_id))
    _touch_host(model, before, host_id)
    model.remove_node(host_id)


def _touch_vpc(model: ReadModel, before: Before, vpc: VpcModel) -> None:
    for host_id, host in vpc.hosts.items():
        _touch_presence(model, before, vpc.id, host_id)
        for port_id in host.ports:
            before.ports.setdefault(port_id, model.port(port_id))


def _touch_presences(model: ReadModel, before: Before, host_id: str) -> None:
    for vpc_id in model.host_vpcs.get(host_id, ()):
        _touch_presence(model, before, vpc_id, host_id)


def _touch_host(model: ReadModel, before: Before, host_id: str) -> None:
    _touch_presences(model, before, host_id)
    for port_id in model.host_ports(host_id):
        port = model.port(port_id)
        before.ports.setdefault(port_id, port)
        if port is not None:
            _touch_group_ports(model, before, port)


def _put_subnet(model: ReadModel, before: Before, record: SubnetRecord) -> None:
    _touch_subnet(model, before, record.id, model.subnet_vpcs.get(record.id, record.vpc_id))
    _touch_subnet(model, before, record.id, record.vpc_id)
    model.put_subnet(record)


def _delete_subnet(model: ReadModel, before: Before, subnet_id: Id) -> None:
    vpc_id = model.subnet_vpcs.get(subnet_id)
    if vpc_id is not None:
        _touch_subnet(model, before, subnet_id, vpc_id)
        model.remove_subnet(subnet_id)


def _touch_subnet(model: ReadModel, before: Before, subnet_id: Id, vpc_id: Id) -> None:
    before.subnets.setdefault(subnet_id, model.subnet(subnet_id))
    before.presence.setdefault(vpc_id, {})
    for host_id, host in model.vpc(vpc_id).hosts.items():
        if subnet_id in host.subnets:
            _touch_presence(model, before, vpc_id, host_id)


def _delete_network_acl(model: ReadModel, before: Before, vpc_id: Id, acl_id: Id) -> None:
    if vpc_id in model.vpcs:
        _touch_network_acl(model, before, vpc_id, acl_id)
        model.vpcs[vpc_id].network_acls.pop(acl_id, None)


def _touch_network_acl(model: ReadModel, before: Before, vpc_id: Id, acl_id: Id) -> None:
    before.presence.setdefault(vpc_id, {})
    before.network_acls.setdefault(vpc_id, {}).setdefault(acl_id, model.vpc(vpc_id).network_acls.get(acl_id))


def _touch_presence(model: ReadModel, before: Before, vpc_id: Id, host_id: str) -> None:
    hosts = before.presence.setdefault(vpc_id, {})
    if host_id not in hosts:
        vpc = model.vpcs.get(vpc_id)
        host = None if vpc is None else vpc.hosts.get(host_id)
        hosts[host_id] = None if host is None else frozenset(host.subnets)
