"""What a host should have, as goal states say it."""

from collections.abc import Iterable
from functools import lru_cache

from alcor.dpm.read_model import ReadModel, VpcModel
from alcor.model import goal_state
from alcor.model.addresses import ip_text
from alcor.model.goal_state import GoalStateDelta, Membership, NeighbourDelta, VpcNeighbours
from alcor.model.identifiers import Id
from alcor.model.records import NetworkAclRecord, PortRecord, SubnetRecord, VpcRecord


def vpc_state(vpc: VpcRecord, on_demand: bool) -> goal_state.Vpc:
    """A VPC in a goal state."""
    return goal_state.Vpc(vpc.id, vpc.vni, vpc.mtu, vpc.dns_domain, on_demand, vpc.queued and not on_demand)


def subnet_state(subnet: SubnetRecord, vpc: VpcRecord) -> goal_state.Subnet:
    """A subnet in a goal state."""
    return goal_state.Subnet(
        id=subnet.id,
        vni=vpc.vni,
        cidr=subnet.cidr,
        gateway_ip=subnet.gateway_ip,
        enable_dhcp=subnet.enable_dhcp,
        dns_nameservers=subnet.dns_nameservers,
        host_routes=subnet.host_routes,
        ipv6_ra_mode=subnet.ipv6_ra_mode,
        ipv6_address_mode=subnet.ipv6_address_mode,
        network_acl=subnet.network_acl,
    )


def network_acl_state(acl: NetworkAclRecord) -> goal_state.NetworkAcl:
    """A network ACL in a goal state."""
    return goal_state.NetworkAcl(acl.id, acl.rules)


def port_state(port: PortRecord, vpc: VpcRecord) -> goal_state.Port:
    """A port in the goal state of its host. A VPC that is down takes its ports down."""
    return goal_state.Port(
        id=port.id,
        vni=vpc.vni,
        mac=port.mac,
        fixed_ips=tuple((subnet_id, ip_text(address)) for subnet_id, address in port.fixed_ips),
        admin_state_up=port.admin_state_up and vpc.admin_state_up,
        port_security=port.port_security,
        allowed_address_pairs=port.allowed_address_pairs,
        dhcp_options=port.dhcp_options,
        hostname=port.hostname,
        security_groups=port.security_groups,
        device_id=port.device_id,
        project_id=port.project_id,
    )


@lru_cache(maxsize=10_000)
def membership(security_groups: tuple[Id, ...], address_pairs: tuple[tuple[str, int], ...]) -> Membership:
    """What a port with these groups and allowed address pairs is a member of: one object for all that are alike."""
    return Membership(security_groups, tuple([cidr for cidr, _ in address_pairs]))


def add_neighbours(neighbours: VpcNeighbours, port: PortRecord, host_index: int) -> None:
    """What a port adds to the neighbours of its VPC.

    Every host of the VPC learns every address, its own ports' too, so that it can answer ARP between its own
    workloads; forwarding entries it gets only for ports on other hosts.
    """
    neighbours.forwarding[port.mac] = host_index
    if port.security_groups:
        neighbours.memberships[port.mac] = membership(port.security_groups, port.allowed_address_pairs)
    for _, address in port.fixed_ips:
        if len(address) == 4:
            neighbours.ipv4[int.from_bytes(address)] = port.mac
        else:
            neighbours.ipv6[address] = port.mac


def neighbours_for_host(vpc: VpcModel, host_index: int, own_macs: set[int]) -> NeighbourDelta:
    """All neighbours of a VPC as a host that joins it sees them. The cost is that of the VPC's size."""
    forwarding = vpc.neighbours.forwarding.copy()
    for mac in own_macs:
        if forwarding.get(mac) == host_index:
            del forwarding[mac]
    known = vpc.neighbours
    return NeighbourDelta(put=VpcNeighbours(forwarding, known.ipv4.copy(), known.ipv6.copy(), known.memberships.copy()))


def join_vpc(delta: GoalStateDelta, model: ReadModel, vpc: VpcModel, host_id: str) -> None:
    """Add all of a VPC but the host's own ports and subnets and the VTEPs."""
    assert vpc.record is not None
    delta.vpcs[vpc.record.vni] = vpc_state(vpc.record, vpc.on_demand)
    if vpc.on_demand:
        return
    own_macs = {unpacked.mac for port_id in vpc.hosts[host_id].ports if (unpacked := model.port(port_id))}
    neighbours = neighbours_for_host(vpc, model.nodes[host_id].host_index, own_macs)
    if not neighbours.is_empty():
        delta.neighbours[vpc.record.vni] = neighbours


def snapshot(model: ReadModel, host_id: str) -> GoalStateDelta:
    """Everything the host should have as of the model's revision; nothing when it is not a known node."""
    delta = GoalStateDelta(revision=model.revision, snapshot=True)
    if host_id not in model.nodes:
        return delta
    groups: set[Id] = set()
    routers: set[Id] = set()
    for vpc_id in model.host_vpcs.get(host_id, ()):
        vpc = model.vpcs[vpc_id]
        own = vpc.hosts[host_id]
        ports = [port for port_id in own.ports if (port := model.port(port_id)) is not None]
        groups.update(*(port.security_groups for port in ports))
        if vpc.record is None:
            continue
        join_vpc(delta, model, vpc, host_id)
        for subnet_id in own.subnets:
            if subnet_id in vpc.subnets:
                delta.subnets[subnet_id] = subnet_state(vpc.subnets[subnet_id], vpc.record)
        delta.network_acls.update((acl.id, network_acl_state(acl)) for acl in vpc.network_acls_of(own.subnets))
        for port in ports:
            delta.ports[port.id] = port_state(port, vpc.record)
        routers |= model.routers.of_subnets(vpc_id, own.subnets)
        if not vpc.on_demand:
            delta.vteps.update(vteps(model, vpc))
    delta.vteps.pop(model.nodes[host_id].host_index, None)
    delta.routers = {router_id: model.routers.state(router_id) for router_id in model.routers.with_next(routers)}
    for group_id in groups:
        if (group := model.security.state(group_id)) is not None:
            delta.security_groups[group_id] = group
    return delta


def ports_again(model: ReadModel, host_id: str, port_ids: Iterable[Id]) -> GoalStateDelta:
    """Those of the ports that the host should have, as they are: it programs them anew and reports on them.

    For a host that has been told of everything up to the model's revision.
    """
    delta = GoalStateDelta(revision=model.revision)
    if host_id not in model.nodes:
        return delta
    for port_id in port_ids:
        port = model.port(port_id)
        vpc = None if port is None or port.host_id != host_id else model.vpcs[port.vpc_id].record
        if port is not None and vpc is not None:
            delta.ports[port_id] = port_state(port, vpc)
    return delta


def vteps(model: ReadModel, vpc: VpcModel) -> dict[int, int]:
    """The VTEPs of all hosts of a VPC: host index → IPv4 address."""
    nodes = (model.nodes[host_id] for host_id in model.visible_hosts(vpc))
    return {node.host_index: node.local_ip for node in nodes}
