"""Databases for tests: SQLite files, and a private PostgreSQL that lives as long as the test run.

The PostgreSQL server runs in a temporary directory, under a guard that stops it and removes the directory as soon as
the process that started it is gone, however it went. A test's database is a copy of one that has been migrated, which
is much faster than migrating each; those of PostgreSQL are used again.
"""

import contextlib
import functools
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import LiteralString

import psutil
import psycopg
import pytest

from alcor.store import migrate
from alcor.store.engine import open_engine
from alcor.store.store import Store, open_store
from tests.copies import Copies
from tests.processes import directory_of, free_port, guarded

_START_SECONDS = 60

# Until it is told to end, a server that was killed is started again, as soon as it is not to stay dead any more. What
# makes it end (INT) waits for no client.
_SERVE = """
initdb -D "$directory/data" --no-sync -A trust -U postgres -E UTF8 --locale=C.UTF-8 || exit
trap 'ended=yes; kill -INT $server' TERM
until [ "$ended" ]; do
    postgres -D "$directory/data" "$@" &
    server=$!
    wait $server
    sleep 0.1
    until [ "$ended" ] || ! [ -e "$directory/dead" ]; do sleep 0.1; done
done
while kill -0 $server 2> /dev/null; do wait $server; done
"""


class PostgreSQL:
    """A running server and the databases made in it."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory = directory
        self._port = port
        self._numbers = itertools.count(1)

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self._port}"

    def url(self, database: str, at: str = "") -> str:
        """The SQLAlchemy URL of a database, by way of another address or by its own."""
        return f"postgresql+psycopg://postgres@{at or self.address}/{database}"

    def connect(self, database: str, *, autocommit: bool = False) -> psycopg.Connection:
        """A connection of the server's administrator."""
        conninfo = f"host={self._directory} port={self._port} user=postgres dbname={database}"
        return psycopg.connect(conninfo, autocommit=autocommit)

    def execute(self, statement: LiteralString) -> None:
        """Run a statement as the server's administrator, outside a transaction."""
        with self.connect("postgres", autocommit=True) as connection:
            connection.execute(statement)

    def kill(self) -> None:
        """End the server and all its processes at once (kill -9), until it is started again."""
        (self._directory / "dead").touch()
        postmaster = int((self._directory / "data" / "postmaster.pid").read_text().split()[0])
        backends = psutil.Process(postmaster).children()
        for process in (psutil.Process(postmaster), *backends):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def start(self) -> None:
        """Start it after it was killed, and wait until it serves: it recovers what was committed first."""
        (self._directory / "dead").unlink()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Raises RuntimeError when it does not start."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    log = (self._directory / "log").read_text()
                    raise RuntimeError(f"PostgreSQL did not start: {log}") from error
                time.sleep(0.05)

    def create_database(self, template: str = "template0") -> str:
        """A new database, a copy of the template. Returns its name."""
        name = self._new_name()
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def rename_database(self, name: str) -> str:
        """Give a database, to which nobody is connected, a name that nobody knows. Returns it."""
        new = self._new_name()
        self.execute(f"ALTER DATABASE {name} RENAME TO {new}")
        return new

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _new_name(self) -> str:
        return f"alcor_{next(self._numbers)}"


def postgresql_programs() -> Path:
    """Where the newest installed PostgreSQL's programs are. Raises RuntimeError naming the package to install."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    found = installed[-1] if installed else shutil.which("initdb")
    if found is None:
        raise RuntimeError("the tests need the PostgreSQL server: apt-get install postgresql")
    return Path(found).parent


@contextlib.contextmanager
def run_postgresql(*, as_in_production: bool = True) -> Iterator[PostgreSQL]:
    """A private server on loopback and a Unix socket; nothing of it stays behind.

    Unless it is as in production, what is committed survives all but the end of the machine, and nobody looks at tables
    but who is told to: one found empty between two tests has the plans of the next be those for an empty table.
    """
    programs = postgresql_programs()
    directory, as_user = directory_of("postgres", "alcor-pg-")
    port = free_port()
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": directory,
        "max_connections": 200,
        "fsync": "on" if as_in_production else "off",
        "autovacuum": "on" if as_in_production else "off",
        "synchronous_commit": "on",
    }
    command = [*as_user, "sh", "-c", _SERVE, "serve", *(f"-c{name}={value}" for name, value in settings.items())]
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    with guarded(command, directory, environment=environment):
        server = PostgreSQL(directory, port)
        server.wait_until_ready()
        yield server


DATABASES = ("sqlite", "postgresql")
"""The kinds that there are."""


@contextlib.contextmanager
def run_database(kind: str) -> Iterator[str]:
    """The URL of an empty database, for a controller: on a private server, or nothing for a file of its own."""
    if kind == "sqlite":
        yield ""
    else:
        with run_postgresql() as server:
            yield server.url(server.create_database())


@functools.cache
def sqlite_tables() -> bytes:
    """An SQLite file with all tables and no resources: making them takes as long as all else of a start."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "alcor.db"
        _migrate(f"sqlite:///{path}")
        return path.read_bytes()


def _migrate(url: str) -> None:
    engine = open_engine(url, 1)
    migrate.upgrade(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """The test run's PostgreSQL server. Tests kill processes, and take nobody's power."""
    with run_postgresql(as_in_production=False) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql: PostgreSQL) -> str:
    """The name of a migrated database to copy."""
    name = postgresql.create_database()
    _migrate(postgresql.url(name))
    return name


@pytest.fixture(scope="session")
def postgresql_copies(postgresql: PostgreSQL, postgresql_template: str) -> Copies:
    """Copies of the migrated database."""
    return Copies(postgresql, postgresql_template)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    path.write_bytes(sqlite_tables())
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database of each kind, with all tables and no resources."""
    if request.param == "sqlite":
        path = tmp_path / "alcor.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        copies: Copies = request.getfixturevalue("postgresql_copies")
        with copies.one() as name:
            yield request.getfixturevalue("postgresql").url(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database of each kind without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        name = server.create_database()
        yield server.url(name)
        server.drop_database(name)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An open store on a fresh database of each kind."""
    opened = await open_store(database_url)
    yield opened
    await opened.close()
