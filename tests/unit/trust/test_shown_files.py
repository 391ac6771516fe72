"""Files in memory have what is shown now, under paths that stay."""

from pathlib import Path

from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.shown_files import ShownFiles


def test_files_follow_what_holds_and_keep_the_last_when_nothing_does() -> None:
    now: Credentials | None = None
    files = ShownFiles(lambda: now)
    identity, authorities = Path(files.identity), Path(files.authorities)
    assert files.follow() is None and identity.read_bytes() == b""
    for number in (b"1", b"2"):
        now = Credentials(b"key" + number, b"chain" + number, b"authorities" + number)
        opened = identity.open("rb")
        before = identity.read_bytes()
        assert files.follow() is now
        assert identity.read_bytes() == b"key" + number + b"chain" + number
        assert authorities.read_bytes() == b"authorities" + number
        assert opened.read() == before, "whoever has begun to read goes on with what was there"
        opened.close()
    last, now = now, None
    assert files.follow() is last and identity.read_bytes() == b"key2chain2"
    files.close()
