"""Giving certificates: what the enrolment and the renewal of certificates ask of a controller."""

from typing import Protocol


class NotCertified(Exception):
    """No certificate is given; the message says why, for the host."""

    def __init__(self, reason: str, is_final: bool = True) -> None:
        super().__init__(reason)
        self.is_final = is_final


class Certifier(Protocol):
    """Gives certificates. Raises NotCertified, or MalformedMessage."""

    def authorities(self) -> bytes:
        """All that are trusted, PEM."""

    async def join(self, token: str, signing_request: bytes) -> bytes:
        """The certificate (PEM) for a token."""

    async def come_back(self, certificate: bytes, signing_request: bytes, signature: bytes) -> bytes:
        """The certificate (PEM) instead of one that has ended."""
