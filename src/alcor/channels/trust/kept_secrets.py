"""Secrets of 32 bytes that controllers share by the database, kept as keys of authorities are: PEM, which an operator's
secret encrypts. For that they have the form of X25519 private keys, which are any 32 bytes (RFC 7748).
"""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from alcor.channels.trust import certificates


def new_secret(operators: bytes) -> bytes:
    """A new one, as it is kept; ``operators`` encrypts it, unless it is empty."""
    return _kept(X25519PrivateKey.generate(), operators)


def opened(kept: bytes, operators: bytes) -> bytes:
    """What it is. Raises ValueError when the operator's secret is missing, or another."""
    return _loaded(kept, operators).private_bytes_raw()


def encrypted(kept: bytes, operators: bytes) -> bytes:
    """One that is kept without an operator's secret, encrypted."""
    return _kept(_loaded(kept, b""), operators)


def _loaded(kept: bytes, operators: bytes) -> X25519PrivateKey:
    password = operators if certificates.is_encrypted(kept) else None
    if password == b"":
        raise ValueError("it is encrypted")
    loaded = serialization.load_pem_private_key(kept, password)
    if not isinstance(loaded, X25519PrivateKey):
        raise ValueError("it is of another kind")
    return loaded


def _kept(key: X25519PrivateKey, operators: bytes) -> bytes:
    encryption: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(operators) if operators else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
