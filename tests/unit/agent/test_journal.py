"""A journal gives back what was written, or says how much of it is left and why."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.journal import MAGIC, Journal, parse_journal

payloads = st.lists(st.binary(max_size=40), max_size=6)


def written(first: list[bytes], *appended: list[bytes]) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        journal = Journal(Path(directory, "journal"))
        journal.rewrite(first)
        for more in appended:
            journal.append(more)
        journal.close()
        data = journal.path.read_bytes()
        assert journal.size == len(data)
        return data


@given(payloads, payloads, payloads)
def test_what_was_written_is_read(first: list[bytes], second: list[bytes], third: list[bytes]) -> None:
    contents = parse_journal(written(first, second, third))
    assert contents.frames == first + second + third
    assert contents.clean and not contents.damaged


@given(payloads, st.data())
def test_a_cut_file_is_a_torn_tail_and_gives_the_frames_before(frames: list[bytes], data: st.DataObject) -> None:
    whole = written(frames)
    cut = data.draw(st.integers(0, len(whole) - 1))
    contents = parse_journal(whole[:cut])
    assert not contents.damaged
    assert contents.frames == frames[: len(contents.frames)]
    assert cut < len(MAGIC) or contents.clean == (len(written(frames[: len(contents.frames)])) == cut)


@given(payloads, st.integers(1, 100))
def test_zeros_at_the_end_are_a_torn_tail(frames: list[bytes], count: int) -> None:
    contents = parse_journal(written(frames) + bytes(count))
    assert contents.frames == frames
    assert not contents.clean and not contents.damaged


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6), st.data())
def test_a_changed_byte_is_never_read_as_truth(frames: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(written(frames))
    position = data.draw(st.integers(0, len(whole) - 1))
    whole[position] ^= data.draw(st.integers(1, 255))
    contents = parse_journal(bytes(whole))
    assert not contents.clean
    assert contents.frames == frames[: len(contents.frames)]
    last_frame = len(written(frames[:-1]))
    assert contents.damaged or position >= last_frame


@given(st.binary(max_size=100))
def test_garbage_never_raises(data: bytes) -> None:
    parse_journal(data)
    parse_journal(MAGIC + data)


def test_a_rewrite_that_fails_leaves_the_old_contents(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.rewrite([b"old"])

    def broken() -> object:
        yield b"new"
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        journal.rewrite(broken())  # type: ignore[arg-type]
    assert journal.read().frames == [b"old"]
