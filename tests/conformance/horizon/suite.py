"""What is done in front of Horizon, and in which role."""

from collections.abc import Iterator

from tests.conformance.horizon.scenarios import networks
from tests.conformance.horizon.site import Scenario

_MEMBERS: tuple[Scenario, ...] = (networks.a_network_with_a_subnet,)


def scenarios() -> Iterator[tuple[str, str, Scenario]]:
    """The name of each, the role, and what is done."""
    for role, done in (("member", _MEMBERS),):
        for each in done:
            yield f"{role}.{each.__module__.rpartition('.')[2]}.{each.__qualname__}", role, each
