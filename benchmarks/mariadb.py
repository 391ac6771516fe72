"""A private MariaDB for what does not run on the databases that Alcor runs on."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from tests.processes import directory_of, guarded

_START_SECONDS = 60

# As durable as in production: every commit waits for the disk (the default).
_SERVE = """
mariadb-install-db --no-defaults --datadir="$directory/data" --auth-root-authentication-method=normal --skip-test-db &&
exec mariadbd --no-defaults --datadir="$directory/data" --socket="$directory/socket" --skip-networking \
    --pid-file="$directory/pid" --init-file="$directory/init"
"""


@contextlib.contextmanager
def run_mariadb(database: str) -> Iterator[str]:
    """A server with one empty database, on a Unix socket only; nothing of it stays behind. Gives its SQLAlchemy URL."""
    directory, as_user = directory_of("mysql", "alcor-mariadb-")
    (directory / "init").write_text(f"CREATE DATABASE {database} CHARACTER SET utf8mb4;\n")
    (directory / "init").chmod(0o644)
    with guarded([*as_user, "sh", "-c", _SERVE], directory) as log:
        _wait_until_ready(directory / "socket", log)
        yield f"mysql+pymysql://root@localhost/{database}?unix_socket={directory}/socket&charset=utf8mb4"


def _wait_until_ready(path: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(path))
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"MariaDB did not start: {log.read_text()}") from error
            time.sleep(0.05)
