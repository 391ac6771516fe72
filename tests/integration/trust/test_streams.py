"""On every stream the peer is who its certificate says, as long as that is good."""

import asyncio
import contextlib
from functools import partial
from pathlib import Path

import pytest

from alcor.agent.trust.membership import Membership
from alcor.channels.fast_path.name_client import NameClient
from alcor.channels.fast_path.ncm_client import NcmClient
from alcor.channels.fast_path.opening import OpenChannel, open_plain, opens_trusted
from alcor.channels.fast_path.options import ASK_METHOD
from alcor.channels.ncm_codec import encode_hello
from alcor.channels.ncm_interface import NotAnswered
from alcor.channels.ncm_messages import NameQuestion, NcmHello
from alcor.channels.trust import certificates
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.enrolment_client import EnrolmentFailed, come_back
from alcor.channels.trust.identity import Identity, Kind
from alcor.services.hosts.node import NODES
from alcor.services.manager import Delete
from alcor.services.trust import authorities
from alcor.store import tables
from alcor.store.transaction import Transaction
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import eventually
from tests.integration.trust.region import HOUR, Region, client, connected, ended_call, refusal

NCM_HELLO = encode_hello(NcmHello("host-1", b"b" * 16))


async def test_a_host_speaks_for_itself_only(region: Region, tmp_path: Path) -> None:
    other = await region.joined("host-2", tmp_path)
    denied = "PERMISSION_DENIED: its certificate is not of host host-1"
    assert await refusal(region, "host-1", other.open_channel) == denied
    assert await ended_call(region, ASK_METHOD, NCM_HELLO, other.open_channel) == denied
    names = NameClient(open_channel=other.open_channel)
    with pytest.raises(NotAnswered, match="its certificate is not of host host-1") as failure:
        await names.resolve(region.address, NameQuestion("host-1", 100, "port"), 10)
    await names.close()
    assert failure.value.is_final
    assert region.counted("alcor_trust_refused_total", kind="another host") == 3


async def test_a_refusal_is_logged_once_and_counted_each_time(
    region: Region, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = await region.joined("host-2", tmp_path)
    for _ in range(3):
        await refusal(region, "host-1", other.open_channel)
    assert region.counted("alcor_trust_refused_total", kind="another host") == 3
    assert sum("host host-2 is refused" in message for message in caplog.messages) == 1


async def test_nobody_is_let_in_without_a_certificate_of_the_authority(region: Region, tmp_path: Path) -> None:
    assert (await refusal(region, "host-1", open_plain)).startswith("UNAVAILABLE")
    trusted = region.trust.authorities()
    for chain in (_chain(region, "another authority"), _chain(region, "expired")):
        key, certificate = chain
        stranger = Credentials(key, certificate, trusted)
        assert (await refusal(region, "host-1", opens_trusted(lambda it=stranger: it))).startswith("UNAVAILABLE")  # type: ignore[misc]
    membership = await region.joined("host-1", tmp_path)
    async with connected(region, "host-1", membership.open_channel):
        pass


def _chain(region: Region, of: str) -> tuple[bytes, bytes]:
    """A key, and a certificate for it that is not to be believed."""
    key, now = certificates.new_key(), region.clock()
    identity = Identity(Kind.HOST, "host-1", 1)
    if of == "expired":
        assert region.trust._signing is not None
        authority, now = region.trust._signing[1], now - 2 * HOUR
    else:
        authority = certificates.load_authority(*certificates.new_authority("Alcor authority 1", now, HOUR, b""), b"")
    return key, authority.certify(certificates.public_key(key), identity, now, HOUR)


async def test_an_agent_tells_nothing_to_a_controller_of_another_authority(region: Region, tmp_path: Path) -> None:
    membership = await region.joined("host-1", tmp_path)
    mine = membership.current()
    assert mine is not None
    other, _ = certificates.new_authority("Alcor authority 1", region.clock(), HOUR, b"")
    misled = opens_trusted(lambda: Credentials(mine.key, mine.chain, other))
    assert (await refusal(region, "host-1", misled)).startswith("UNAVAILABLE")


@pytest.mark.parametrize(
    "said",
    [b"\xff" * 100, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"],
    ids=["bytes", "HTTP/2 in the clear", "half a greeting"],
)
async def test_garbage_on_the_port_disturbs_nobody(region: Region, tmp_path: Path, said: bytes) -> None:
    membership, other = await region.joined("host-1", tmp_path / "1"), await region.joined("host-2", tmp_path / "2")
    async with connected(region, "host-1", membership.open_channel):
        host, port = region.address.split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(said)
        async with connected(region, "host-2", other.open_channel):
            writer.close()


async def test_a_certificate_is_renewed_while_streams_live_on(region: Region, tmp_path: Path) -> None:
    membership = await region.joined("host-1", tmp_path)
    before = membership.current()
    async with connected(region, "host-1", membership.open_channel):
        await membership.ask()
        assert membership.current() != before
        assert region.counted("alcor_trust_connections_total") == 2, "the renewal took a connection of its own"
    async with connected(region, "host-1", membership.open_channel):
        pass


async def test_a_stream_outlives_its_certificate(region: Region, tmp_path: Path) -> None:
    membership = await region.joined("host-1", tmp_path)
    async with connected(region, "host-1", membership.open_channel):
        region.clock.ahead = 25 * HOUR
        assert membership.current() is None
        await region.trust.look()
        await region.revoke("host-2")  # something that controllers look at their streams for


async def test_an_agent_that_was_away_comes_back_on_the_word_of_the_certificate_that_ended(
    region: Region, tmp_path: Path
) -> None:
    membership = await region.joined("host-1", tmp_path)
    region.clock.ahead = 20 * 24 * HOUR
    again = region.membership("host-1", tmp_path)
    assert again.current() is None
    await again.ask()
    assert again.current() is not None and again.current() != membership.current()


async def test_an_agent_that_was_away_for_too_long_needs_a_new_token(region: Region, tmp_path: Path) -> None:
    await region.joined("host-1", tmp_path)
    region.clock.ahead = 32 * 24 * HOUR
    with pytest.raises(EnrolmentFailed, match="needs a new token"):
        await region.membership("host-1", tmp_path).ask()


async def test_an_agent_that_was_revoked_while_away_does_not_come_back(region: Region, tmp_path: Path) -> None:
    await region.joined("host-1", tmp_path)
    await region.revoke("host-1")
    region.clock.ahead = 48 * HOUR
    with pytest.raises(EnrolmentFailed, match="was revoked") as failure:
        await region.membership("host-1", tmp_path).ask()
    assert failure.value.is_final


async def test_nobody_comes_back_with_a_certificate_whose_key_is_not_theirs(region: Region, tmp_path: Path) -> None:
    membership = await region.joined("host-1", tmp_path)
    stolen = membership.current()
    assert stolen is not None
    thief = Credentials(certificates.new_key(), stolen.chain, stolen.authorities)
    with pytest.raises(EnrolmentFailed, match="signature is not of the certificate's key"):
        await come_back(region.enrolment, thief, certificates.new_key())


@pytest.mark.parametrize("how", ["revoked", "deleted"])
async def test_a_host_that_is_revoked_or_deleted_loses_its_streams_and_is_let_in_no_more(
    region: Region, tmp_path: Path, how: str
) -> None:
    membership = await region.joined("host-1", tmp_path)
    other = await region.joined("host-2", tmp_path / "other")
    async with connected(region, "host-2", other.open_channel), asyncio.timeout(30):
        streams = contextlib.aclosing(client(region, "host-1", membership.open_channel).connections())
        questions = contextlib.aclosing(_ncm_client(region, membership.open_channel).connections())  # type: ignore[type-var]
        async with streams as connections, questions as ncm_connections:
            stream, asking = await anext(connections), await anext(ncm_connections)
            if how == "revoked":
                await region.revoke("host-1")
            else:
                await region.store.write_batch(NODES.delete, Delete("host-1"))
            assert [delta async for delta in stream.goal_states() if not delta.is_empty()] == []
            assert [news async for news in asking.news()] == []
        denied = await refusal(region, "host-1", membership.open_channel)
        assert denied.startswith("PERMISSION_DENIED")
        with pytest.raises(EnrolmentFailed, match="PERMISSION_DENIED"):
            await membership.ask()


def _ncm_client(region: Region, open_channel: OpenChannel) -> NcmClient:
    return NcmClient([region.address], lambda: NcmHello("host-1", b"b" * 16), open_channel=open_channel)


async def test_a_revoked_host_joins_again_with_a_new_token(region: Region, tmp_path: Path) -> None:
    old = await region.joined("host-1", tmp_path)
    await region.revoke("host-1")
    new = await region.joined("host-1", tmp_path / "new")

    async def is_let_in() -> bool:
        with contextlib.suppress(AssertionError):
            return not (await refusal(region, "host-1", new.open_channel)).startswith("PERMISSION_DENIED")
        return True

    await eventually(is_let_in, "the new certificate is good")
    assert "was revoked" in await refusal(region, "host-1", old.open_channel)


async def test_a_node_of_the_same_id_is_another_one(region: Region, tmp_path: Path) -> None:
    old = await region.joined("host-1", tmp_path)
    await region.store.write_batch(NODES.delete, Delete("host-1"))
    await eventually(lambda: "host-1" not in region.manager.model.nodes, "it is gone")
    await Cloud(region.store).create_nodes(["host-1"], first_number=7)
    await region.knows("host-1")
    assert "was deleted since" in await refusal(region, "host-1", old.open_channel)


async def test_a_controller_that_is_restarted_knows_whom_it_trusted(region: Region, tmp_path: Path) -> None:
    kept, revoked = await region.joined("host-1", tmp_path / "1"), await region.joined("host-2", tmp_path / "2")
    await region.revoke("host-2")
    async with Region(region.store).serving() as again:
        async with connected(again, "host-1", kept.open_channel):
            pass
        assert "was revoked" in await refusal(again, "host-2", revoked.open_channel)


async def test_the_authority_is_rotated_under_streams_and_renewals(region: Region, tmp_path: Path) -> None:
    membership = await region.joined("host-1", tmp_path)
    first = region.trust.authorities()
    async with connected(region, "host-1", membership.open_channel):
        made = await region.store.write(partial(authorities.rotate, secret=b"", lifetime=24 * HOUR))
        second = made.certificate
        await region.trust.look()
        await membership.ask()
        assert _shown(membership).authorities == first + second, "it hears of the second one"
        certificates.check_issued(_shown(membership).chain, first)

        await region.store.write(partial(_set_times, signs_from=0))
        await region.trust.look()
        await membership.ask()
        certificates.check_issued(_shown(membership).chain, second)

        await region.store.write(partial(_set_times, signs_from=0, trusted_until=1))
        await region.trust.look()
        await membership.ask()
        assert _shown(membership).authorities == second, "the first one is trusted no more"
    async with connected(region, "host-1", membership.open_channel):
        pass


def _set_times(transaction: Transaction, **first_and_second: int) -> None:
    """As if so much time had passed: the first authority is trusted until then, the second signs from then on."""
    table, until = tables.authority, first_and_second.get("trusted_until")
    values = {"signs_from": first_and_second["signs_from"]}
    transaction.connection.execute(table.update().where(table.c.number == 2).values(values))
    if until is not None:
        transaction.connection.execute(table.update().where(table.c.number == 1).values(trusted_until=until))


def _shown(membership: Membership) -> Credentials:
    shown = membership.current()
    assert shown is not None
    return shown
