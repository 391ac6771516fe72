"""Certificates say whom they are for, hold as long as they say, and are nobody else's."""

import ssl

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from alcor.channels.checks import MalformedMessage
from alcor.channels.trust import certificates
from alcor.channels.trust.certificates import Authority
from alcor.channels.trust.credentials import Credentials, client_context, server_context
from alcor.channels.trust.identity import CONTROLLER_NAME, Identity, Kind, parse_identity

NOW = 1_800_000_000.0
HOUR = 3600.0
HOST = Identity(Kind.HOST, "host-1", 7, 2)
SECRET = b"a secret of an operator"


def authority(secret: bytes = b"") -> tuple[bytes, Authority]:
    certificate, key = certificates.new_authority("Alcor authority 1", NOW, 100 * HOUR, secret)
    return certificate, certificates.load_authority(certificate, key, secret)


def issued(identity: Identity, by: Authority, key: bytes | None = None) -> bytes:
    return by.certify(certificates.public_key(key or certificates.new_key()), identity, NOW, HOUR)


@given(st.builds(Identity, st.just(Kind.HOST), st.text(min_size=1), st.integers(0, 2**59), st.integers(0, 2**59)))
def test_a_uri_says_whom_a_certificate_is_for(identity: Identity) -> None:
    assert identity.uri().isascii()
    assert parse_identity(identity.uri()) == identity


@pytest.mark.parametrize(
    "uri",
    ["", "alcor://host/h", "alcor://host/?index=1&generation=0", "alcor://fleet/f?index=1&generation=0",
     "alcor://king/h", "https://host/h?index=1&generation=0", "alcor://host/a/b?index=1&generation=0"],
)  # fmt: skip
def test_what_names_nobody_is_refused(uri: str) -> None:
    with pytest.raises(MalformedMessage):
        parse_identity(uri)


def test_a_certificate_is_for_whom_and_when_it_was_issued() -> None:
    key = certificates.new_key()
    chain = issued(HOST, authority()[1], key)
    assert certificates.identity_of(chain) == HOST
    assert certificates.validity(chain).end == NOW + HOUR
    assert certificates.validity(chain).start < NOW, "clocks may differ a little"
    assert certificates.fits(chain, key) and not certificates.fits(chain, certificates.new_key())


def test_an_authority_knows_its_own_certificates() -> None:
    (mine, by), (other, _) = authority(), authority()
    chain = issued(HOST, by)
    certificates.check_issued(chain, other + mine)
    with pytest.raises(MalformedMessage, match="another authority"):
        certificates.check_issued(chain, other)


def test_an_authority_is_found_by_its_fingerprint() -> None:
    one, other = authority()[0], authority()[0]
    assert certificates.with_fingerprint(one + other, certificates.fingerprint(other)) == other
    assert certificates.with_fingerprint(one, certificates.fingerprint(other)) is None


def test_the_key_of_an_authority_is_read_with_its_secret_only() -> None:
    certificate, key = certificates.new_authority("Alcor authority 1", NOW, HOUR, SECRET)
    assert certificates.is_encrypted(key)
    certificates.load_authority(certificate, key, SECRET)
    for wrong in (b"", b"another secret"):
        with pytest.raises(ValueError):
            certificates.load_authority(certificate, key, wrong)


def test_a_signing_request_is_about_a_key_that_its_sender_has() -> None:
    key = certificates.new_key()
    request = certificates.signing_request(key)
    assert certificates.requested_key(request) == certificates.public_key(key)
    forged = bytearray(request)
    forged[-1] ^= 1
    with pytest.raises(MalformedMessage):
        certificates.requested_key(bytes(forged))


@given(st.binary(max_size=200))
def test_garbage_is_no_certificate_and_no_request(data: bytes) -> None:
    for read in (certificates.requested_key, certificates.identity_of, certificates.validity, certificates.fingerprint):
        with pytest.raises(MalformedMessage):
            read(data)


def test_a_signature_is_of_the_certificates_key() -> None:
    key, other = certificates.new_key(), certificates.new_key()
    chain = issued(HOST, authority()[1], key)
    certificates.check_signature(chain, b"said", certificates.sign(key, b"said"))
    for data, signature in ((b"other", certificates.sign(key, b"said")), (b"said", certificates.sign(other, b"said"))):
        with pytest.raises(MalformedMessage):
            certificates.check_signature(chain, data, signature)


def test_others_than_grpc_take_the_same_credentials() -> None:
    certificate, by = authority()
    made = [Identity(Kind.CONTROLLER, "c"), HOST]
    keys = [certificates.new_key() for _ in made]
    controller, host = (
        Credentials(key, issued(identity, by, key), certificate) for identity, key in zip(made, keys, strict=True)
    )
    server, client = server_context(controller), client_context(host)
    assert server.verify_mode is client.verify_mode is ssl.CERT_REQUIRED
    assert client.check_hostname and CONTROLLER_NAME
    assert server_context(controller, asks_for_certificates=False).verify_mode is ssl.CERT_NONE


def test_brokers_find_what_to_grant_in_the_common_name() -> None:
    by = authority()[1]
    for kind in Kind:
        subject = x509.load_pem_x509_certificate(issued(Identity(kind, "name"), by)).subject
        assert subject.rfc4514_string() == f"CN=alcor-{kind.value}"


def test_a_broker_is_believed_by_each_of_its_names() -> None:
    identity = Identity(Kind.BROKER, "pulsar.example.org 192.0.2.9")
    chain = issued(identity, authority()[1])
    assert certificates.identity_of(chain) == identity
    names = x509.load_pem_x509_certificate(chain).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["pulsar.example.org"]
    assert list(map(str, names.get_values_for_type(x509.IPAddress))) == ["192.0.2.9"]
