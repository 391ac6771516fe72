"""What an operator says of certificates."""

import msgspec


class TrustSettings(msgspec.Struct, frozen=True):
    """How certificates are issued; the same for all controllers of a database."""

    secret: bytes = b""  # what keys of authorities are encrypted with in the database; empty for not
    lifetime: int = 24 * 3600  # seconds that certificates hold
    return_seconds: int = 30 * 86400  # for so long after its end a certificate is good for another one
