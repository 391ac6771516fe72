"""Who a controller asks who its callers are, and whose rules hold."""

from pathlib import Path

import msgspec

DEFAULT_CACHE_SECONDS = 300


class KeystoneSettings(msgspec.Struct, frozen=True):
    """Keystone (Identity API v3), and the controller's own account there, which may validate tokens.

    ``url`` ends in /v3. ``user`` and ``project`` are names in ``domain``. What Keystone said of a token is believed for
    ``cache_seconds`` and not longer than the token is valid: so much later a token that was revoked is refused.
    """

    url: str
    user: str
    password: str
    project: str
    domain: str
    cache_seconds: int = DEFAULT_CACHE_SECONDS


class IdentitySettings(msgspec.Struct, frozen=True):
    """Without Keystone nobody is asked who they are, and everybody may everything: for development.

    ``policy_file`` overrides rules by name; it is read again when it changed.
    """

    keystone: KeystoneSettings | None = None
    policy_file: Path | None = None
