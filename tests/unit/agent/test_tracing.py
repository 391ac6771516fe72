"""The agent puts a packet into a frame as its workload would, and asks the data plane about it."""

from pathlib import Path
from typing import Any

import pytest

from alcor.agent.local_api import WrongQuestion
from alcor.agent.tracing import Tracing
from alcor.dataplane.ipv4 import ipv4_packet
from alcor.model.addresses import ipv4_number
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, Router, RouterInterface, Vpc, VpcNeighbours
from alcor.model.identifiers import id_text
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import MACS, SUBNET_ID, VTEPS, port, subnet

A, B = port(1), port(2, address="10.0.0.2", mac=MACS[2])
GATEWAY = RouterInterface(b"interface".ljust(16), 1, 0xFA163EFFFF01, (("10.0.0.0/24", "10.0.0.254"),))


@pytest.fixture
async def core(tmp_path: Path) -> Core:
    """Two ports here, a third (10.0.0.3) on another host, and a router."""
    core = Core(tmp_path)
    for each in (A, B):
        core.driver.attach(each.id)
    peers = VpcNeighbours(
        forwarding={MACS[3]: 1}, ipv4={ipv4_number("10.0.0.2"): MACS[2], ipv4_number("10.0.0.3"): MACS[3]}
    )
    await core.deliver(
        GoalStateDelta(
            revision=1, snapshot=True, vpcs={1: Vpc(b"vpc".ljust(16), 1, 1450)}, subnets={SUBNET_ID: subnet()},
            ports={each.id: each for each in (A, B)}, vteps={1: VTEPS[1]}, neighbours={1: NeighbourDelta(put=peers)},
            routers={b"router".ljust(16): Router(b"router".ljust(16), (GATEWAY,))},
        )
    )  # fmt: skip
    return core


async def traced(core: Core, to: str, source: str = "10.0.0.1", port_id: bytes = A.id) -> dict[str, Any]:
    packet = ipv4_packet(ipv4_number(source), ipv4_number(to), 17, bytes(8))
    return await asked(core, {"port": id_text(port_id), "packet": packet.hex()})


async def asked(core: Core, query: dict[str, str]) -> dict[str, Any]:
    return await Tracing(core.wanted, core.driver, core.on_demand, VTEPS[2]).page(query)


async def test_a_neighbour_is_reached_here_or_by_tunnel(core: Core) -> None:
    assert (await traced(core, "10.0.0.2")).items() >= {"outcome": "delivered", "port_id": id_text(B.id)}.items()
    assert (await traced(core, "10.0.0.3")).items() >= {"outcome": "tunnelled", "vtep": "192.168.0.2"}.items()


async def test_what_comes_by_tunnel_is_told_of_as_the_senders_host_sends_it(core: Core) -> None:
    sent = await traced(core, "10.0.0.3")
    assert (sent["vni"], bytes.fromhex(sent["frame"])[:12]) == (1, MACS[3].to_bytes(6) + A.mac.to_bytes(6))
    to_b = B.mac.to_bytes(6).hex() + sent["frame"][12:]
    arriving = await asked(core, {"vni": "1", "frame": to_b})
    assert arriving.items() >= {"outcome": "delivered", "port_id": id_text(B.id), "host_vtep": "192.168.0.3"}.items()
    for nowhere in ({"vni": "2", "frame": to_b}, {"vni": "1", "frame": sent["frame"]}):
        assert (await asked(core, nowhere))["outcome"] == "dropped"
    assert not any(core.switch.inboxes.values())


async def test_what_goes_to_the_gateway_is_for_the_agent_while_nobody_was_spoken_to(core: Core) -> None:
    assert (await traced(core, "10.9.0.1")).items() >= {"outcome": "asked", "where": "unrouted"}.items()


async def test_whom_nobody_knows_the_workload_asks_for_first(core: Core) -> None:
    assert (await traced(core, "10.0.0.99"))["outcome"] == "asked"


async def test_a_forged_packet_is_dropped_and_nothing_is_sent(core: Core) -> None:
    assert (await traced(core, "10.0.0.2", source="10.0.0.77")).items() >= {
        "outcome": "dropped",
        "where": "spoofed",
    }.items()
    assert not core.switch.dropped
    assert not any(core.switch.inboxes.values())


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"port": "x", "packet": ""},
        {"port": id_text(A.id), "packet": "zz"},
        {"port": id_text(A.id), "packet": "45"},
        {"frame": ""},
        {"vni": "1", "frame": "00" * 40},
        {"vni": str(1 << 24), "frame": "00" * 12 + "0800" + ipv4_packet(1, 2, 17, b"").hex()},
    ],
)
async def test_what_is_no_packet_is_refused(core: Core, query: dict[str, str]) -> None:
    with pytest.raises(WrongQuestion):
        await asked(core, query)


async def test_a_port_of_another_host_is_refused(core: Core) -> None:
    with pytest.raises(WrongQuestion, match="not on this host"):
        await traced(core, "10.0.0.2", port_id=port(4).id)
