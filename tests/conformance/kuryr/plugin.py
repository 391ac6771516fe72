"""Kuryr at a host: what its Docker asks for networks and addresses."""

from pathlib import Path

import httpx

from alcor.testbed.host import Host
from alcor.testbed.program import Program
from alcor.testbed.waiting import wait_until
from tests.keystone.keystone import DOMAIN, ROOT, Account, Keystone

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
auth_type = password
auth_url = {url}
username = {account.user}
password = {account.password}
project_name = {account.project}
user_domain_name = {domain}
project_domain_name = {domain}
vif_plugging_is_fatal = true
vif_plugging_timeout = 20
"""
# A container's port is bound to the host by the host's name.
_START = 'hostname "$1" && shift && exec "$@"'


def run_plugin(host: Host, keystone: Keystone, account: Account) -> None:
    """Start it: it works as this account. It is a process of the host's sandbox, and ends with it."""
    configuration = _CONFIGURATION.format(
        bindir=ENVIRONMENT / "libexec" / "kuryr", url=keystone.url, account=account, domain=DOMAIN
    )
    host.outside("kuryr.conf").write_text(configuration)
    command = (str(_SERVER), "--config-file", f"{host.directory}/kuryr.conf")
    named = ("unshare", "--uts", "sh", "-c", _START, "sh", host.name, *command)
    # Its scripts call ovs-vsctl, which looks for the host's switch there.
    environment = {"OVS_RUNDIR": host.directory, "PYTHONPATH": ""}
    plugin = Program(host.namespace.popen, named, host.outside("kuryr.log"), environment)
    plugin.start()
    wait_until(lambda: _activates(host) or not plugin.running, f"Kuryr at {host.name}", _START_SECONDS)
    if not plugin.running:
        raise RuntimeError(f"Kuryr at {host.name} ended: {plugin.last_words()}")


def specifications() -> Path:
    """The directory, in its package, with the file that tells Docker where it is."""
    (found,) = ENVIRONMENT.glob("lib/python*/site-packages/usr/lib/docker/plugins")
    return found


def _activates(host: Host) -> bool:
    try:
        answer = host.namespace.inside(lambda: httpx.post(f"{_URL}/Plugin.Activate"))
    except httpx.TransportError:
        return False
    return answer.status_code == 200
