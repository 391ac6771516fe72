"""An authority, and what those whom it has certified show to a broker."""

import time
from pathlib import Path

from alcor.agent.trust.files import TrustFiles
from alcor.channels.trust import certificates
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.identity import Identity, Kind

HOUR = 3600.0


class RegionTrust:
    """Certifies whomever a test wants."""

    def __init__(self) -> None:
        self.authorities, key = certificates.new_authority("Alcor authority 1", time.time(), 100 * HOUR, b"")
        self._authority = certificates.load_authority(self.authorities, key, b"")

    def of(self, kind: Kind, name: str, *, seconds: float = HOUR, index: int = 1, generation: int = 0) -> Credentials:
        """Credentials of somebody, for so long from now on."""
        key, host = certificates.new_key(), (index, generation) if kind is Kind.HOST else ()
        identity = Identity(kind, name, *host)
        chain = self._authority.certify(certificates.public_key(key), identity, time.time(), seconds)
        return Credentials(key, chain, self.authorities)

    def keep_for_broker(self, directory: Path) -> None:
        """What ``alcor trust keep-certificate`` keeps for one on this machine."""
        TrustFiles(directory, apart=True).save(self.of(Kind.BROKER, "127.0.0.1"))
