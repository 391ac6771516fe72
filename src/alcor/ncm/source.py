"""Where a Network Config Manager finds VPCs: a read model that holds all of them, or those it takes care of."""

from collections.abc import Callable
from typing import Protocol

from alcor.dpm.read_model import ReadModel, VpcModel


class Source(Protocol):
    """A read model on the manager's event loop, whose changes the manager is told of (dpm.follower.Follower)."""

    @property
    def model(self) -> ReadModel:
        """The model as it is now."""

    def reaches(self, host_id: str, vpc: VpcModel) -> bool:
        """Whether the host has ports in a VPC that is held, or in subnets that routers connect with it."""

    def want(self, vni: int, host_id: str) -> None:
        """A host asks about a VPC that is not held, or that it is not known to reach: if it does, it is to be held."""

    def is_coming(self, vni: int) -> bool:
        """Whether the VPC is being read, so that asking again soon makes sense."""

    def let_go(self, vni: int) -> None:
        """Nobody waits for the VPC any more: it need not be held for that."""

    def tidy(self) -> None:
        """Let go what is no longer needed: hosts may have forgotten VPCs that this process does not take care of."""


class WholeModel:
    """A source that holds every VPC."""

    def __init__(self, model: Callable[[], ReadModel]) -> None:
        self._model = model

    @property
    def model(self) -> ReadModel:
        """See Source."""
        return self._model()

    def reaches(self, host_id: str, vpc: VpcModel) -> bool:
        """See Source."""
        return self.model.reaches(host_id, vpc)

    def want(self, vni: int, host_id: str) -> None:
        """See Source: what is not here is not there."""

    def is_coming(self, vni: int) -> bool:
        """See Source."""
        return False

    def let_go(self, vni: int) -> None:
        """See Source: everything is kept."""

    def tidy(self) -> None:
        """See Source: everything is kept."""
