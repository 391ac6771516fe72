"""Scenarios: what a scalability test does, as TOML files say it.

A scenario has hosts and a list of steps that are carried out one after the other, each named by ``do``::

    description = "A thousand ports on a hundred hosts."

    [hosts]
    count = 100

    [[steps]]
    do = "connect"

    [[steps]]
    do = "create-ports"
    vpcs = 10
    ports = 100
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from alcor.scale.errors import ScaleError

Count = Annotated[int, msgspec.Meta(ge=1)]
CountOrNone = Annotated[int, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Channel = Literal["fast", "queue", "both"]
"""How hosts are told: by gRPC; over the message queue; by gRPC and, of VPCs that have a topic, by that."""
Fraction = Annotated[float, msgspec.Meta(gt=0, le=1)]


class _Plain(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """As files and reports have it."""


class Hosts(_Plain, frozen=True):
    """The simulated hosts."""

    count: Annotated[int, msgspec.Meta(ge=1, le=4_000_000)]
    processes: Count = 1
    per_connection: Annotated[int, msgspec.Meta(ge=1, le=65_536)] = 10_000
    programming_seconds: Seconds = 0.0  # from a goal state's arrival until its ports are reported UP
    digests: bool = False  # hosts keep what they were told, and say the digest of it when they come back
    channel: Channel = "fast"

    def __post_init__(self) -> None:
        if self.digests and self.like_agents:
            raise ValueError("only hosts that share a connection say digests")

    @property
    def like_agents(self) -> bool:
        """Whether each is reached as an agent is, and by nothing that it shares with others."""
        return self.channel != "fast" or self.per_connection == 1

    @property
    def on_queue(self) -> bool:
        """Whether they need a message queue."""
        return self.channel != "fast"


_Above = Annotated[int, msgspec.Meta(ge=0)] | Literal["none", ""]


class Controllers(_Plain, frozen=True):
    """What the controller that is started is told: its own defaults where it is left out."""

    queue_above: _Above = ""
    queue_groups_above: _Above = ""

    def options(self) -> list[str]:
        """The same in the words of its command line."""
        named = (("--queue-above", self.queue_above), ("--queue-groups-above", self.queue_groups_above))
        return [word for name, value in named if value != "" for word in (name, str(value))]


class _Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, tag_field="do"):
    """What is the same for all steps: they are read from TOML, ``do`` says which it is."""


class Connect(_Step, frozen=True, kw_only=True, tag="connect"):
    """Register the hosts as nodes and connect them all; ends when each has applied a goal state."""

    at_once: Annotated[int, msgspec.Meta(ge=1, le=20_000)] = 2_000  # nodes in one request
    timeout: Seconds = 600.0


class CreatePorts(_Step, frozen=True, kw_only=True, tag="create-ports"):
    """Create VPCs with a subnet each and ports in them; ends when every port is ACTIVE."""

    vpcs: Count = 1
    ports: Count  # in each VPC
    hosts: CountOrNone = 0  # that the ports of each VPC are spread over; 0 for all
    at_once: Annotated[int, msgspec.Meta(ge=1, le=20_000)] = 1  # ports in one request; 1 for single creates
    clients: Count = 1
    rate: Seconds = 0.0  # requests a second, at most; 0 for as many as the clients get through
    in_turn: bool = True  # spread requests over the VPCs; otherwise one VPC after the other
    programming: Literal["auto", "push", "on_demand"] = "auto"  # how hosts learn of the VPCs' ports
    security_group: bool = False  # ports of each VPC are in a group of their own
    timeout: Seconds = 600.0  # for the last port to become ACTIVE


class UpdatePorts(_Step, frozen=True, kw_only=True, tag="update-ports"):
    """Change ports that were created; ends when each is ACTIVE again."""

    ports: Count
    change: Literal["name", "move"]  # a new name, or another host
    clients: Count = 1
    rate: Seconds = 0.0
    timeout: Seconds = 600.0


class Spread(_Step, frozen=True, kw_only=True, tag="spread"):
    """Change what all hosts have to hear of the latest VPC told ahead; ends when they have heard of each change."""

    change: Literal["port", "rule"]  # a port more in the VPC, or a rule more in the security group of its ports
    changes: Count = 20
    rate: Annotated[float, msgspec.Meta(gt=0)] = 4.0  # changes a second
    idle_seconds: Seconds = 5.0  # in which it is seen what processes do without changes
    timeout: Seconds = 600.0


class DeletePorts(_Step, frozen=True, kw_only=True, tag="delete-ports"):
    """Delete ports that were created; ends when they are gone from their hosts."""

    ports: Count
    clients: Count = 1
    rate: Seconds = 0.0
    timeout: Seconds = 600.0


class Requests(_Step, frozen=True, kw_only=True, tag="requests"):
    """Create a resource and then list, update or delete it, again and again, as Rally's scenarios do."""

    resource: Literal["networks", "subnets", "ports"]
    then: Literal["list", "show", "update", "delete"]
    iterations: Count
    clients: Count = 1
    rate: Seconds = 0.0


class AskPeers(_Step, frozen=True, kw_only=True, tag="ask-peers"):
    """Hosts ask for peers in VPCs on demand; ends when all are answered, and have heard of those moved then."""

    hosts: CountOrNone = 0  # that ask; 0 for all that have ports in such VPCs
    peers: Count = 10  # that each asks for
    at_once: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1  # peers in one message
    clients: Count = 32  # hosts that wait for an answer at the same time
    rate: Seconds = 0.0  # messages a second, at most; 0 for as many as the clients get through
    moves: CountOrNone = 0  # of the peers, moved to other hosts when all are answered
    timeout: Seconds = 600.0


class KillController(_Step, frozen=True, kw_only=True, tag="kill-controller"):
    """Kill the controller with SIGKILL and start it again; ends when all hosts are back and all ports ACTIVE."""

    down_seconds: Seconds = 0.0
    timeout: Seconds = 600.0


class CutConnections(_Step, frozen=True, kw_only=True, tag="cut-connections"):
    """Cut hosts' connections; ends when the hosts are back."""

    fraction: Fraction = 1.0  # of the connections
    away_seconds: Seconds = 0.0
    timeout: Seconds = 600.0


class SlowHosts(_Step, frozen=True, kw_only=True, tag="slow-hosts"):
    """From now on some hosts take their time for each goal state."""

    fraction: Fraction
    seconds: Seconds


class Wait(_Step, frozen=True, kw_only=True, tag="wait"):
    """Do nothing for a while, and see what that costs."""

    seconds: Seconds


Step = (
    Connect
    | CreatePorts
    | UpdatePorts
    | Spread
    | DeletePorts
    | Requests
    | AskPeers
    | KillController
    | CutConnections
    | SlowHosts
    | Wait
)


class Scenario(_Plain, frozen=True, kw_only=True):
    """A whole test."""

    description: str
    hosts: Hosts
    controller: Controllers = Controllers()
    steps: list[Step]


_OWN = Path(__file__).parent / "scenarios"


def names() -> list[str]:
    """The scenarios that come with Alcor."""
    return sorted(path.stem for path in _OWN.glob("*.toml"))


def read(name_or_path: str) -> Scenario:
    """A scenario that comes with Alcor, by its name, or one of a file. Raises ScaleError."""
    path = _OWN / f"{name_or_path}.toml"
    if name_or_path not in names():
        path = Path(name_or_path)
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Scenario)
    except OSError as error:
        raise ScaleError(
            f"no scenario {name_or_path!r}: name one of {', '.join(names())}, or a TOML file ({error.strerror})"
        ) from error
    except msgspec.DecodeError as error:
        raise ScaleError(f"scenario {name_or_path}: {error}") from error


def override(
    scenario: Scenario,
    hosts: int | None = None,
    processes: int | None = None,
    channel: str | None = None,
    queue_above: int | str | None = None,
    queue_groups_above: int | str | None = None,
    **values: int | float | None,
) -> Scenario:
    """The scenario with other numbers: ``values`` are set in every step that has them. Raises ScaleError."""
    changed: Any = msgspec.to_builtins(scenario)
    for name, number in (("count", hosts), ("processes", processes), ("channel", channel)):
        if number is not None:
            changed["hosts"][name] = number
    for name, above in (("queue_above", queue_above), ("queue_groups_above", queue_groups_above)):
        if above is not None:
            changed.setdefault("controller", {})[name] = above
    for name, value in values.items():
        if value is None:
            continue
        steps = [
            step for step, plain in zip(scenario.steps, changed["steps"], strict=True) if _set(step, plain, name, value)
        ]
        if not steps:
            raise ScaleError(f"no step of this scenario has {name}")
    try:
        return msgspec.convert(changed, Scenario)
    except msgspec.ValidationError as error:
        raise ScaleError(str(error)) from error


def _set(step: Step, plain: dict[str, Any], name: str, value: float) -> bool:
    if name not in step.__struct_fields__:
        return False
    plain[name] = value
    return True
