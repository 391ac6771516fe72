"""What a controller tells a host after its welcome, whichever way: at the controller's end, and at the agent's."""

from collections.abc import Callable

import msgspec

from alcor.channels.agent_codec import decode_ncms
from alcor.channels.checks import MalformedMessage, parse
from alcor.channels.codec import GoalStateAssembler
from alcor.channels.feed_codec import decode_topic_keys, encode_topic_keys
from alcor.channels.health_codec import decode_probe_targets, encode_probe_targets
from alcor.channels.messages import Guidance, Hello, ProbeTargets, RelayCandidates, TopicKeys
from alcor.channels.rescue.codec import decode_relays, encode_relays
from alcor.model.goal_state import GoalStateDelta
from alcor.southbound.v1 import southbound_pb2 as pb

ToldNcms = Callable[[tuple[str, ...]], None]
"""Told all Network Config Managers there are; with none, they are to be asked where the controllers are."""

ToldTargets = Callable[[ProbeTargets], None]
"""Told whom to probe, instead of what was told before."""

ToldRelays = Callable[[RelayCandidates], None]
"""Told who may lead the host to a controller, likewise."""

ToldKeys = Callable[[TopicKeys], None]
"""Told what the topics are sealed with that the host may read, likewise."""


def encode_guidance(guidance: Guidance) -> bytes:
    """As a controller says it."""
    match guidance:
        case ProbeTargets():
            return encode_probe_targets(guidance)
        case RelayCandidates():
            return encode_relays(guidance)
        case TopicKeys():
            return encode_topic_keys(guidance)


class Told(msgspec.Struct, frozen=True):
    """Who takes what a controller tells beside goal states; what nobody takes, the hello does not ask for."""

    ncms: ToldNcms | None = None
    probe_targets: ToldTargets | None = None
    relays: ToldRelays | None = None
    topic_keys: ToldKeys | None = None

    def asked_for(self, hello: Hello) -> Hello:
        """The hello, which says what is taken."""
        return msgspec.structs.replace(
            hello,
            takes_ncms=self.ncms is not None,
            takes_probe_targets=self.probe_targets is not None,
            takes_relays=self.relays is not None,
            takes_topic_keys=self.topic_keys is not None,
        )


class FromController:
    """What comes on one connection."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._parts = GoalStateAssembler()

    def take(self, data: bytes) -> GoalStateDelta | None:
        """A goal state when this was its last part, else None: the rest is handed on. Raises MalformedMessage."""
        message = parse(pb.ControllerMessage, data)
        kind, told = message.WhichOneof("message"), self._told
        if kind == "goal_state":
            return self._parts.add(message.goal_state)
        if kind == "network_config_managers" and told.ncms is not None:
            told.ncms(decode_ncms(message.network_config_managers))
        elif kind == "probe_targets" and told.probe_targets is not None:
            told.probe_targets(decode_probe_targets(message.probe_targets))
        elif kind == "relay_candidates" and told.relays is not None:
            told.relays(decode_relays(message.relay_candidates))
        elif kind == "topic_keys" and told.topic_keys is not None:
            told.topic_keys(decode_topic_keys(message.topic_keys))
        else:
            raise MalformedMessage("only what the hello says is taken may follow the welcome")
        return None
