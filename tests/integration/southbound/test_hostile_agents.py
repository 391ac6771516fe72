"""Whatever an agent sends, only its own stream ends, with a status that says why."""

from typing import Any

import grpc
import pytest

from alcor.channels.agent_codec import encode_agent_message
from alcor.channels.fast_path.grpc_server import AddressUnusable
from alcor.channels.fast_path.options import CONNECT_METHOD, END_OF_STREAM
from alcor.channels.messages import Acknowledgement, Hello
from alcor.southbound.v1 import southbound_pb2 as pb
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import HOSTS, Agents, Controller, active

HELLO = Hello(HOSTS[0], b"b" * 16)


async def closing_status(address: str, *messages: bytes) -> tuple[grpc.StatusCode, str]:
    """How the controller ends a stream on which these bytes are sent."""
    channel: Any = grpc.aio.insecure_channel(address)
    try:
        stream = channel.stream_stream(CONNECT_METHOD)()
        for message in messages:
            await stream.write(message)
        while await stream.read() is not END_OF_STREAM:
            pass
        return await stream.code(), await stream.details()
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details() or ""
    finally:
        await channel.close(grace=None)


def message(**fields: Any) -> bytes:
    return pb.AgentMessage(**fields).SerializeToString()


@pytest.mark.parametrize(
    ("messages", "code", "reason"),
    [
        ([b"\xff\xff\xff garbage"], grpc.StatusCode.INVALID_ARGUMENT, "no AgentMessage"),
        ([b""], grpc.StatusCode.INVALID_ARGUMENT, "empty message"),
        ([], grpc.StatusCode.DEADLINE_EXCEEDED, "no hello"),
        ([encode_agent_message(Acknowledgement(1))], grpc.StatusCode.INVALID_ARGUMENT, "must be a hello"),
        ([message(hello=pb.Hello(host_id="", boot_id=b"b" * 16))], grpc.StatusCode.INVALID_ARGUMENT, "host id"),
        ([message(hello=pb.Hello(host_id="h", boot_id=b"b"))], grpc.StatusCode.INVALID_ARGUMENT, "boot id"),
        ([encode_agent_message(HELLO), encode_agent_message(HELLO)], grpc.StatusCode.INVALID_ARGUMENT, "comes once"),
        ([encode_agent_message(HELLO), b"\xff"], grpc.StatusCode.INVALID_ARGUMENT, "no AgentMessage"),
        (
            [
                encode_agent_message(HELLO),
                message(port_report=pb.PortReport(ports=[pb.PortState(id=b"x", state="UP")])),
            ],
            grpc.StatusCode.INVALID_ARGUMENT,
            "16 bytes",
        ),
        (
            [encode_agent_message(HELLO), message(port_report=pb.PortReport(ports=[pb.PortState(id=b"x" * 16)]))],
            grpc.StatusCode.INVALID_ARGUMENT,
            "not known",
        ),
    ],
)
async def test_garbage_ends_the_stream_with_the_reason(
    controller: Controller, cloud: Cloud, agents: Agents, messages: list[bytes], code: grpc.StatusCode, reason: str
) -> None:
    found, details = await closing_status(controller.address, *messages)
    assert found == code
    assert reason in details
    agents(HOSTS[1])
    await active(cloud, *await cloud.create_ports(HOSTS[1]))


async def test_a_later_stream_of_a_host_replaces_the_first(
    controller: Controller, cloud: Cloud, agents: Agents
) -> None:
    channel: Any = grpc.aio.insecure_channel(controller.address)
    first = channel.stream_stream(CONNECT_METHOD)()
    await first.write(encode_agent_message(HELLO))
    assert await first.read() is not END_OF_STREAM
    agents(HOSTS[0])
    with pytest.raises(grpc.aio.AioRpcError, match="took the place"):
        while await first.read() is not END_OF_STREAM:
            pass
    await active(cloud, *await cloud.create_ports(HOSTS[0]))
    await channel.close(grace=None)


async def test_two_controllers_do_not_share_an_address(controller: Controller, cloud: Cloud) -> None:
    other = Controller(cloud.store, controller.directory)
    with pytest.raises(AddressUnusable, match="another process is listening"):
        await other.start()
