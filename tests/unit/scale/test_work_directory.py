"""What a test kept on disk goes with it, or with the next one when it was killed."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from alcor.scale.work_directory import WorkDirectory

HOLD = """
import pathlib, sys, tempfile
tempfile.tempdir = sys.argv[1]
from alcor.scale.work_directory import WorkDirectory
directory = WorkDirectory()
(directory.path / "database").write_text("much")
print(directory.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def other(temporary: Path) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """A test in another process, and its directory."""
    command = [sys.executable, "-c", HOLD, str(temporary)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, Path(process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()


def test_it_is_removed_with_all_that_is_in_it(temporary: Path) -> None:
    directory = WorkDirectory()
    (directory.path / "log").write_text("words")
    directory.remove()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_test_left_is_removed_by_the_next(
    other: tuple["subprocess.Popen[str]", Path], temporary: Path
) -> None:
    process, left = other
    process.kill()
    process.wait()
    assert (left / "database").exists()
    directory = WorkDirectory()
    assert list(temporary.iterdir()) == [directory.path]
    directory.remove()


def test_that_of_a_test_under_way_is_left_alone(other: tuple["subprocess.Popen[str]", Path], temporary: Path) -> None:
    _, used = other
    directory = WorkDirectory()
    assert (used / "database").read_text() == "much"
    directory.remove()


def test_nothing_else_is_removed(temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "file").touch()
    (temporary / "alcor-scale-run-link").symlink_to(elsewhere)
    (temporary / "alcor-scale-run-file").touch()
    (temporary / "alcor-other").mkdir()
    before = set(temporary.iterdir())
    WorkDirectory().remove()
    assert set(temporary.iterdir()) == before
    assert (elsewhere / "file").exists()
