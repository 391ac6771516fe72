"""What was learned survives the agent, and a damaged file does no harm."""

from pathlib import Path

import pytest

from alcor.agent.counters import Counters
from alcor.agent.on_demand.learned_file import LEARNED, LearnedFile
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, Vpc, VpcNeighbours
from tests.unit.agent.core import Core

KNOWN = VpcNeighbours({0xAA: 3}, {0x0A000001: 0xAA}, {bytes(16): 0xAA})


def learned_file(directory: Path, core: Core) -> LearnedFile:
    on_demand = core.on_demand
    return LearnedFile(directory / LEARNED, on_demand.learned.dump, on_demand.restore, Counters())


async def core(directory: Path, vni: int = 1) -> Core:
    core = Core(directory)
    await core.deliver(GoalStateDelta(revision=1, snapshot=True, vpcs={vni: Vpc(bytes(16), vni, 1450, on_demand=True)}))
    return core


async def test_a_new_agent_knows_what_the_last_one_had_learned(tmp_path: Path) -> None:
    first = await core(tmp_path)
    first.on_demand.learned.take(GoalStateDelta(vteps={3: 7}, neighbours={1: NeighbourDelta(put=KNOWN)}), {1}, 0.0)
    learned_file(tmp_path, first)._write(first.on_demand.learned.dump())
    second = await core(tmp_path)
    learned_file(tmp_path, second).load()
    assert second.on_demand.learned.forwarding(1) == {0xAA: 3}
    assert second.on_demand.learned.owner(1, 0x0A000001) == 0xAA
    assert second.on_demand.learned.owner(1, bytes(16)) == 0xAA
    assert second.on_demand.learned.vteps(1) == {3: 7}


async def test_what_was_learned_of_a_vpc_that_left_meanwhile_is_not_taken_up(tmp_path: Path) -> None:
    first = await core(tmp_path)
    first.on_demand.learned.take(GoalStateDelta(vteps={3: 7}, neighbours={1: NeighbourDelta(put=KNOWN)}), {1}, 0.0)
    (tmp_path / LEARNED).write_bytes(first.on_demand.learned.dump())
    second = await core(tmp_path, vni=2)
    learned_file(tmp_path, second).load()
    assert second.on_demand.learned.count() == 0


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x92\x80", b"\x92\x01\x02"])
async def test_a_damaged_file_is_passed_over(tmp_path: Path, data: bytes) -> None:
    (tmp_path / LEARNED).write_bytes(data)
    agent = await core(tmp_path)
    learned_file(tmp_path, agent).load()
    assert agent.on_demand.learned.count() == 0
