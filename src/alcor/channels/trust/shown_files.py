"""What a process shows and believes, as files: for libraries that want paths, and read them for each connection.

They are in memory, and open to this process alone: keys that are in no file stay out of all.
"""

import os

from alcor.channels.trust.credentials import Credentials, CredentialSource


class ShownFiles:
    """Two files whose paths stay while what is in them follows a source."""

    def __init__(self, source: CredentialSource) -> None:
        self._source = source
        self._shown: Credentials | None = None
        self._identity, self._authorities = _in_memory(b""), _in_memory(b"")

    @property
    def identity(self) -> str:
        """Where the key is, and after it the certificate."""
        return f"/proc/self/fd/{self._identity}"

    @property
    def authorities(self) -> str:
        """Where the authorities are."""
        return f"/proc/self/fd/{self._authorities}"

    def follow(self) -> Credentials | None:
        """Take up what holds now, and say what is shown; None while there was nothing yet."""
        now = self._source()
        if now is not None and now is not self._shown:
            _replace(self._authorities, now.authorities)
            _replace(self._identity, now.key + now.chain)
            self._shown = now
        return self._shown

    def close(self) -> None:
        """Nobody needs them any more."""
        os.close(self._identity)
        os.close(self._authorities)


def _in_memory(data: bytes) -> int:
    file = os.memfd_create("credentials", os.MFD_CLOEXEC)
    os.write(file, data)
    return file


def _replace(file: int, data: bytes) -> None:
    """As a whole: whoever opens it finds what was there, or what is there now."""
    other = _in_memory(data)
    os.dup2(other, file, inheritable=False)
    os.close(other)
