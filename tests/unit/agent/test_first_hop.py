"""To which MAC address a workload sends a packet: that of a neighbour, or of the next hop that it was given."""

from pathlib import Path

import pytest

from alcor.agent.first_hop import first_hop
from alcor.dataplane.host_services import SERVICE_IPV4, SERVICE_MAC
from alcor.model.addresses import address_of, ip_bytes, ip_text, link_local
from alcor.model.goal_state import (
    GoalStateDelta,
    NeighbourDelta,
    Port,
    Router,
    RouterInterface,
    Subnet,
    Vpc,
    VpcNeighbours,
)
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import MACS, SUBNET_ID, VTEPS, port_id

SIX_ID, OTHER_ID = b"six".ljust(16, b"\0"), b"other".ljust(16, b"\0")
GATEWAY, GATEWAY_SIX, OTHER_GATEWAY = 0xFA163EFFFF01, 0xFA163EFFFF02, 0xFA163EFFFF03
APPLIANCE, STRANGER = MACS[2], MACS[5]
ADDRESSES = ((SUBNET_ID, "10.0.0.1"), (OTHER_ID, "10.0.1.1"), (SIX_ID, "2001:db8::1"))
ROUTES = (("192.0.2.0/24", "10.0.0.3"), ("192.0.2.128/25", "10.0.0.2"))


@pytest.fixture
async def core(tmp_path: Path) -> Core:
    """A port in three subnets, one with host routes and one whose router advertises itself, and two neighbours."""
    core = Core(tmp_path)
    peers = VpcNeighbours(
        forwarding={MACS[2]: 1, MACS[3]: 1},
        ipv4={0x0A000002: MACS[2], 0x0A000003: MACS[3]},
        ipv6={ip_bytes("2001:db8::3"): MACS[3]},
    )
    subnets = (
        Subnet(SUBNET_ID, 1, "10.0.0.0/24", "10.0.0.254", True, host_routes=ROUTES),
        Subnet(OTHER_ID, 1, "10.0.1.0/24", "10.0.1.254", True),
        Subnet(SIX_ID, 1, "2001:db8::/64", "", True, ipv6_ra_mode="slaac"),
    )
    interfaces = (
        RouterInterface(b"one".ljust(16), 1, GATEWAY, (("10.0.0.0/24", "10.0.0.254"),)),
        RouterInterface(b"two".ljust(16), 1, GATEWAY_SIX, (("2001:db8::/64", "2001:db8::fe"),)),
        RouterInterface(b"three".ljust(16), 1, OTHER_GATEWAY, (("10.0.1.0/24", "10.0.1.254"),)),
    )
    router = Router(b"router".ljust(16), interfaces)
    await core.deliver(
        GoalStateDelta(
            revision=1, snapshot=True, vpcs={1: Vpc(b"vpc".ljust(16), 1, 1450)}, vteps={1: VTEPS[1]},
            subnets={each.id: each for each in subnets}, ports={port_id(1): Port(port_id(1), 1, MACS[1], ADDRESSES)},
            neighbours={1: NeighbourDelta(put=peers)}, routers={router.id: router},
        )
    )  # fmt: skip
    return core


def hop(core: Core, destination: str, source: str = "10.0.0.1") -> int | None:
    port = core.wanted.state.ports[port_id(1)]
    return first_hop(core.wanted, core.on_demand, port, address_of(source), address_of(destination))


async def test_a_neighbour_is_sent_to_itself(core: Core) -> None:
    assert hop(core, "10.0.0.2") == MACS[2]
    assert hop(core, "2001:db8::3", "2001:db8::1") == MACS[3]
    assert hop(core, "10.0.0.77") is None
    assert first_hop(core.wanted, core.on_demand, core.wanted.state.ports[port_id(1)], 1, SERVICE_IPV4) == SERVICE_MAC


async def test_a_link_local_address_is_that_of_the_neighbour_or_router_whose_mac_address_makes_it(core: Core) -> None:
    for mac in (MACS[3], GATEWAY_SIX):
        assert hop(core, ip_text(link_local(mac)), ip_text(link_local(MACS[1]))) == mac
    assert hop(core, ip_text(link_local(STRANGER)), ip_text(link_local(MACS[1]))) is None
    assert hop(core, "fe80::1", ip_text(link_local(MACS[1]))) is None


async def test_of_the_host_routes_the_longest_leads_there(core: Core) -> None:
    assert hop(core, "192.0.2.200") == APPLIANCE
    assert hop(core, "192.0.2.1") == MACS[3]


async def test_all_else_goes_to_the_gateway_of_the_subnet_that_it_is_sent_from(core: Core) -> None:
    assert hop(core, "198.51.100.1") == GATEWAY
    assert hop(core, "198.51.100.1", "10.0.1.1") == OTHER_GATEWAY
    assert hop(core, "192.0.2.1", "10.0.1.1") == OTHER_GATEWAY
    assert hop(core, "2001:db8:1::1", "2001:db8::1") == GATEWAY_SIX
