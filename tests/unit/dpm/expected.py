"""What each host should have, computed naively: no code of the compiler's, and all records, every time."""

import ipaddress
from collections.abc import Iterator

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
    NodeRecord,
    PortRecord,
    RouterInterfaceRecord,
    RouterRecord,
    SecurityGroupRecord,
    VpcRecord,
)
from tests.unit.dpm.cloud import Cloud


def _visible(cloud: Cloud) -> Iterator[tuple[PortRecord, VpcRecord, NodeRecord]]:
    for port in cloud.ports.values():
        if port.vpc_id in cloud.vpcs and port.host_id in cloud.nodes:
            yield port, cloud.vpcs[port.vpc_id], cloud.nodes[port.host_id]


def goal_state(cloud: Cloud, host_id: str) -> GoalState:
    state = GoalState()
    for port, vpc, _ in _visible(cloud):
        if port.host_id != host_id:
            continue
        state.vpcs[vpc.vni] = Vpc(
            vpc.id, vpc.vni, vpc.mtu, vpc.dns_domain, vpc.on_demand, vpc.queued and not vpc.on_demand
        )
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
            subnet = cloud.subnets.get(subnet_id)
            if subnet is not None and subnet.vpc_id == vpc.id:
                state.subnets[subnet_id] = Subnet(
                    subnet_id,
                    vpc.vni,
                    subnet.cidr,
                    subnet.gateway_ip,
                    subnet.enable_dhcp,
                    network_acl=subnet.network_acl,
                )
                if (acl := cloud.acls.get(subnet.network_acl)) is not None:
                    state.network_acls[acl.id] = NetworkAcl(acl.id, acl.rules)
    for router in _routers_of(cloud, host_id):
        state.routers[router.id] = Router(router.id, _router_interfaces(cloud, router), router.routes)
    for port, vpc, node in _visible(cloud):
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
    for group in cloud.groups.values():
        if host_id in cloud.nodes and any(
            group.id in port.security_groups for port in cloud.ports.values() if port.host_id == host_id
        ):
            state.security_groups[group.id] = _security_group(cloud, group)
    state.neighbours = {vni: known for vni, known in state.neighbours.items() if not known.is_empty()}
    return state


def _security_group(cloud: Cloud, group: SecurityGroupRecord) -> SecurityGroup:
    named = sorted({rule.remote_address_group for rule in group.rules} & cloud.address_groups.keys())
    address_groups = tuple((each, cloud.address_groups[each].addresses) for each in named)
    return SecurityGroup(group.id, group.stateful, group.rules, address_groups, group.queued)


def _up_interfaces(cloud: Cloud, router: RouterRecord) -> list[RouterInterfaceRecord]:
    return [each for each in cloud.interfaces.values() if each.router_id == router.id and each.admin_state_up]


def _routers_of(cloud: Cloud, host_id: str) -> list[RouterRecord]:
    routing = [router for router in cloud.routers.values() if router.admin_state_up]
    found = [router for router in routing if _is_routed_by(cloud, host_id, router)]
    for router in found:  # those that are added meanwhile, too
        next_hops = {next_hop for _, next_hop in router.routes}
        next_hops.update(nh for each in _router_interfaces(cloud, router) for _, nh in each.routes)
        vpcs = {each.vpc_id for each in _up_interfaces(cloud, router)}
        for other in routing:
            addresses = {
                str(ipaddress.ip_address(address))
                for each in _up_interfaces(cloud, other)
                if each.vpc_id in vpcs
                for _, _, address in each.addresses
            }
            if other not in found and addresses & next_hops and _up_interfaces(cloud, router):
                found.append(other)
    return found


def _table_routes(cloud: Cloud, interface: RouterInterfaceRecord) -> tuple[tuple[str, str], ...]:
    owners = [*(subnet_id for subnet_id, _, _ in interface.addresses), interface.vpc_id]
    tables = [cloud.tables[owner] for owner in owners if owner in cloud.tables]
    routes = [route for table in tables if table.vpc_id == interface.vpc_id for route in table.routes]
    destinations = sorted({destination for destination, _, _ in routes})
    best = [max((each for each in routes if each[0] == one), key=lambda each: each[2]) for one in destinations]
    return tuple((destination, next_hop) for destination, next_hop, _ in best)


def _is_routed_by(cloud: Cloud, host_id: str, router: RouterRecord) -> bool:
    return any(
        (subnet_id, port.vpc_id) == (its, interface.vpc_id)
        for port, _, _ in _visible(cloud)
        if port.host_id == host_id
        for subnet_id, _ in port.fixed_ips
        for interface in _up_interfaces(cloud, router)
        for its, _, _ in interface.addresses
    )


def _router_interfaces(cloud: Cloud, router: RouterRecord) -> tuple[RouterInterface, ...]:
    chosen = sorted(_up_interfaces(cloud, router), key=lambda each: each.id)
    return tuple(
        RouterInterface(
            each.id,
            each.vni,
            each.mac,
            tuple((cidr, str(ipaddress.ip_address(address))) for _, cidr, address in each.addresses),
            _table_routes(cloud, each),
        )
        for each in chosen
    )
