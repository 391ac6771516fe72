"""How hosts do and whom they probe: between the plain form (channels.messages) and protobuf, strictly."""

from alcor.channels import checks
from alcor.channels.checks import MalformedMessage
from alcor.channels.messages import DataPlaneState, Fault, HostHealth, ProbeTargets
from alcor.southbound.v1 import southbound_pb2 as pb

MOST_TARGETS = 64
_TROUBLE_CHARACTERS = 1000
_MILLISECONDS = 1000
_LEAST_INTERVAL, _LONGEST_INTERVAL = 0.05, 3600.0  # seconds
_LEAST_PACKET, _LARGEST_PACKET = 576, 65_535  # octets; the least is what every IPv4 host takes (RFC 791)


def health_message(health: HostHealth) -> pb.HostHealth:
    """How a host does, as it travels."""
    return pb.HostHealth(
        data_plane=health.data_plane.name,
        trouble=health.trouble[:_TROUBLE_CHARACTERS],
        probed=health.probed,
        unreached=list(health.unreached),
        faults=[fault.name for fault in health.unreached.values()],
    )


def decode_health(message: pb.HostHealth) -> HostHealth:
    """How a host does. Raises MalformedMessage."""
    checks.same_length(message.unreached, message.faults, "unreached hosts")
    if len(message.unreached) > MOST_TARGETS:
        raise MalformedMessage(f"{len(message.unreached)} unreached hosts; {MOST_TARGETS} are probed at most")
    try:
        data_plane = DataPlaneState(int(message.data_plane))
        faults = [Fault(int(fault)) for fault in message.faults]
    except ValueError as error:
        raise MalformedMessage(f"health: {error}") from error
    unreached = dict(zip(message.unreached, faults, strict=True))
    return HostHealth(data_plane, message.trouble[:_TROUBLE_CHARACTERS], min(message.probed, MOST_TARGETS), unreached)


def encode_probe_targets(targets: ProbeTargets) -> bytes:
    """Whom a host should probe, as a controller says it."""
    message = pb.ProbeTargets(
        host_indexes=list(targets.targets),
        ipv4=list(targets.targets.values()),
        interval_milliseconds=round(max(targets.interval, _LEAST_INTERVAL) * _MILLISECONDS),
        packet_bytes=targets.packet_bytes,
    )
    return pb.ControllerMessage(probe_targets=message).SerializeToString()


def decode_probe_targets(message: pb.ProbeTargets) -> ProbeTargets:
    """Whom a host should probe. Raises MalformedMessage."""
    checks.same_length(message.host_indexes, message.ipv4, "probe targets")
    if len(message.host_indexes) > MOST_TARGETS:
        raise MalformedMessage(f"{len(message.host_indexes)} probe targets; {MOST_TARGETS} are allowed")
    interval = message.interval_milliseconds / _MILLISECONDS
    if not _LEAST_INTERVAL <= interval <= _LONGEST_INTERVAL:
        raise MalformedMessage(f"probes every {interval:g} s; {_LEAST_INTERVAL:g} to {_LONGEST_INTERVAL:g} is allowed")
    if not _LEAST_PACKET <= message.packet_bytes <= _LARGEST_PACKET:
        raise MalformedMessage(f"packets of {message.packet_bytes} bytes are none that hosts exchange")
    targets = dict(zip(message.host_indexes, message.ipv4, strict=True))
    return ProbeTargets(targets, interval, message.packet_bytes)
