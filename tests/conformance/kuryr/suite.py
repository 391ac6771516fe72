"""What is done with Docker's networks."""

from collections.abc import Iterator

from tests.conformance.kuryr.scenarios import networks
from tests.conformance.kuryr.site import Scenario

_DONE: tuple[Scenario, ...] = (networks.a_network_and_a_container,)


def scenarios() -> Iterator[tuple[str, Scenario]]:
    """The name of each, and what is done."""
    for each in _DONE:
        yield f"{each.__module__.rpartition('.')[2]}.{each.__name__}", each
