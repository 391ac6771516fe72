"""What operators see of a Network Config Manager that is one of several."""

import time
from collections.abc import Mapping, Sequence

import msgspec

from alcor.ncm.manager import NetworkConfigManager
from alcor.ncm.shard import Shard


class NcmStatus(msgspec.Struct, frozen=True):
    """How it does. ``trouble`` says what keeps it from following the change log; empty for nothing.

    ``lag_seconds`` is how long the oldest entry not taken in is known; ``vpcs_coming`` are being read;
    ``hosts_waiting`` wait for a VPC, or for their port in one; ``managers`` are the addresses of all, this one's first.
    """

    controller_id: str
    trouble: str
    head: int
    taken_in: int
    lag_seconds: float
    nodes: int
    vpcs: int
    ports: int
    vpcs_coming: int
    hosts_waiting: int
    managers: Sequence[str]
    ncm: Mapping[str, int]


def ncm_status(controller_id: str, shard: Shard, manager: NetworkConfigManager) -> NcmStatus:
    """The status as it is now: nothing is read for it."""
    model = shard.model
    return NcmStatus(
        controller_id=controller_id,
        trouble=shard.not_ready() or shard.trouble,
        head=shard.lag.head,
        taken_in=model.revision,
        lag_seconds=shard.lag.seconds(time.monotonic()),
        nodes=len(model.nodes),
        vpcs=len(model.on_demand),
        ports=len(model.ports),
        vpcs_coming=shard.coming,
        hosts_waiting=manager.waiting,
        managers=shard.members,
        ncm=manager.figures(),
    )
