"""Whom the agent believes, and what it joins with."""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from alcor.channels.trust.reach import enrolment_beside, is_beyond_this_machine

_FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")


class TrustSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [trust].

    ``secure`` says whether controllers and this host show each other certificates; where it is not said, they do when
    any controller is on another machine. ``token``, or what ``token_file`` has, is what ``alcor node join-token``
    printed, and ``authority`` the fingerprint it printed beside; neither is needed any more once the host has joined.
    With another token the host joins anew. ``enrolment`` is where controllers take in new hosts: by default the port
    after each of ``controllers``.
    """

    secure: bool | None = None
    token: str = ""
    token_file: str = ""
    authority: str = ""
    enrolment: tuple[str, ...] = ()

    def is_secure(self, controllers: Sequence[str]) -> bool:
        """Whether certificates are shown."""
        return any(map(is_beyond_this_machine, controllers)) if self.secure is None else self.secure

    def enrolment_addresses(self, controllers: Sequence[str]) -> tuple[str, ...]:
        """Where to join. Raises ValueError."""
        return self.enrolment or tuple(map(enrolment_beside, controllers))

    def join_token(self) -> str:
        """The token; empty where there is none. Raises OSError."""
        if self.token or not self.token_file:
            return self.token
        try:
            return (Path(self.token_file).read_text().split() or [""])[0]
        except FileNotFoundError:
            return ""

    def problem(self, controllers: Sequence[str]) -> str | None:
        """What is wrong with them, and what to write instead."""
        if self.authority and not _FINGERPRINT.fullmatch(self.authority):
            return (
                f'trust.authority = "{self.authority}" is no fingerprint: it begins with sha256:, and 64 digits follow'
            )
        if (self.token or self.token_file) and not self.authority:
            return "trust.authority is missing: write the fingerprint that alcor node join-token printed"
        for address in self.enrolment:
            if not address.startswith("unix:") and not address.rpartition(":")[2].isdecimal():
                return f'trust.enrolment: "{address}" must be HOST:PORT or unix:PATH, as "192.0.2.10:9698"'
        try:
            self.enrolment_addresses(controllers)
        except ValueError as error:
            return f"trust.enrolment is missing: {error}"
        return None
