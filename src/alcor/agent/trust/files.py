"""The agent's key and certificates on disk, readable by it alone.

identity.pem has a private key and the certificate for it, so that the two can never be of different times;
authorities.pem those that are believed. Programs that want files of both find them here. joining.pem is a key for which
a certificate was asked for with a token: the token is good for no other one. joined-with is the hash of the token that
the host has joined with.
"""

import contextlib
import hashlib
import os
from pathlib import Path

from alcor.channels.checks import MalformedMessage
from alcor.channels.trust import certificates
from alcor.channels.trust.credentials import Credentials

IDENTITY, AUTHORITIES = "identity.pem", "authorities.pem"
KEY, CERTIFICATE = "key.pem", "certificate.pem"
_JOINING, _JOINED_WITH = "joining.pem", "joined-with"
_END_OF_KEY = b"-----END PRIVATE KEY-----\n"


class TrustFiles:
    """In one directory. ``apart`` has key and certificate in files of their own as well, as brokers want them."""

    def __init__(self, directory: Path, *, apart: bool = False) -> None:
        self.directory = directory
        self._apart = apart

    def load(self) -> Credentials | None:
        """What is there, if it is whole. Raises OSError when it cannot be read."""
        with contextlib.suppress(FileNotFoundError):
            text, authorities = self._read(IDENTITY), self._read(AUTHORITIES)
            key, end, chain = text.partition(_END_OF_KEY)
            found = Credentials(key + end, chain, authorities)
            with contextlib.suppress(MalformedMessage, ValueError):
                certificates.identity_of(chain)
                certificates.fingerprint(authorities)
                if certificates.fits(chain, found.key):
                    return found
        return None

    def save(self, credentials: Credentials) -> None:
        """Keep these from now on. Raises OSError."""
        self._write(AUTHORITIES, credentials.authorities)
        self._write(IDENTITY, credentials.key + credentials.chain)
        if self._apart:
            self._write(KEY, credentials.key)
            self._write(CERTIFICATE, credentials.chain)

    def joined(self, token: str) -> None:
        """The credentials saved last are those that the token was good for. Raises OSError."""
        self._write(_JOINED_WITH, _hash(token))
        (self.directory / _JOINING).unlink(missing_ok=True)

    def has_joined_with(self, token: str) -> bool:
        """Whether the host has joined with this token. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            return self._read(_JOINED_WITH) == _hash(token)
        return False

    def joining_key(self) -> bytes:
        """The key to join with: the same one until the host has joined. Raises OSError."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            key = self._read(_JOINING)
            certificates.public_key(key)
            return key
        key = certificates.new_key()
        self._write(_JOINING, key)
        return key

    def _read(self, name: str) -> bytes:
        return (self.directory / name).read_bytes()

    def _write(self, name: str, data: bytes) -> None:
        """Replace a file as a whole, and see it on disk."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.directory / name
        beside = path.with_suffix(".new")
        beside.unlink(missing_ok=True)
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, data)
            os.fsync(file)
        finally:
            os.close(file)
        beside.replace(path)
        directory = os.open(self.directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).hexdigest().encode()
