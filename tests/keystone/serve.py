"""A Keystone, from nothing: run by the Python that Keystone is installed for, in an empty directory.

It writes where it is reached to the file ``url`` when it serves. The database is a file that nobody waits for to be on
the disk, and passwords are hashed as cheaply as may be: this Keystone lives as long as a test run.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

import waitress

_THREADS = 1  # SQLite has one writer; others would be told that the database is locked
_CONNECTIONS = 500  # clients keep theirs for two minutes, and whoever comes when there are no more waits as long
_CONFIGURATION = """
[DEFAULT]
log_file = {directory}/keystone.log
[database]
connection = sqlite:///{directory}/keystone.db
sqlite_synchronous = false
[identity]
password_hash_rounds = 4
[cache]
enabled = true
backend = dogpile.cache.memory
[fernet_tokens]
key_repository = {directory}/keys
[fernet_receipts]
key_repository = {directory}/keys
"""


def main(password: str) -> None:
    """Serve until a signal comes."""
    directory = Path.cwd()
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v3"
    configuration = directory / "keystone.conf"
    configuration.write_text(_CONFIGURATION.format(directory=directory))
    _prepare(configuration, url, password)
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = str(configuration)
    from keystone.wsgi.api import application

    unfinished = directory / "url.unfinished"
    unfinished.write_text(url)
    unfinished.rename(directory / "url")
    # One process: what Keystone keeps in memory is never out of date then.
    waitress.serve(application, sockets=[listener], threads=_THREADS, connection_limit=_CONNECTIONS)


def _prepare(configuration: Path, url: str, password: str) -> None:
    """Make the tables, the keys, the first user and project, and the catalog's entry of Keystone itself."""
    options = {"password": password, "public-url": url, "internal-url": url, "admin-url": url, "region-id": "RegionOne"}
    _manage(configuration, "db_sync")
    _manage(configuration, "fernet_setup", f"--keystone-user={os.geteuid()}", f"--keystone-group={os.getegid()}")
    _manage(configuration, "bootstrap", *(f"--bootstrap-{name}={value}" for name, value in options.items()))


def _manage(configuration: Path, *arguments: str) -> None:
    keystone_manage = Path(sys.executable).parent / "keystone-manage"
    subprocess.run([keystone_manage, "--config-file", configuration, *arguments], check=True)


if __name__ == "__main__":
    secret = sys.argv.pop()  # Keystone reads the arguments, too
    main(secret)
