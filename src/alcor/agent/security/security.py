"""The agent's parts for security groups, put together."""

from collections.abc import Callable
from typing import NamedTuple

from alcor.agent.counters import Counters
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.security.deciding import Deciding
from alcor.agent.security.members import Members
from alcor.agent.security.peers import Peers
from alcor.agent.wanted import Wanted
from alcor.dataplane.driver import DataPlane


class Security(NamedTuple):
    """Who is known to be in which groups, which of it the data plane is told, and what waits to be decided."""

    peers: Peers
    members: Members
    deciding: Deciding


def make_security(
    wanted: Wanted, driver: DataPlane, counters: Counters, on_demand: OnDemand, clock: Callable[[], float]
) -> Security:
    """The parts, joined with what they depend on."""
    peers = Peers(wanted, on_demand.learned)
    return Security(peers, Members(peers), Deciding(wanted, driver, counters, on_demand, peers, clock))
