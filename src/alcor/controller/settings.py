"""What a controller is told when it starts."""

from pathlib import Path

import msgspec

from alcor.api.identity.settings import IdentitySettings
from alcor.channels import checks
from alcor.channels.checks import MalformedMessage
from alcor.channels.message_queue.region_queues import RegionQueues, parse_queues
from alcor.channels.topic_beats import USUAL_LONGEST
from alcor.channels.trust.reach import enrolment_beside, is_beyond_this_machine
from alcor.controller.compute.settings import ComputeSettings
from alcor.model.choices import USUAL, Choices
from alcor.services.trust.settings import TrustSettings

API, DPM, NCM = "api", "dpm", "ncm"
"""What a controller process can do: serve the API, serve hosts with goal states, and answer hosts that ask."""

ROLES = frozenset((API, DPM, NCM))
_EVERYWHERE = ("0.0.0.0", "[::]", "*", "")


class ControllerSettings(msgspec.Struct, frozen=True):
    """Where to listen, where to keep state, whom to ask who callers are."""

    data_directory: Path
    listen: str = "127.0.0.1:9696"  # HOST:PORT or unix:PATH, for the API
    southbound: str = "127.0.0.1:9697"  # HOST:PORT or unix:PATH, for agents
    database: str = ""  # SQLAlchemy URL; empty for a SQLite file in the data directory
    host_grace: float = 15.0  # seconds a host may be away before its ports go DOWN
    digest_interval: int = 600  # seconds between two digests of what a host has; 0 for none
    probe_interval: float = 10.0  # seconds between two probes of one host by another; 0 for none
    topic_interval: int = USUAL_LONGEST  # seconds between two messages of a topic of the message queue at most, about
    stop_seconds: float = 5.0  # over which hosts are sent on to other controllers when this one stops
    choices: Choices = USUAL
    roles: frozenset[str] = ROLES
    identity: IdentitySettings = IdentitySettings()
    advertise: str = ""  # HOST:PORT or unix:PATH, where hosts reach this process to ask
    secure_southbound: bool | None = None  # whether hosts must show certificates; None for where it is not this machine
    enrolment: str = ""  # HOST:PORT or unix:PATH, where hosts join; empty for beside the southbound address
    trust: TrustSettings = TrustSettings()
    compute: ComputeSettings | None = None  # None where it is told nothing
    message_queues: tuple[str, ...] = ()  # [CELL=]pulsar://HOST:PORT/TENANT/NAMESPACE

    def is_southbound(self) -> bool:
        """Whether agents connect to this process."""
        return bool(self.roles & {DPM, NCM})

    def is_secure(self) -> bool:
        """Whether hosts must show certificates to this process."""
        secure = self.secure_southbound
        return self.is_southbound() and (is_beyond_this_machine(self.southbound) if secure is None else secure)

    def enrolment_address(self) -> str:
        """Where hosts join. Raises ControllerError."""
        try:
            return self.enrolment or enrolment_beside(self.southbound)
        except ValueError as error:
            raise ControllerError(f"{error}: say with --enrolment where hosts join") from error

    def ncm_address(self) -> str:
        """Where hosts are told to ask this process; empty where they ask the controllers that they are configured with.

        A process that does more than answer hosts need not say where: it holds every VPC, as do others like it.
        """
        if NCM not in self.roles:
            return ""
        return self.advertise or (self.southbound if DPM not in self.roles else "")

    def check_roles(self) -> None:
        """Raises ControllerError when the roles cannot be carried out."""
        if not self.roles or self.roles - ROLES:
            raise ControllerError(f"roles {sorted(self.roles)}: choose from {', '.join(sorted(ROLES))}")
        address = self.ncm_address()
        if not address:
            return
        try:
            checks.server(address, "advertise")
        except MalformedMessage as error:
            raise ControllerError(str(error)) from error
        if not address.startswith("unix:") and address.rpartition(":")[0] in _EVERYWHERE:
            raise ControllerError(
                f"hosts cannot be told to ask at {address}: say with --advertise HOST:PORT where they reach it"
            )

    def region_queues(self) -> RegionQueues | None:
        """Where message queues are, if there are any. Raises ControllerError."""
        try:
            queues = parse_queues(self.message_queues) if self.message_queues else None
        except ValueError as error:
            raise ControllerError(str(error)) from error
        if queues is None:
            if self.choices.queue_above is not None or self.choices.queue_groups_above is not None:
                raise ControllerError("nothing can be queued without a message queue: name one with --message-queue")
            return None
        for address in queues.addresses if self.is_secure() else ():
            if (problem := address.open_problem()) is not None:
                raise ControllerError(problem)
        return queues

    def store_choices(self) -> Choices:
        """The operator's choices, and what follows from other settings."""
        return msgspec.structs.replace(self.choices, tells_compute=self.compute is not None)

    @property
    def database_url(self) -> str:
        """The database to use."""
        return self.database or f"sqlite:///{self.data_directory.absolute() / 'alcor.db'}"


class ControllerError(RuntimeError):
    """The controller cannot start or go on; the message says what to do."""
