"""Addresses are read as people write them, and unusable ones are named."""

import socket
from pathlib import Path

import pytest

from alcor.controller.addresses import ListenAddress, check_free, parse
from alcor.controller.settings import ControllerError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9696", ListenAddress("127.0.0.1", 9696)),
        ("[::1]:80", ListenAddress("::1", 80)),
        ("unix:/run/alcor", ListenAddress(path=Path("/run/alcor"))),
    ],
)
def test_addresses_are_understood(text: str, address: ListenAddress) -> None:
    assert parse(text, "the API") == address


@pytest.mark.parametrize("text", ["", "9696", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:0", "h:65536"])
def test_what_is_no_address_is_explained(text: str) -> None:
    with pytest.raises(ControllerError, match="write HOST:PORT or unix:PATH"):
        parse(text, "the API")


def test_a_taken_port_is_refused_even_when_its_owner_would_share_it() -> None:
    with socket.socket() as owner:
        owner.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        text = f"127.0.0.1:{owner.getsockname()[1]}"
        with pytest.raises(ControllerError, match=text):
            check_free(parse(text, "the API"), text, "the API")
    check_free(parse(text, "the API"), text, "the API")


def test_a_socket_left_behind_is_removed_and_one_in_use_is_not(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    text = f"unix:{path}"
    with socket.socket(socket.AF_UNIX) as owner:
        owner.bind(str(path))
        owner.listen()
        with pytest.raises(ControllerError, match="another process"):
            check_free(parse(text, "agents"), text, "agents")
        assert path.exists()
    check_free(parse(text, "agents"), text, "agents")
    assert not path.exists()
    with pytest.raises(ControllerError, match="no directory"):
        check_free(parse("unix:/nowhere/socket", "agents"), "unix:/nowhere/socket", "agents")
