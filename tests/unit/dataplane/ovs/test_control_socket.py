"""The control socket of ovs-vswitchd is found, and found again after a restart."""

import os
from pathlib import Path
from typing import Any

import pytest

from alcor.dataplane.ovs.control_socket import ControlSocket, find_control_socket
from tests.unit.dataplane.ovs.test_jsonrpc import echo, server


def socket(directory: Path, process: int, age: int) -> Path:
    path = directory / f"ovs-vswitchd.{process}.ctl"
    path.touch()
    os.utime(path, (1000 - age, 1000 - age))
    return path


def test_the_pid_file_says_which_socket_it_is(tmp_path: Path) -> None:
    current, _ = socket(tmp_path, 100, age=9), socket(tmp_path, 200, age=1)
    (tmp_path / "ovs-vswitchd.pid").write_text("100\n")
    assert find_control_socket(tmp_path) == current


@pytest.mark.parametrize("pid", [None, "", "nonsense", "300"])
def test_without_a_good_pid_file_it_is_the_latest_socket(tmp_path: Path, pid: str | None) -> None:
    _, latest = socket(tmp_path, 100, age=9), socket(tmp_path, 200, age=1)
    if pid is not None:
        (tmp_path / "ovs-vswitchd.pid").write_text(pid)
    assert find_control_socket(tmp_path) == latest


async def test_where_there_is_none_the_error_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no control socket of ovs-vswitchd \(ovs-vswitchd\*\.ctl\)"):
        await ControlSocket(tmp_path).call("version")


async def test_after_a_lost_connection_the_next_command_makes_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "ovs-vswitchd.1.ctl").symlink_to(tmp_path / "s")
    control = ControlSocket(tmp_path)
    heard: list[str] = []

    def hang_up_at_first(message: dict[str, Any]) -> bytes:
        heard.append(message["method"])
        return echo(message) if len(heard) > 1 else b""

    async with server(tmp_path, hang_up_at_first):
        with pytest.raises(ConnectionError):
            await control.call("first")
        await control.call("second")
        await control.close()
    assert heard == ["first", "second"]
