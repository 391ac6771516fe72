"""Random clouds, changed at random, let pass just what an oracle says that shares no code with what programs them.

What is made follows from a seed; ALCOR_SEED names another one, and ALCOR_ROUNDS says how often a world is changed.
"""

import asyncio
import os
from random import Random

import pytest

from tests.e2e.oracle import chance
from tests.e2e.oracle.comparing import differing
from tests.e2e.oracle.real import Real
from tests.e2e.two_hosts import two_hosts

SEEDS = [int(os.environ["ALCOR_SEED"])] if "ALCOR_SEED" in os.environ else [1, 2]
ROUNDS = int(os.environ.get("ALCOR_ROUNDS", "4"))
CHANGES, PROBES = 6, 120

pytestmark = [pytest.mark.root, pytest.mark.timeout(180 + 60 * ROUNDS)]


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_passes_is_what_the_oracle_says(seed: int) -> None:
    dice = Random(seed)
    async with two_hosts(()) as (testbed, cloud):
        await cloud.register(testbed.hosts)
        await asyncio.to_thread(testbed.start_hosts)
        real = Real(testbed, cloud, chance.world(dice))
        await real.make()
        done: list[chance.Change] = []
        for _ in range(ROUNDS):
            different = await differing(real, chance.probes(dice, real.world, PROBES))
            assert not different, f"{different}\nafter {done}\nin {real.world}"
            done = []
            for _ in range(CHANGES):
                method, given = chance.change(dice, real.world)
                await getattr(real, method)(*given)
                done.append((method, given))
        real.close()
