"""Neutron's own API server, as its documentation runs it: under uwsgi, with two workers, on a private MariaDB.

It has the ML2 plugin alone: no router or other service plug-in, no agents, no message queue, no notifications, and
says warnings only, all of which spares it work. Its workers keep the tokens they have seen in memory, which is faster
than memcached. Its packages are in a virtual environment of its own, `.venv-neutron` (`make install-neutron`).
"""

import contextlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.identity import Callers
from benchmarks.mariadb import run_mariadb
from tests.processes import free_port, guarded

_ENVIRONMENT = Path(__file__).parent.parent / ".venv-neutron"
_START_SECONDS = 120
_WORKERS = 2

_CONFIGURATION = """
[DEFAULT]
core_plugin = ml2
auth_strategy = {strategy}
api_paste_config = {environment}/etc/neutron/api-paste.ini
state_path = {directory}
log_config_append = {directory}/logging.conf
transport_url = fake://
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false

[database]
connection = {database}

[oslo_messaging_notifications]
driver = noop

[oslo_concurrency]
lock_path = {directory}

[quotas]
quota_network = -1
quota_subnet = -1
quota_port = -1

[ml2]
type_drivers = vxlan
tenant_network_types = vxlan
mechanism_drivers = openvswitch
extension_drivers = port_security

[ml2_type_vxlan]
vni_ranges = 1:10000
"""

_AUTHENTICATION = """
[keystone_authtoken]
www_authenticate_uri = {service.url}
auth_url = {service.url}
auth_type = password
username = {service.user}
password = {service.password}
user_domain_name = {service.domain}
project_name = {service.project}
project_domain_name = {service.domain}
"""

_LOGGING = """
[loggers]
keys = root

[handlers]
keys = stderr

[formatters]
keys =

[logger_root]
level = WARNING
handlers = stderr

[handler_stderr]
class = StreamHandler
args = (sys.stderr,)
"""


@contextlib.contextmanager
def run_neutron(callers: Callers, more: str = "") -> Iterator[int]:
    """A ready server on a new database; nothing of it stays behind. Gives its port.

    ``more`` is configuration that goes before its own. Raises RuntimeError if it does not start.
    """
    with run_mariadb("neutron") as database:
        directory = Path(tempfile.mkdtemp(prefix="alcor-neutron-", dir="/tmp"))
        (directory / "neutron.conf").write_text(_configuration(directory, database, callers))
        (directory / "more.conf").write_text(more)
        (directory / "logging.conf").write_text(_LOGGING)
        port = free_port()
        environment = {"OS_NEUTRON_CONFIG_DIR": str(directory), "OS_NEUTRON_CONFIG_FILES": "neutron.conf;more.conf"}
        with guarded(["sh", "-c", _serve(port)], directory, environment=environment) as log:
            _wait_until_ready(port, callers.member, log)
            yield port


def _configuration(directory: Path, database: str, callers: Callers) -> str:
    strategy = "keystone" if callers.service else "noauth"
    authentication = _AUTHENTICATION.format(service=callers.service) if callers.service else ""
    values = {"environment": _ENVIRONMENT, "directory": directory, "database": database, "strategy": strategy}
    return _CONFIGURATION.format(**values) + authentication


def _serve(port: int) -> str:
    programs = _ENVIRONMENT / "bin"
    # As in Neutron's documentation: workers have one thread each and close connections.
    options = f"--http-socket 127.0.0.1:{port} --add-header 'Connection: close' --master --lazy-apps --need-app"
    options += f" --processes {_WORKERS} --enable-threads --thunder-lock --buffer-size 65535 --listen 100"
    options += f" --die-on-term --no-orphans --disable-logging --virtualenv {_ENVIRONMENT}"
    return f"""
{programs}/neutron-db-manage --config-file neutron.conf upgrade heads &&
exec {programs}/uwsgi {options} --module neutron.wsgi.api:application
"""


def neutron_version() -> str:
    """The release that is installed. Raises RuntimeError if there is none."""
    if not (_ENVIRONMENT / "installed").exists():
        raise RuntimeError("Neutron is not installed: make install-neutron")
    program = "from importlib.metadata import version; print(version('neutron'))"
    command = [str(_ENVIRONMENT / "bin" / "python"), "-c", program]
    output: str = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return output.strip()


def _wait_until_ready(port: int, token: str, log: Path) -> None:
    ports = urllib.request.Request(f"http://127.0.0.1:{port}/v2.0/ports", headers={"X-Auth-Token": token})
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(ports, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"Neutron did not start: {log.read_text()}") from error
            time.sleep(0.1)
