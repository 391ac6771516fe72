"""Addresses to listen at, as people write them: HOST:PORT, [IPv6]:PORT or unix:PATH."""

import contextlib
import socket
from pathlib import Path

import msgspec

from alcor.controller.settings import ControllerError


class ListenAddress(msgspec.Struct, frozen=True):
    """A TCP address with the host resolved, or the path of a unix socket."""

    host: str = ""
    port: int = 0
    path: Path | None = None


def parse(text: str, purpose: str) -> ListenAddress:
    """The address. Raises ControllerError saying how to write one."""
    if text.startswith("unix:"):
        return ListenAddress(path=Path(text.removeprefix("unix:")))
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit() or not 0 < int(port) < 65536:
        raise ControllerError(f"{purpose} address {text!r}: write HOST:PORT or unix:PATH")
    try:
        found = socket.getaddrinfo(
            host.strip("[]") or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise ControllerError(f"{purpose} address {text!r}: host {host!r} cannot be resolved: {error}") from error
    return ListenAddress(host=str(found[0][4][0]), port=int(port))


def check_free(address: ListenAddress, text: str, purpose: str) -> None:
    """Raises ControllerError when another process listens there, or the address is not this machine's.

    Servers that allow several processes at one address would otherwise share it in silence.
    """
    if address.path is not None:
        _check_unix(address.path, text, purpose)
        return
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
            probe.listen(1)
        except OSError as error:
            raise ControllerError(
                f"cannot listen at {text} for {purpose}: {error.strerror}; "
                "stop what is listening there or choose another address"
            ) from error


def _check_unix(path: Path, text: str, purpose: str) -> None:
    if not path.parent.is_dir():
        raise ControllerError(f"cannot listen at {text} for {purpose}: there is no directory {path.parent}")
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(str(path))
        raise ControllerError(f"cannot listen at {text} for {purpose}: another process is listening there")
    path.unlink(missing_ok=True)
