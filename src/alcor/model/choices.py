"""What the operator of a cloud chooses that its resources are ruled by."""

from collections.abc import Mapping

import msgspec

from alcor.model.programming import DEFAULT_ON_DEMAND_ABOVE


class Choices(msgspec.Struct, frozen=True):
    """The choices, which all controllers of a database are given alike.

    VPCs of more than ``on_demand_above`` bound ports are programmed on demand (model.programming). A project may have
    ``default_limits`` of each resource while nothing else is set for it, and any number of what is not there.
    """

    on_demand_above: int = DEFAULT_ON_DEMAND_ABOVE
    default_limits: Mapping[str, int] = {}


USUAL = Choices()
"""What holds where nobody chose."""
