"""How hosts come to know the ports of a VPC: told ahead (push), or when they ask (on demand). Pure.

Telling ahead costs every change a message to every host of the VPC, and every host a rule for every port; asking
costs the first packet to a peer a question. Small VPCs are told ahead, large ones asked for. What changes of one that
is told ahead can be published for all its hosts at once (queued), which costs one message however many hosts there are.
"""

PUSH = "push"
ON_DEMAND = "on_demand"
AUTO = "auto"
SETTINGS = (AUTO, PUSH, ON_DEMAND)

DEFAULT_ON_DEMAND_ABOVE = 1000
"""Ports of a VPC above which it is programmed on demand, unless its setting says otherwise."""

_BACK_BELOW = 0.8  # so that a VPC that hovers about the limit does not change all the time


def is_queued(ports: int, was_queued: bool, above: int | None) -> bool:
    """Whether what changes of a VPC, or a security group, of so many ports is published from now on.

    ``above`` is None where nothing is.
    """
    if above is None:
        return False
    return ports > above * _BACK_BELOW if was_queued else ports > above


def is_on_demand(setting: str, ports: int, was_on_demand: bool, above: int) -> bool:
    """Whether a VPC of so many ports is programmed on demand from now on."""
    if setting == AUTO:
        return ports > above * _BACK_BELOW if was_on_demand else ports > above
    return setting == ON_DEMAND
