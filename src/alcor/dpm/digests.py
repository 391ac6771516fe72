"""The digest of what a host should have, from digests kept for each VPC: the cost is that of the host's own ports.

It equals the digest of the snapshot the host would be given (dpm.goal_states).
"""

from collections.abc import Iterable

from alcor.dpm.goal_states import network_acl_state, port_state, subnet_state, vpc_state
from alcor.dpm.read_model import ReadModel, VpcModel
from alcor.model.digest import Digest, forwarding_hash, resource_hash, vpc_neighbours_hash, vtep_hash
from alcor.model.identifiers import Id
from alcor.model.records import NodeRecord, PortRecord, VpcRecord


def host_digest(model: ReadModel, host_id: str) -> Digest:
    """The digest of everything the host should have as of the model's revision; of nothing when it is no known node.

    For a host of several VPCs that are told ahead, add the number of hosts of all but the largest of them, which are
    only looked up.
    """
    node = model.nodes.get(host_id)
    if node is None:
        return Digest()
    vpcs = subnets = ports = neighbours = acls = 0
    told_ahead: list[VpcModel] = []
    routers: set[Id] = set()
    groups: set[Id] = set()
    for vpc_id in model.host_vpcs.get(host_id, ()):
        vpc = model.vpcs[vpc_id]
        host = vpc.hosts[host_id]
        own = [port for port_id in host.ports if (port := model.port(port_id)) is not None]
        groups.update(*(port.security_groups for port in own))
        if vpc.record is None:
            continue
        vpcs ^= resource_hash(vpc_state(vpc.record, vpc.on_demand))
        subnets ^= _subnets(vpc, vpc.record, host_id)
        for acl in vpc.network_acls_of(host.subnets):
            acls ^= resource_hash(network_acl_state(acl))
        routers |= model.routers.of_subnets(vpc_id, host.subnets)
        for port in own:
            ports ^= resource_hash(port_state(port, vpc.record))
        if not vpc.on_demand:
            neighbours ^= vpc_neighbours_hash(vpc.record.vni, vpc.neighbours_digest ^ _own_forwarding(vpc, own, node))
            told_ahead.append(vpc)
    return Digest(
        vpcs,
        subnets,
        ports,
        _vteps(model, told_ahead, node),
        neighbours,
        _routers(model, routers),
        _security_groups(model, groups),
        acls,
    )


def _routers(model: ReadModel, router_ids: Iterable[Id]) -> int:
    digest = 0
    for router_id in model.routers.with_next(router_ids):
        digest ^= resource_hash(model.routers.state(router_id))
    return digest


def _security_groups(model: ReadModel, group_ids: Iterable[Id]) -> int:
    digest = 0
    for group_id in group_ids:
        group = model.security.state(group_id)
        digest ^= 0 if group is None else resource_hash(group)
    return digest


def _subnets(vpc: VpcModel, record: VpcRecord, host_id: str) -> int:
    digest = 0
    for subnet_id in vpc.hosts[host_id].subnets:
        if subnet_id in vpc.subnets:
            digest ^= resource_hash(subnet_state(vpc.subnets[subnet_id], record))
    return digest


def _own_forwarding(vpc: VpcModel, own: list[PortRecord], node: NodeRecord) -> int:
    """A host forwards nothing to itself."""
    digest = 0
    for mac in {port.mac for port in own}:
        if vpc.neighbours.forwarding.get(mac) == node.host_index:
            digest ^= forwarding_hash(mac, node.host_index)
    return digest


def _vteps(model: ReadModel, vpcs: list[VpcModel], own: NodeRecord) -> int:
    """Of all hosts of any of the VPCs but the one itself."""
    if not vpcs:
        return 0
    vpcs.sort(key=lambda vpc: len(vpc.hosts), reverse=True)
    digest = vpcs[0].vteps_digest ^ vtep_hash(own.host_index, own.local_ip)
    for number, vpc in enumerate(vpcs[1:], 1):
        more = set(vpc.hosts).difference(*(larger.hosts for larger in vpcs[:number]))
        if len(more) <= len(vpc.hosts) // 2:
            digest ^= _vteps_of(model, more)
        else:
            digest ^= vpc.vteps_digest ^ _vteps_of(model, vpc.hosts.keys() - more)
    return digest


def _vteps_of(model: ReadModel, host_ids: Iterable[str]) -> int:
    digest = 0
    for host_id in host_ids:
        node = model.nodes.get(host_id)
        if node is not None:
            digest ^= vtep_hash(node.host_index, node.local_ip)
    return digest
