"""Kuryr at a host: what its Docker asks for networks and addresses."""

from pathlib import Path

import httpx

from alcor.testbed.errors import TestbedError
from alcor.testbed.host import Host
from alcor.testbed.program import Program
from alcor.testbed.waiting import wait_until
from tests.keystone.keystone import REGION, ROOT, Account, Keystone

ENVIRONMENT = ROOT / ".venv-kuryr"
_SERVER = ENVIRONMENT / "bin" / "kuryr-server"
_URL = "http://127.0.0.1:23750"
_START_SECONDS = 60
_CONFIGURATION = """
[DEFAULT]
bindir = {bindir}
debug = true
default_log_levels = pyroute2=WARNING,asyncio=WARNING
[neutron]
{password}
region_name = {region}
vif_plugging_is_fatal = true
vif_plugging_timeout = 20
"""
# A container's port is bound to the host by the host's name.
_START = 'hostname "$1" && shift && exec "$@"'


class Plugin:
    """Kuryr at a host, working as an account. It is a process of the host's sandbox, and ends with it."""

    def __init__(self, host: Host, keystone: Keystone, account: Account) -> None:
        self._host, self._keystone, self._account = host, keystone, account
        command = (str(_SERVER), "--config-file", f"{host.directory}/kuryr.conf")
        named = ("unshare", "--uts", "sh", "-c", _START, "sh", host.name, *command)
        # Its scripts call ovs-vsctl, which looks for the host's switch there.
        environment = {"OVS_RUNDIR": host.directory, "PYTHONPATH": ""}
        self._program = Program(host.namespace.popen, named, host.outside("kuryr.log"), environment)

    @property
    def log(self) -> Path:
        """Where it writes what it does."""
        return self._program.log

    def start(self, region: str = REGION) -> None:
        """Start it, and wait until it answers. The network service is that of a region of the catalog."""
        configuration = _CONFIGURATION.format(
            bindir=ENVIRONMENT / "libexec" / "kuryr",
            password=self._keystone.password_options(self._account),
            region=region,
        )
        self._host.outside("kuryr.conf").write_text(configuration)
        self._program.start()
        wait_until(
            lambda: self._activates() or not self._program.running, f"Kuryr at {self._host.name}", _START_SECONDS
        )
        if not self._program.running:
            raise TestbedError(f"Kuryr at {self._host.name} ended: {self._program.last_words()}")

    def stop(self) -> None:
        """End it. What it made stays."""
        self._program.stop()

    def _activates(self) -> bool:
        try:
            answer = self._host.namespace.inside(lambda: httpx.post(f"{_URL}/Plugin.Activate"))
        except httpx.TransportError:
            return False
        return answer.status_code == 200


def specifications() -> Path:
    """The directory, in its package, with the file that tells Docker where it is."""
    (found,) = ENVIRONMENT.glob("lib/python*/site-packages/usr/lib/docker/plugins")
    return found
