"""Keys and certificates: made, signed and read. Times are seconds since the epoch; the rest is PEM where not DER."""

import datetime
import ipaddress
import math
from collections.abc import Callable
from typing import TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from alcor.channels.checks import MalformedMessage
from alcor.channels.trust.identity import CONTROLLER_NAME, Identity, Kind, parse_identity

_BEFORE_SECONDS = 300  # by which a clock may be behind the signer's
_SIGNED = ec.ECDSA(hashes.SHA256())

T = TypeVar("T")


class Validity(msgspec.Struct, frozen=True):
    """When a certificate holds."""

    start: float
    end: float


class Authority(msgspec.Struct, frozen=True):
    """What signs certificates: its own certificate, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def certify(self, public_key: bytes, identity: Identity, now: float, seconds: float) -> bytes:
        """A certificate for a public key (DER), from now on."""
        builder = (
            _builder(now, seconds)
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identity.role())]))
            .issuer_name(self.certificate.subject)
            .public_key(_elliptic(serialization.load_der_public_key(public_key)))
            .add_extension(x509.SubjectAlternativeName(_names(identity)), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(_elliptic(self.certificate.public_key())), False
            )
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def new_authority(name: str, now: float, seconds: float, secret: bytes) -> tuple[bytes, bytes]:
    """Certificate and key of a new authority, the key encrypted when there is a secret."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        _builder(now, seconds)
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), _key_text(key, secret)


def load_authority(certificate: bytes, key: bytes, secret: bytes) -> Authority:
    """An authority from what new_authority made. Raises ValueError when the secret is missing, or another."""
    password = secret if is_encrypted(key) else None
    if password == b"":
        raise ValueError("its key is encrypted")
    loaded = serialization.load_pem_private_key(key, password)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise ValueError("its key is of another kind")
    return Authority(x509.load_pem_x509_certificate(certificate), loaded)


def is_encrypted(key: bytes) -> bool:
    """Whether a key needs a secret."""
    return b"ENCRYPTED" in key


def encrypted(authority: Authority, secret: bytes) -> bytes:
    """The authority's key, encrypted."""
    return _key_text(authority.key, secret)


def new_key() -> bytes:
    """A new key of a host or controller."""
    return _key_text(ec.generate_private_key(ec.SECP256R1()), b"")


def signing_request(key: bytes) -> bytes:
    """What asks for a certificate for the key (PKCS #10, DER)."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return request.sign(_private(key), hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def requested_key(request: bytes) -> bytes:
    """The public key (DER) that a signing request is about, which its sender has the private key of.

    Raises MalformedMessage.
    """
    found = _checked(lambda: x509.load_der_x509_csr(request), "a signing request")
    if not _checked(lambda: found.is_signature_valid, "a signing request"):
        raise MalformedMessage("the signing request is not signed by its own key")
    return _public_bytes(_checked(lambda: _elliptic(found.public_key()), "a signing request"))


def public_key(key: bytes) -> bytes:
    """The public key (DER) of a private one."""
    return _public_bytes(_private(key).public_key())


def sign(key: bytes, data: bytes) -> bytes:
    """A signature of data."""
    return _private(key).sign(data, _SIGNED)


def check_signature(certificate: bytes, data: bytes, signature: bytes) -> None:
    """Raises MalformedMessage unless the certificate's key signed the data."""
    key = _checked(lambda: _elliptic(_certificate(certificate).public_key()), "a certificate")
    try:
        key.verify(signature, data, _SIGNED)
    except InvalidSignature as error:
        raise MalformedMessage("the signature is not of the certificate's key") from error


def check_issued(certificate: bytes, authorities: bytes) -> None:
    """Raises MalformedMessage unless one of the authorities signed the certificate, whether or not it has ended."""
    found = _checked(lambda: _certificate(certificate), "a certificate")
    for authority in x509.load_pem_x509_certificates(authorities):
        try:
            found.verify_directly_issued_by(authority)
            return
        except (ValueError, TypeError, InvalidSignature):
            continue
    raise MalformedMessage("the certificate is of another authority")


def identity_of(certificate: bytes) -> Identity:
    """Whom a certificate is for. Raises MalformedMessage."""

    def uris() -> list[str]:
        extension = _certificate(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return extension.value.get_values_for_type(x509.UniformResourceIdentifier)

    found = _checked(uris, "a certificate")
    if len(found) != 1:
        raise MalformedMessage("the certificate names nobody")
    return parse_identity(found[0])


def validity(certificate: bytes) -> Validity:
    """When a certificate holds. Raises MalformedMessage."""
    found = _checked(lambda: _certificate(certificate), "a certificate")
    return Validity(found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp())


def fingerprint(certificate: bytes) -> str:
    """What tells a certificate from any other: sha256: and 64 hexadecimal digits. Raises MalformedMessage."""
    return _fingerprint(_checked(lambda: _certificate(certificate), "a certificate"))


def with_fingerprint(certificates: bytes, wanted: str) -> bytes | None:
    """The one of several certificates that has the fingerprint. Raises MalformedMessage."""
    for each in _checked(lambda: x509.load_pem_x509_certificates(certificates), "certificates"):
        if _fingerprint(each) == wanted:
            return each.public_bytes(serialization.Encoding.PEM)
    return None


def fits(certificate: bytes, key: bytes) -> bool:
    """Whether a certificate is for a key."""
    try:
        return _public_bytes(_elliptic(_certificate(certificate).public_key())) == public_key(key)
    except (ValueError, TypeError):
        return False


def _fingerprint(certificate: x509.Certificate) -> str:
    return f"sha256:{certificate.fingerprint(hashes.SHA256()).hex()}"


def _builder(now: float, seconds: float) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .not_valid_before(_time(now - _BEFORE_SECONDS))
        .not_valid_after(_time(math.ceil(now + seconds)))
    )


def _names(identity: Identity) -> list[x509.GeneralName]:
    reached: list[x509.GeneralName] = []
    if identity.kind is Kind.CONTROLLER:
        reached = [x509.DNSName(CONTROLLER_NAME)]
    elif identity.kind is Kind.BROKER:
        reached = [_server_name(name) for name in identity.name.split()]
    return [*reached, x509.UniformResourceIdentifier(identity.uri())]


def _server_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _time(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _certificate(text: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(text)


def _private(key: bytes) -> ec.EllipticCurvePrivateKey:
    loaded = serialization.load_pem_private_key(key, None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is of another kind")
    return loaded


def _elliptic(key: object) -> ec.EllipticCurvePublicKey:
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("the key is of another kind")
    return key


def _public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _key_text(key: ec.EllipticCurvePrivateKey, secret: bytes) -> bytes:
    encryption: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(secret) if secret else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def _checked(read: Callable[[], T], what: str) -> T:
    """What is read from a peer's bytes. Raises MalformedMessage."""
    try:
        return read()
    except (ValueError, TypeError, x509.ExtensionNotFound, x509.UnsupportedGeneralNameType) as error:
        raise MalformedMessage(f"this is no use as {what}: {error}") from error
