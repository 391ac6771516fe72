"""What passes in a real world, and what an oracle says that shares no code with what programs it."""

import asyncio

from tests.e2e.oracle.real import Real
from tests.e2e.oracle.verdict import passes
from tests.e2e.oracle.world import Probe
from tests.e2e.probes import reaches

PATIENCE, SILENCE = 30.0, 0.7  # seconds in which what should pass has to, and in which what should not has not to


async def _passes(real: Real, probe: Probe, seconds: float) -> bool:
    address = real.world.workloads[probe.target].addresses[probe.version]
    return await reaches(real.workloads[probe.source].namespace, address, probe.protocol, probe.port, seconds)


async def _comes_to_be(real: Real, probe: Probe, expected: bool) -> None:
    """Return when a probe passes, or does so no longer; or when that takes too long."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while asyncio.get_running_loop().time() < deadline:
        if await _passes(real, probe, PATIENCE if expected else SILENCE) == expected:
            return


async def differing(real: Real, probes: list[Probe]) -> list[str]:
    """What is not as the oracle says, once that which changed has come to the hosts."""
    expected = [passes(real.world, probe) for probe in probes]
    await asyncio.gather(*(_comes_to_be(real, *each) for each in zip(probes, expected, strict=True)))
    came = await asyncio.gather(
        *(_passes(real, *each) for each in zip(probes, (PATIENCE if e else SILENCE for e in expected), strict=True))
    )
    return [
        f"{probe} {'should pass' if wanted else 'should not pass'}"
        for probe, wanted, is_through in zip(probes, expected, came, strict=True)
        if wanted != is_through
    ]
