"""Who else lives on the read model of a Data Plane Manager."""

from typing import Protocol

from alcor.dpm.compiler import Compiled


class Follower(Protocol):
    """Somebody else who lives on the read model, on the same event loop."""

    def compiled(self, compiled: Compiled) -> None:
        """An entry was taken into the model, and this is what it means."""

    def reloaded(self) -> None:
        """The model was read anew: entries were missed."""
