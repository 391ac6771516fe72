"""What an operator says of certificates."""

import msgspec

from alcor.channels.topic_keys import USUAL_EPOCH_SECONDS


class TrustSettings(msgspec.Struct, frozen=True):
    """How certificates are issued; the same for all controllers of a database."""

    secret: bytes = (
        b""  # what keys of authorities, and that of topics, are encrypted with in the database; empty for not
    )
    lifetime: int = 24 * 3600  # seconds that certificates hold
    return_seconds: int = 30 * 86400  # for so long after its end a certificate is good for another one
    topic_key_seconds: float = USUAL_EPOCH_SECONDS  # that topics are sealed with one key, before the next
