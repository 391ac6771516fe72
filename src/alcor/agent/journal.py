"""A file of checksummed frames that survives being cut off anywhere: append, or rewrite as a whole.

Layout: a magic line, then frames of a 12-byte header (length of the payload, CRC-32 of the payload, CRC-32 of those
eight bytes, big-endian) and the payload. A frame that was being written when the power went is recognised as a torn
tail; damage anywhere else is told apart from it, because what followed the damage had been relied on.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

MAGIC = b"alcor journal 1\n"
_HEADER = struct.Struct("!III")
_LENGTHS = struct.Struct("!II")


class JournalContents(msgspec.Struct, frozen=True):
    """The intact frames of a journal up to the first that is not."""

    frames: list[memoryview]
    clean: bool  # the file ends where its last frame ends
    damaged: bool  # something other than a torn tail is wrong


def parse_journal(data: bytes) -> JournalContents:
    """Read what is intact of a journal's bytes; never raises."""
    if not data.startswith(MAGIC):
        return JournalContents([], clean=False, damaged=bool(data) and not MAGIC.startswith(data))
    frames: list[memoryview] = []
    view, offset = memoryview(data), len(MAGIC)
    while offset < len(data):
        rest = len(data) - offset
        if rest < _HEADER.size or not any(view[offset:]):
            return JournalContents(frames, clean=False, damaged=False)
        length, checksum, header_checksum = _HEADER.unpack_from(data, offset)
        if zlib.crc32(view[offset : offset + _LENGTHS.size]) != header_checksum:
            return JournalContents(frames, clean=False, damaged=True)
        start, end = offset + _HEADER.size, offset + _HEADER.size + length
        if end > len(data):
            return JournalContents(frames, clean=False, damaged=False)
        if zlib.crc32(view[start:end]) != checksum:
            return JournalContents(frames, clean=False, damaged=end < len(data))
        frames.append(view[start:end])
        offset = end
    return JournalContents(frames, clean=True, damaged=False)


class Journal:
    """The file itself. Its methods block; they return when the disk has it, and raise OSError when it has not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._file: int | None = None

    def read(self) -> JournalContents:
        """What is in the file; nothing when there is none. Raises OSError when it cannot be read."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            data = b""
        self.size = len(data)
        return parse_journal(data)

    def append(self, payloads: Iterable[bytes]) -> None:
        """Add frames at the end. After an OSError the file must be rewritten."""
        if self._file is None:
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        data = b"".join(_frames(payloads))
        _write(self._file, data)
        os.fdatasync(self._file)
        self.size += len(data)

    def rewrite(self, payloads: Iterable[bytes]) -> None:
        """Replace everything by these frames. The old contents stay until the new are safe."""
        self.close()
        new = self.path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write(descriptor, MAGIC)
            size = len(MAGIC)
            for frame in _frames(payloads):
                _write(descriptor, frame)
                size += len(frame)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        new.rename(self.path)
        _sync_directory(self.path.parent)
        self.size = size

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _frames(payloads: Iterable[bytes]) -> Iterator[bytes]:
    for payload in payloads:
        lengths = _LENGTHS.pack(len(payload), zlib.crc32(payload))
        yield lengths + struct.pack("!I", zlib.crc32(lengths))
        yield payload


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
