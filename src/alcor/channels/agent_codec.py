"""What agents say and the welcome they get, between their plain form (channels.messages) and protobuf.

As strict as channels.codec: a value of the right shape or MalformedMessage.
"""

from collections.abc import Sequence

from alcor.channels import checks
from alcor.channels.checks import MalformedMessage
from alcor.channels.feed_codec import decode_feeds, decode_subject, feed_messages, subject_fields
from alcor.channels.health_codec import decode_health, health_message
from alcor.channels.messages import (
    Acknowledgement,
    AgentMessage,
    GoalStateDigest,
    Hello,
    HostHealth,
    PortReport,
    PortState,
    ResyncRequest,
    State,
    TopicPosition,
    Welcome,
)
from alcor.model.digest import Digest
from alcor.southbound.v1 import southbound_pb2 as pb

HOST_ID_CHARACTERS = 255
MOST_NCMS = 1000
_REASON_CHARACTERS = 1000


def encode_agent_message(message: AgentMessage) -> bytes:
    """What an agent says, as it travels."""
    return _agent_message(message).SerializeToString()


def _agent_message(message: AgentMessage) -> pb.AgentMessage:
    match message:
        case Hello():
            return pb.AgentMessage(
                hello=pb.Hello(
                    host_id=message.host_id,
                    boot_id=message.boot_id,
                    log_id=message.log_id,
                    applied_revision=message.applied_revision,
                    agent_version=message.agent_version,
                    digest=None if message.digest is None else _digest_message(message.digest),
                    takes_network_config_managers=message.takes_ncms,
                    takes_probe_targets=message.takes_probe_targets,
                    rescue=pb.Rescue(relayed_by=message.relayed_by) if message.takes_relays else None,
                    feeds=feed_messages(message.feeds.items()),
                    takes_topic_keys=message.takes_topic_keys,
                )
            )
        case Acknowledgement():
            return pb.AgentMessage(acknowledgement=_acknowledgement_message(message))
        case PortReport():
            states = [_port_state_message(state) for state in message.ports]
            return pb.AgentMessage(port_report=pb.PortReport(ports=states, complete=message.complete))
        case ResyncRequest():
            return pb.AgentMessage(
                resync_request=pb.ResyncRequest(applied_revision=message.applied_revision, reason=message.reason)
            )
        case GoalStateDigest():
            return pb.AgentMessage(goal_state_digest=_digest_message(message))
        case HostHealth():
            return pb.AgentMessage(host_health=health_message(message))
        case TopicPosition():
            return pb.AgentMessage(topic_position=_topic_position_message(message))


def decode_agent_message(data: bytes) -> AgentMessage:
    """What an agent says. Raises MalformedMessage when it says nothing the protocol allows."""
    message = checks.parse(pb.AgentMessage, data)
    match message.WhichOneof("message"):
        case "hello":
            return _hello(message.hello)
        case "acknowledgement":
            return _acknowledgement(message.acknowledgement)
        case "port_report":
            report = message.port_report
            return PortReport(tuple(_port_state(state) for state in report.ports), report.complete)
        case "resync_request":
            return ResyncRequest(message.resync_request.applied_revision, _reason(message.resync_request.reason))
        case "goal_state_digest":
            return _digest(message.goal_state_digest)
        case "host_health":
            return decode_health(message.host_health)
        case "topic_position":
            return _topic_position(message.topic_position)
        case _:
            raise MalformedMessage("an empty message, or one of a later version of the protocol")


def encode_welcome(welcome: Welcome) -> bytes:
    """A controller's first message, as it travels."""
    message = pb.ControllerMessage(
        welcome=pb.Welcome(
            log_id=welcome.log_id,
            controller_id=welcome.controller_id,
            report_interval_seconds=welcome.report_interval,
            digest_interval_seconds=welcome.digest_interval,
            topic_interval_seconds=welcome.topic_interval,
        )
    )
    return message.SerializeToString()


def decode_welcome(data: bytes) -> Welcome:
    """A controller's first message. Raises MalformedMessage when it is not a welcome."""
    message = checks.parse(pb.ControllerMessage, data)
    if message.WhichOneof("message") != "welcome":
        raise MalformedMessage("the first message of a controller must be a welcome")
    welcome = message.welcome
    return Welcome(
        checks.identifier(welcome.log_id, "change log"),
        welcome.controller_id,
        welcome.report_interval_seconds,
        welcome.digest_interval_seconds,
        welcome.topic_interval_seconds,
    )


def ncms_message(addresses: Sequence[str]) -> pb.NetworkConfigManagers:
    """Where Network Config Managers listen. Raises MalformedMessage when agents would not take it."""
    message = pb.NetworkConfigManagers(addresses=addresses)
    decode_ncms(message)
    return message


def decode_ncms(message: pb.NetworkConfigManagers) -> tuple[str, ...]:
    """Where Network Config Managers listen. Raises MalformedMessage."""
    if len(message.addresses) > MOST_NCMS:
        raise MalformedMessage(f"{len(message.addresses)} Network Config Managers; {MOST_NCMS} are allowed")
    return tuple(checks.server(address, "Network Config Manager") for address in message.addresses)


def _hello(message: pb.Hello) -> Hello:
    if not 0 < len(message.host_id) <= HOST_ID_CHARACTERS:
        raise MalformedMessage(f"a host id has 1 to {HOST_ID_CHARACTERS} characters, not {len(message.host_id)}")
    return Hello(
        host_id=message.host_id,
        boot_id=checks.identifier(message.boot_id, "boot id"),
        log_id=checks.identifier(message.log_id, "change log") if message.log_id else b"",
        applied_revision=message.applied_revision,
        agent_version=message.agent_version[:64],
        digest=_digest(message.digest) if message.HasField("digest") else None,
        takes_ncms=message.takes_network_config_managers,
        takes_probe_targets=message.takes_probe_targets,
        takes_relays=message.HasField("rescue"),
        relayed_by=message.rescue.relayed_by[:HOST_ID_CHARACTERS],
        feeds=decode_feeds(message.feeds),
        takes_topic_keys=message.takes_topic_keys,
    )


def _topic_position_message(message: TopicPosition) -> pb.TopicPosition:
    return pb.TopicPosition(
        **subject_fields(message.subject),
        subscribed=message.subscribed,
        seen=message.seen,
        revision=message.revision,
        by_topic=message.by_topic,
        reason=_reason(message.reason),
    )


def _topic_position(message: pb.TopicPosition) -> TopicPosition:
    return TopicPosition(
        subject=decode_subject(message),
        subscribed=message.subscribed,
        seen=message.seen,
        revision=message.revision,
        by_topic=message.by_topic,
        reason=_reason(message.reason),
    )


def _acknowledgement_message(message: Acknowledgement) -> pb.Acknowledgement:
    return pb.Acknowledgement(
        revision=message.revision,
        received_nanoseconds=message.received_nanoseconds,
        programmed_nanoseconds=message.programmed_nanoseconds,
        failures=[
            pb.ResourceFailure(id=resource, reason=_reason(reason)) for resource, reason in message.failures.items()
        ],
    )


def _acknowledgement(message: pb.Acknowledgement) -> Acknowledgement:
    return Acknowledgement(
        revision=message.revision,
        received_nanoseconds=message.received_nanoseconds,
        programmed_nanoseconds=message.programmed_nanoseconds,
        failures={
            checks.identifier(failure.id, "failed resource"): _reason(failure.reason) for failure in message.failures
        },
    )


def _port_state_message(state: PortState) -> pb.PortState:
    return pb.PortState(
        id=state.id,
        state=state.state.name,
        reason=_reason(state.reason),
        revision=state.revision,
        unclaimed=state.unclaimed,
    )


def _port_state(message: pb.PortState) -> PortState:
    try:
        state = State(int(message.state))
    except ValueError as error:
        raise MalformedMessage(f"port state {int(message.state)} is not known") from error
    unclaimed = message.unclaimed and state is State.DOWN
    return PortState(checks.identifier(message.id, "port"), state, _reason(message.reason), message.revision, unclaimed)


def _digest_message(message: GoalStateDigest) -> pb.GoalStateDigest:
    digest = message.digest
    return pb.GoalStateDigest(
        revision=message.revision,
        version=message.version,
        vpcs=digest.vpcs,
        subnets=digest.subnets,
        ports=digest.ports,
        vteps=digest.vteps,
        neighbours=digest.neighbours,
        routers=digest.routers,
        security_groups=digest.security_groups,
        network_acls=digest.network_acls,
        feeds=feed_messages(message.feeds.items()),
    )


def _digest(message: pb.GoalStateDigest) -> GoalStateDigest:
    digest = Digest(
        message.vpcs,
        message.subnets,
        message.ports,
        message.vteps,
        message.neighbours,
        message.routers,
        message.security_groups,
        message.network_acls,
    )
    return GoalStateDigest(message.revision, digest, message.version, decode_feeds(message.feeds))


def _reason(text: str) -> str:
    return text[:_REASON_CHARACTERS]
