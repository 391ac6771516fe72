"""What a controller is told when it starts."""

from pathlib import Path

import msgspec

from alcor.model.programming import DEFAULT_ON_DEMAND_ABOVE


class ControllerSettings(msgspec.Struct, frozen=True):
    """Where to listen, where to keep state."""

    data_directory: Path
    listen: str = "127.0.0.1:9696"  # HOST:PORT or unix:PATH, for the API
    southbound: str = "127.0.0.1:9697"  # HOST:PORT or unix:PATH, for agents
    database: str = ""  # SQLAlchemy URL; empty for a SQLite file in the data directory
    host_grace: float = 15.0  # seconds a host may be away before its ports go DOWN
    digest_interval: int = 600  # seconds between two digests of what a host has; 0 for none
    stop_seconds: float = 5.0  # over which hosts are sent on to other controllers when this one stops
    on_demand_above: int = DEFAULT_ON_DEMAND_ABOVE  # bound ports of a VPC above which hosts ask for them

    @property
    def database_url(self) -> str:
        """The database to use."""
        return self.database or f"sqlite:///{self.data_directory.absolute() / 'alcor.db'}"


class ControllerError(RuntimeError):
    """The controller cannot start or go on; the message says what to do."""
