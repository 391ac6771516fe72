"""A host gets its first certificate for its token, and nobody else gets one."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from alcor.agent.counters import Counters
from alcor.agent.trust.files import AUTHORITIES, IDENTITY, TrustFiles
from alcor.agent.trust.membership import Membership
from alcor.agent.trust.settings import TrustSettings
from alcor.channels.fast_path.opening import opens_trusted
from alcor.channels.fast_path.options import CONNECT_MANY_METHOD
from alcor.channels.trust import certificates
from alcor.channels.trust.enrolment_client import EnrolmentFailed, join
from alcor.channels.trust.identity import Identity, Kind
from alcor.scale.trust import FleetCertificate
from alcor.services.trust import nodes
from tests.integration.southbound.conftest import eventually
from tests.integration.trust.region import HOUR, Clock, Region, connected, ended_call, refusal


async def test_a_host_joins_with_its_token_and_is_welcomed(region: Region, tmp_path: Path) -> None:
    membership = await region.joined("host-1", tmp_path)
    async with connected(region, "host-1", membership.open_channel):
        pass
    assert region.counted("alcor_trust_certificates_total", to="host") == 1
    for name in (IDENTITY, AUTHORITIES):
        assert (tmp_path / "trust" / name).stat().st_mode & 0o777 == 0o600


async def test_an_agent_that_is_restarted_has_the_certificate_of_its_earlier_life(
    region: Region, tmp_path: Path
) -> None:
    await region.joined("host-1", tmp_path)
    again = region.membership("host-1", tmp_path)
    async with connected(region, "host-1", again.open_channel):
        pass


async def test_a_wrong_token_is_refused(region: Region, tmp_path: Path) -> None:
    invitation = await region.invite("host-1")
    with pytest.raises(EnrolmentFailed, match="token is not known") as failure:
        await join(region.enrolment, invitation.authority, f"{invitation.token}x", certificates.new_key())
    assert failure.value.is_final
    assert region.counted("alcor_trust_refused_total", kind="token") == 1


async def test_a_token_that_another_replaced_is_refused(region: Region) -> None:
    first, _ = await region.invite("host-1"), await region.invite("host-1")
    with pytest.raises(EnrolmentFailed, match="token is not known"):
        await join(region.enrolment, first.authority, first.token, certificates.new_key())


async def test_a_token_that_has_expired_is_refused(region: Region) -> None:
    invitation = await region.invite("host-1", lifetime=0)
    with pytest.raises(EnrolmentFailed, match="token has expired"):
        await join(region.enrolment, invitation.authority, invitation.token, certificates.new_key())


async def test_a_token_is_good_for_one_key(region: Region) -> None:
    invitation, key = await region.invite("host-1"), certificates.new_key()
    await join(region.enrolment, invitation.authority, invitation.token, key)
    with pytest.raises(EnrolmentFailed, match="used already"):
        await join(region.enrolment, invitation.authority, invitation.token, certificates.new_key())
    again = await join(region.enrolment, invitation.authority, invitation.token, key)
    assert certificates.identity_of(again.chain).name == "host-1"


async def test_an_agent_killed_between_its_key_and_its_certificate_joins_when_it_is_back(
    region: Region, tmp_path: Path
) -> None:
    invitation = await region.invite("host-1")
    key = TrustFiles(tmp_path / "trust").joining_key()
    await join(region.enrolment, invitation.authority, invitation.token, key)  # and the answer is lost
    membership = region.membership("host-1", tmp_path, invitation)
    await membership.ask()
    async with connected(region, "host-1", membership.open_channel):
        pass


async def test_a_token_of_another_host_is_no_use(region: Region, tmp_path: Path) -> None:
    membership = region.membership("host-1", tmp_path, await region.invite("host-2"))
    with pytest.raises(EnrolmentFailed, match="host-2, and not of this host"):
        await membership.ask()
    assert membership.current() is None


async def test_a_controller_of_another_authority_is_told_no_token(region: Region, tmp_path: Path) -> None:
    invitation = await region.invite("host-1")
    other = f"sha256:{'0' * 64}"
    with pytest.raises(EnrolmentFailed, match="knows no authority with the fingerprint"):
        await join(region.enrolment, other, invitation.token, certificates.new_key())
    membership = region.membership("host-1", tmp_path, invitation)
    await membership.ask()


@pytest.mark.parametrize("said", [b"", b"\xff" * 100, b"GET / HTTP/1.1\r\n\r\n"], ids=["nothing", "bytes", "HTTP"])
async def test_garbage_where_hosts_join_disturbs_nobody(region: Region, tmp_path: Path, said: bytes) -> None:
    host, port = region.enrolment.split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(said)
    await region.joined("host-1", tmp_path)
    writer.close()


async def test_a_fleet_may_speak_for_many_and_a_host_may_not(region: Region, tmp_path: Path) -> None:
    host = await region.joined("host-1", tmp_path)
    ended = await ended_call(region, CONNECT_MANY_METHOD, b"", host.open_channel)
    assert ended == "PERMISSION_DENIED: its certificate is of one that may not speak for many hosts"
    invitation = await region.store.write(partial(nodes.invite_fleet, name="load", lifetime=HOUR))
    fleet = await join(region.enrolment, invitation.authority, invitation.token, certificates.new_key())
    assert certificates.identity_of(fleet.chain).kind is Kind.FLEET
    async with opens_trusted(lambda: fleet)(region.address, []) as channel:
        stream = channel.stream_stream(CONNECT_MANY_METHOD)()
        await stream.done_writing()
        assert (await stream.code()).name == "OK"
    async with connected(region, "host-1", opens_trusted(lambda: fleet)):
        pass


async def test_a_fleet_renews_its_certificate_long_before_it_ends(region: Region) -> None:
    invitation = await region.store.write(partial(nodes.invite_fleet, name="load", lifetime=HOUR))
    first = await join(region.enrolment, invitation.authority, invitation.token, certificates.new_key())
    clock = Clock()
    fleet = FleetCertificate(first, region.address, clock)
    clock.ahead = 20 * HOUR
    renewing = asyncio.create_task(fleet.run())
    await eventually(lambda: fleet.current() != first, "it is renewed")
    renewing.cancel()
    async with connected(region, "host-1", opens_trusted(fleet.current)):
        pass


async def test_another_token_has_a_host_join_anew_and_a_useless_one_changes_nothing(
    region: Region, tmp_path: Path
) -> None:
    await region.joined("host-1", tmp_path)
    await region.revoke("host-1")
    again = region.membership("host-1", tmp_path, await region.invite("host-1"))
    await again.ask()
    async with connected(region, "host-1", again.open_channel):
        pass
    useless = await region.invite("host-1", lifetime=0)
    misled = region.membership("host-1", tmp_path, useless)
    with pytest.raises(EnrolmentFailed, match="expired"):
        await misled.ask()
    await misled.ask()  # it goes on with what it has
    async with connected(region, "host-1", misled.open_channel):
        pass


async def test_a_host_that_has_joined_keeps_its_certificate_while_its_file_still_has_the_token(
    region: Region, tmp_path: Path
) -> None:
    invitation = await region.invite("host-1")
    await region.membership("host-1", tmp_path, invitation).ask()
    await region.membership("host-1", tmp_path, invitation).ask()
    assert region.counted("alcor_trust_certificates_total", to="host") == 2
    assert not (tmp_path / "trust" / "joining.pem").exists(), "the second one was a renewal"


async def test_a_broker_joins_and_its_certificate_is_renewed(region: Region, tmp_path: Path) -> None:
    names = "pulsar-1.example.org pulsar.example.org"
    invitation = await region.store.write(partial(nodes.invite_broker, names=names, lifetime=HOUR))
    (tmp_path / "token").write_text(invitation.token)
    settings = TrustSettings(True, token_file=str(tmp_path / "token"), authority=invitation.authority,
                             enrolment=(region.enrolment,))  # fmt: skip
    membership = Membership("", [region.address], settings, tmp_path, Counters(), region.clock, kind=Kind.BROKER)
    await membership.ask()
    first = membership.current()
    assert first is not None and certificates.identity_of(first.chain) == Identity(Kind.BROKER, names)
    await membership.ask()
    renewed = membership.current()
    assert renewed is not None and renewed.chain != first.chain
    assert (tmp_path / "trust" / "certificate.pem").read_bytes() == renewed.chain
    assert "of host host-1" in await refusal(region, "host-1", membership.open_channel)
