"""How hosts do and whom they probe survives the wire, and nothing malformed gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.channels.agent_codec import decode_agent_message, encode_agent_message
from alcor.channels.checks import MalformedMessage
from alcor.channels.health_codec import MOST_TARGETS, decode_probe_targets, encode_probe_targets
from alcor.channels.messages import DataPlaneState, Fault, HostHealth, ProbeTargets
from alcor.southbound.v1 import southbound_pb2 as pb

indexes = st.integers(0, (1 << 32) - 1)
healths = st.builds(
    HostHealth,
    st.sampled_from(DataPlaneState),
    st.text(max_size=20),
    st.integers(0, MOST_TARGETS),
    st.dictionaries(indexes, st.sampled_from(Fault), max_size=5),
)
targets = st.builds(
    ProbeTargets,
    st.dictionaries(indexes, indexes, max_size=MOST_TARGETS),
    st.integers(50, 3_600_000).map(lambda milliseconds: milliseconds / 1000),
    st.integers(576, 65_535),
)


@given(healths)
def test_health_is_the_same_after_the_wire(health: HostHealth) -> None:
    assert decode_agent_message(encode_agent_message(health)) == health


@given(targets)
def test_targets_are_the_same_after_the_wire(wanted: ProbeTargets) -> None:
    message = pb.ControllerMessage.FromString(encode_probe_targets(wanted))
    assert decode_probe_targets(message.probe_targets) == wanted


def test_probes_are_not_asked_for_more_often_than_agents_send_them() -> None:
    message = pb.ControllerMessage.FromString(encode_probe_targets(ProbeTargets(interval=0.001)))
    assert decode_probe_targets(message.probe_targets).interval == 0.05


@pytest.mark.parametrize(
    "message",
    [
        pb.HostHealth(),
        pb.HostHealth(data_plane="WORKS", unreached=[1]),
        pb.HostHealth(data_plane="WORKS", unreached=[1], faults=["FAULT_UNSPECIFIED"]),
        pb.HostHealth(data_plane="WORKS", unreached=range(65), faults=["UNREACHABLE"] * 65),
        pb.HostHealth(data_plane=9),  # type: ignore[arg-type]
    ],
)
def test_malformed_health_is_refused(message: pb.HostHealth) -> None:
    with pytest.raises(MalformedMessage):
        decode_agent_message(pb.AgentMessage(host_health=message).SerializeToString())


@pytest.mark.parametrize(
    "message",
    [
        pb.ProbeTargets(host_indexes=[1], interval_milliseconds=1000, packet_bytes=1500),
        pb.ProbeTargets(interval_milliseconds=0, packet_bytes=1500),
        pb.ProbeTargets(interval_milliseconds=3_600_001, packet_bytes=1500),
        pb.ProbeTargets(interval_milliseconds=1000, packet_bytes=100),
        pb.ProbeTargets(interval_milliseconds=1000, packet_bytes=70_000),
        pb.ProbeTargets(host_indexes=range(65), ipv4=range(65), interval_milliseconds=1000, packet_bytes=1500),
    ],
)
def test_malformed_targets_are_refused(message: pb.ProbeTargets) -> None:
    with pytest.raises(MalformedMessage):
        decode_probe_targets(message)
