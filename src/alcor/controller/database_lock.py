"""One controller at a time on a SQLite file: it holds a lock that ends with the process, however it ends."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from alcor.controller.settings import ControllerError


@contextlib.contextmanager
def locked(database_url: str) -> Iterator[None]:
    """Hold the database for this controller. PostgreSQL needs no lock: any number of controllers share it.

    On SQLite a second controller would only wait for the writes of the first: raises ControllerError instead.
    """
    try:
        url = make_url(database_url)
    except ArgumentError as error:
        raise ControllerError(
            f"database {database_url!r}: write sqlite:////absolute/path.db or postgresql+psycopg://user@host/name"
        ) from error
    if url.get_backend_name() != "sqlite" or not url.database:
        yield
        return
    path = Path(f"{url.database}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    except OSError as error:
        raise ControllerError(f"cannot use {path.parent} for the database: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ControllerError(
                f"another controller is using {url.database}; stop it, or run several controllers on PostgreSQL"
            ) from error
        _keep_private(Path(url.database))
        yield


def _keep_private(path: Path) -> None:
    """The database has the authority's key. What SQLite puts beside it has the same mode. Raises ControllerError."""
    try:
        path.touch(mode=0o600)
        path.chmod(0o600)
    except OSError as error:
        raise ControllerError(f"cannot use {path} for the database: {error.strerror}") from error
