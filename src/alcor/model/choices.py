"""What the operator of a cloud chooses that its resources are ruled by."""

from collections.abc import Mapping

import msgspec

from alcor.model.programming import DEFAULT_ON_DEMAND_ABOVE

DEFAULT_UNDERLAY_MTU = 1500
DEFAULT_HOSTS_PER_GROUP = 100
DEFAULT_QUEUE_ABOVE = 100  # where there is a message queue; docs/message-queue.md says why, also of the next
DEFAULT_QUEUE_GROUPS_ABOVE = 1000
MOST_HOSTS_PER_GROUP = 128  # what waits for those that are away must not hold up the others
LEAST_UNDERLAY_MTU = 1330  # what IPv6 needs in a tunnel
_TUNNEL_OVERHEAD = 50  # VXLAN over IPv4


class Choices(msgspec.Struct, frozen=True):
    """The choices, which all controllers of a database are given alike.

    VPCs of more than ``on_demand_above`` bound ports are programmed on demand (model.programming). A project may have
    ``default_limits`` of each resource while nothing else is set for it, and any number of what is not there.
    ``underlay_mtu`` is the size of the largest packets between hosts. A group of the message queue has
    ``hosts_per_group`` at most. What changes of VPCs of more than ``queue_above`` bound ports is published, and what
    changes of security groups of more than ``queue_groups_above``; of none when it is None. What happens to ports of
    workloads is told to the compute service where it ``tells_compute``.
    """

    on_demand_above: int = DEFAULT_ON_DEMAND_ABOVE
    default_limits: Mapping[str, int] = {}
    underlay_mtu: int = DEFAULT_UNDERLAY_MTU
    hosts_per_group: int = DEFAULT_HOSTS_PER_GROUP
    queue_above: int | None = None
    queue_groups_above: int | None = None
    tells_compute: bool = False

    @property
    def largest_mtu(self) -> int:
        """What a tunnel leaves of the underlay's."""
        return self.underlay_mtu - _TUNNEL_OVERHEAD


USUAL = Choices()
"""What holds where nobody chose."""
