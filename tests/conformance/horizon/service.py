"""A real Horizon for the suite, served over loopback with settings of its own."""

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.keystone.keystone import REGION, ROOT, Keystone
from tests.processes import answers, free_port, guarded, wait_until_up

PYTHON = ROOT / ".venv-horizon" / "bin" / "python"
# Messages stay until the next page, so that none is missed; sessions are in memory, which one process has.
_SETTINGS = """
from openstack_dashboard.settings import HORIZON_CONFIG

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
SECRET_KEY = "{secret}"
STATIC_ROOT = "{directory}/static"
CACHES = {{
    "default": {{
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {{"MAX_ENTRIES": 100_000}},  # of the 300 by default, those of styles would push sessions out
    }},
}}
OPENSTACK_KEYSTONE_URL = "{keystone}"
AVAILABLE_REGIONS = [("{keystone}", "{region}")]
HORIZON_CONFIG["auto_fade_alerts"] = {{"delay": 600000, "fade_duration": 0, "types": []}}
OPENSTACK_NEUTRON_NETWORK = {{
    "enable_distributed_router": True,
    "enable_ha_router": True,
}}
SECURITY_GROUP_RULES = {{
    "all_tcp": {{"name": "All TCP", "ip_protocol": "tcp", "from_port": "1", "to_port": "65535"}},
    "all_udp": {{"name": "All UDP", "ip_protocol": "udp", "from_port": "1", "to_port": "65535"}},
    "all_icmp": {{"name": "All ICMP", "ip_protocol": "icmp", "from_port": "-1", "to_port": "-1"}},
    "ssh": {{"name": "SSH", "ip_protocol": "tcp", "from_port": "22", "to_port": "22"}},
}}
POLICY_DIRS = {{"compute": ["nova_policy.d"], "network": ["{directory}/policies"]}}
LOGGING = {{
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {{"console": {{"class": "logging.StreamHandler"}}}},
    "root": {{"handlers": ["console"], "level": "WARNING"}},
}}
"""
# By its own rules Horizon shows members no buttons for ports, address pairs and port forwardings: they ask who owns the
# network or the floating IP, and the pages do not say.
_POLICIES = """
"ext_parent_owner": "project_id:%(project_id)s"
"network_owner": "project_id:%(project_id)s"
"""


class Horizon(msgspec.Struct, frozen=True):
    """Where it is reached, and the directory of its settings; its log tells of each request."""

    url: str
    directory: Path
    log: Path


@contextlib.contextmanager
def run_horizon(keystone: Keystone, logs: Path) -> Iterator[Horizon]:
    """A Horizon for the users of this Keystone. Its log is left in a directory."""
    directory = Path(tempfile.mkdtemp(prefix="alcor-horizon-", dir="/tmp"))
    (directory / "local").mkdir()
    (directory / "local" / "__init__.py").touch()
    settings = _SETTINGS.format(secret=secrets.token_hex(16), directory=directory, keystone=keystone.url, region=REGION)
    (directory / "local" / "local_settings.py").write_text(settings)
    (directory / "policies").mkdir()
    (directory / "policies" / "network.yaml").write_text(_POLICIES)
    port = free_port()
    command = [str(PYTHON), "-I", str(Path(__file__).with_name("serve.py")), str(port), str(directory)]
    with guarded(command, directory) as log:
        try:
            wait_until_up("Horizon", lambda: answers(f"http://127.0.0.1:{port}/auth/login/"), log)
            yield Horizon(f"http://127.0.0.1:{port}", directory, log)
        finally:
            shutil.copy(log, logs / "horizon.log")
