"""Sockets by which this process reaches itself, for gRPC, which connects to addresses and not to streams."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path


class Doors:
    """In a directory of their own, which the owner alone may enter. What an earlier life left goes with the first."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._opened: int | None = None
        self._numbers = count(1)

    @contextlib.contextmanager
    def path(self) -> Iterator[str]:
        """Where one may be made, while this lasts. Raises OSError.

        The path is that of the open directory: the one of a socket has to be short, however long the directory's is.
        """
        if self._opened is None:
            self._opened = self._open()
        name = str(next(self._numbers))
        try:
            yield f"/proc/self/fd/{self._opened}/{name}"
        finally:
            if self._opened is not None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=self._opened)

    def _open(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._directory)
        self._directory.mkdir(mode=0o700, parents=True)
        return os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """None is needed any more."""
        if self._opened is not None:
            os.close(self._opened)
            self._opened = None
            shutil.rmtree(self._directory, ignore_errors=True)
