"""Small goal states, and random changes to them from a universe so small that everything collides."""

from hypothesis import strategies as st

from alcor.model.goal_state import (
    GoalStateDelta,
    NeighbourDelta,
    NetworkAcl,
    Port,
    SecurityGroup,
    Subnet,
    Vpc,
    VpcNeighbours,
)
from alcor.model.identifiers import Id
from alcor.model.records import NetworkAclRule, SecurityRule

OWN_VTEP = 0xC0A80001
SUBNET_ID = b"subnet".ljust(16, b"\0")
ACL_ID = b"acl".ljust(16, b"\0")

VNIS = (1, 2)
MACS = tuple(0xFA163E000000 + number for number in range(6))
HOST_INDEXES = (0, 1, 2)
VTEPS = (OWN_VTEP, 0xC0A80002, 0xC0A80003)
IPV4 = tuple(0x0A000000 + number for number in range(6))
IPV6 = tuple(bytes(15) + bytes((number,)) for number in range(3))


OPEN = SecurityGroup(
    b"open".ljust(16, b"\0"),
    True,
    tuple(SecurityRule(ingress, ipv6) for ingress in (True, False) for ipv6 in (True, False)),
)
"""The group of ports that do not say otherwise: it lets everything pass."""


def port_id(number: int) -> Id:
    return b"port".ljust(15, b"\0") + bytes((number,))


PORT_IDS = tuple(map(port_id, range(5)))


def port(number: int = 1, vni: int = 1, address: str = "10.0.0.1", mac: int = MACS[1], **options: object) -> Port:
    options = {"security_groups": (OPEN.id,)} | options
    return Port(port_id(number), vni, mac, ((SUBNET_ID, address),), **options)  # type: ignore[arg-type]


def subnet(vni: int = 1, cidr: str = "10.0.0.0/24", gateway_ip: str = "10.0.0.254", **options: object) -> Subnet:
    return Subnet(SUBNET_ID, vni, cidr, gateway_ip, True, **options)  # type: ignore[arg-type]


def acl_rule(allow: bool = True, number: int = 100, **options: object) -> NetworkAclRule:
    return NetworkAclRule(number, True, allow, False, "0.0.0.0/0", **options)  # type: ignore[arg-type]


vnis, macs, host_indexes = st.sampled_from(VNIS), st.sampled_from(MACS), st.sampled_from(HOST_INDEXES)
ipv4, ipv6 = st.sampled_from(IPV4), st.sampled_from(IPV6)
port_ids = st.sampled_from(PORT_IDS)

ports = st.builds(
    lambda port_id, vni, mac, address, up: Port(port_id, vni, mac, ((SUBNET_ID, address),), admin_state_up=up),
    port_ids,
    vnis,
    macs,
    st.sampled_from(("10.0.0.1", "10.0.0.2", "2001:db8::1")),
    st.booleans(),
)

neighbours = st.builds(
    VpcNeighbours,
    forwarding=st.dictionaries(macs, host_indexes, max_size=4),
    ipv4=st.dictionaries(ipv4, macs, max_size=4),
    ipv6=st.dictionaries(ipv6, macs, max_size=2),
)

neighbour_deltas = st.builds(
    NeighbourDelta,
    put=neighbours,
    removed_macs=st.sets(macs, max_size=3),
    removed_ipv4=st.sets(ipv4, max_size=3),
    removed_ipv6=st.sets(ipv6, max_size=2),
)

deltas = st.builds(
    GoalStateDelta,
    vpcs=st.dictionaries(vnis, st.just(None), max_size=2).map(
        lambda chosen: {vni: Vpc(bytes(15) + bytes((vni,)), vni, 1450) for vni in chosen}
    ),
    subnets=st.sampled_from([None, b"", ACL_ID]).map(
        lambda acl: {} if acl is None else {SUBNET_ID: subnet(network_acl=acl)}
    ),
    ports=st.lists(ports, max_size=2).map(lambda chosen: {port.id: port for port in chosen}),
    vteps=st.dictionaries(host_indexes, st.sampled_from(VTEPS), max_size=2),
    neighbours=st.dictionaries(vnis, neighbour_deltas, max_size=2),
    removed_vpcs=st.sets(vnis, max_size=1),
    removed_subnets=st.booleans().map(lambda chosen: {SUBNET_ID} if chosen else set()),
    removed_ports=st.sets(port_ids, max_size=2),
    removed_vteps=st.sets(host_indexes, max_size=1),
    network_acls=st.sampled_from([None, False, True]).map(
        lambda allow: {} if allow is None else {ACL_ID: NetworkAcl(ACL_ID, (acl_rule(allow),))}
    ),
    removed_network_acls=st.booleans().map(lambda chosen: {ACL_ID} if chosen else set()),
)
