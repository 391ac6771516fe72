"""The authority's key was stolen: from when it is replaced, nothing that it signed is worth anything."""

import asyncio
import contextlib
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from alcor.channels.agent_codec import encode_agent_message
from alcor.channels.fast_path.opening import opens_trusted
from alcor.channels.fast_path.options import CONNECT_MANY_METHOD, CONNECT_METHOD, END_OF_STREAM
from alcor.channels.messages import Hello
from alcor.channels.trust import certificates
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.enrolment_client import EnrolmentFailed, join
from alcor.services.trust import authorities, nodes
from tests.integration.trust.region import HOUR, Region, client, connected, refusal

HELLO = encode_agent_message(Hello("host-1", b"b" * 16))


async def ended(stream: Any) -> tuple[str, str]:
    """How a stream ends, when all that was said before is read."""
    with contextlib.suppress(grpc.aio.AioRpcError):
        while await stream.read() is not END_OF_STREAM:
            pass
    return (await stream.code()).name, await stream.details()


async def replace(region: Region) -> None:
    await region.store.write(partial(authorities.replace, secret=b""))
    await region.trust.look()


async def welcomed(channel: grpc.aio.Channel) -> Any:
    """A stream of a host that has been let in."""
    stream = channel.stream_stream(CONNECT_METHOD)()
    await stream.write(HELLO)
    await stream.read()
    return stream


async def test_streams_end_and_no_certificate_of_the_old_one_is_let_in(region: Region, tmp_path: Path) -> None:
    old = await region.joined("host-1", tmp_path)
    streams = contextlib.aclosing(client(region, "host-1", old.open_channel).connections())
    async with asyncio.timeout(30), streams as connections:
        stream = await anext(connections)
        await replace(region)
        assert [delta async for delta in stream.goal_states() if not delta.is_empty()] == []
    assert (await refusal(region, "host-1", old.open_channel)).startswith("UNAVAILABLE")
    shown = old.current()
    assert shown is not None
    misled = Credentials(shown.key, shown.chain, region.trust.authorities())
    assert (await refusal(region, "host-1", opens_trusted(lambda: misled))).startswith("UNAVAILABLE")


async def test_a_connection_that_was_kept_open_is_no_use(region: Region, tmp_path: Path) -> None:
    old = await region.joined("host-1", tmp_path)
    async with asyncio.timeout(30), old.open_channel(region.address, []) as channel:
        first = await welcomed(channel)
        await replace(region)
        assert "was withdrawn" in (await ended(first))[1]
        again = channel.stream_stream(CONNECT_METHOD)()
        await again.write(HELLO)
        assert await ended(again) == ("PERMISSION_DENIED", "the certificate is of another authority")
    assert region.counted("alcor_trust_connections_total") == 1


async def test_one_who_speaks_for_many_hosts_is_sent_away_too(region: Region) -> None:
    invitation = await region.store.write(partial(nodes.invite_fleet, name="load", lifetime=HOUR))
    fleet = await join(region.enrolment, invitation.authority, invitation.token, certificates.new_key())
    async with asyncio.timeout(30), opens_trusted(lambda: fleet)(region.address, []) as channel:
        stream = channel.stream_stream(CONNECT_MANY_METHOD)()
        await stream.wait_for_connection()
        while not region.counted("alcor_trust_admitted_total"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await replace(region)
        assert (await stream.code()).name == "PERMISSION_DENIED"


async def test_neither_a_certificate_that_ended_nor_a_token_from_before_leads_to_another(
    region: Region, tmp_path: Path
) -> None:
    await region.joined("host-1", tmp_path)
    token = (await region.invite("host-2")).token
    await replace(region)
    region.clock.ahead = 48 * HOUR
    with pytest.raises(EnrolmentFailed):
        await region.membership("host-1", tmp_path).ask()
    authority = certificates.fingerprint(region.trust.authorities())
    with pytest.raises(EnrolmentFailed, match="token is not known"):
        await join(region.enrolment, authority, token, certificates.new_key())


async def test_a_host_joins_anew_with_a_token_made_since(region: Region, tmp_path: Path) -> None:
    await region.joined("host-1", tmp_path)
    await replace(region)
    again = region.membership("host-1", tmp_path, await region.invite("host-1"))
    await again.ask()
    async with connected(region, "host-1", again.open_channel):
        pass


async def test_another_controller_of_the_region_follows(region: Region, tmp_path: Path) -> None:
    async with Region(region.store).serving() as other:
        old = await other.joined("host-1", tmp_path)
        async with asyncio.timeout(30), old.open_channel(other.address, []) as channel:
            stream = await welcomed(channel)
            await replace(region)
            await other.trust.look()
            assert "was withdrawn" in (await ended(stream))[1]


async def test_a_rotation_under_way_is_overtaken(region: Region) -> None:
    await region.store.write(partial(authorities.rotate, secret=b"", lifetime=24 * HOUR))
    await region.trust.look()
    before = region.trust.authorities()
    await replace(region)
    assert region.trust.authorities() not in before
    assert [each.number for each in await region.store.read(authorities.read)] == [3]
