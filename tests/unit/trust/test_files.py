"""What the agent keeps is whole, or not there."""

from pathlib import Path

import pytest

from alcor.agent.trust.files import AUTHORITIES, CERTIFICATE, IDENTITY, KEY, TrustFiles
from alcor.channels.trust import certificates
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.identity import Identity, Kind


def credentials() -> Credentials:
    certificate, authority_key = certificates.new_authority("a", 1_800_000_000, 3600, b"")
    authority = certificates.load_authority(certificate, authority_key, b"")
    key = certificates.new_key()
    chain = authority.certify(certificates.public_key(key), Identity(Kind.HOST, "host-1", 1), 1_800_000_000, 3600)
    return Credentials(key, chain, certificate)


def test_what_was_saved_is_found_again_and_private(tmp_path: Path) -> None:
    files, saved = TrustFiles(tmp_path / "trust"), credentials()
    assert files.load() is None
    files.save(saved)
    assert files.load() == saved
    assert (tmp_path / "trust").stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "trust").iterdir()} == {
        IDENTITY: 0o600,
        AUTHORITIES: 0o600,
    }


@pytest.mark.parametrize("name", [IDENTITY, AUTHORITIES])
def test_damage_is_as_if_nothing_was_there(tmp_path: Path, name: str) -> None:
    files = TrustFiles(tmp_path)
    files.save(credentials())
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:100])
    assert files.load() is None


def test_a_key_of_another_time_is_as_if_nothing_was_there(tmp_path: Path) -> None:
    files, saved = TrustFiles(tmp_path), credentials()
    files.save(saved)
    (tmp_path / IDENTITY).write_bytes(certificates.new_key() + saved.chain)
    assert files.load() is None


def test_the_key_to_join_with_stays_the_same_until_the_host_has_joined(tmp_path: Path) -> None:
    first = TrustFiles(tmp_path).joining_key()
    assert TrustFiles(tmp_path).joining_key() == first
    files = TrustFiles(tmp_path)
    files.save(credentials())
    assert not files.has_joined_with("token")
    files.joined("token")
    assert files.has_joined_with("token") and not files.has_joined_with("another")
    assert files.joining_key() != first


def test_a_broker_finds_key_and_certificate_apart(tmp_path: Path) -> None:
    files, saved = TrustFiles(tmp_path, apart=True), credentials()
    files.save(saved)
    assert ((tmp_path / KEY).read_bytes(), (tmp_path / CERTIFICATE).read_bytes()) == (saved.key, saved.chain)
