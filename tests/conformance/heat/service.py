"""A real Heat for the suite: its API and engine, users of its own in Keystone, and a database for its stacks."""

import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.databases import run_postgresql
from tests.keystone.keystone import REGION, ROOT, Keystone
from tests.processes import answers, free_port, guarded, wait_until_up

PYTHON = ROOT / ".venv-heat" / "bin" / "python"
_CONFIGURATION = """
[DEFAULT]
transport_url = fake:/
auth_encryption_key = {encryption_key}
stack_user_domain_id = {domain_id}
stack_domain_admin = heat_domain_admin
stack_domain_admin_password = {domain_password}
region_name_for_services = {region}
heat_metadata_server_url = {url}
heat_waitcondition_server_url = {url}/v1/waitcondition
enable_stack_abandon = true
enable_stack_adopt = true
action_retry_limit = 0
log_file = {directory}/heat.log
[database]
connection = {database}
[paste_deploy]
api_paste_config = {paste}
[clients]
endpoint_type = publicURL
[clients_keystone]
auth_uri = {keystone}
[keystone_authtoken]
www_authenticate_uri = {keystone}
{password}
[trustee]
{password}
[oslo_policy]
policy_file = {directory}/policy.yaml
"""


@contextlib.contextmanager
def run_heat(keystone: Keystone, logs: Path) -> Iterator[str]:
    """A Heat that this Keystone's catalog tells of. Its log is left in a directory."""
    with run_postgresql(as_in_production=False) as server:
        database = server.url(server.create_database())
        with _run(keystone, logs, database) as url:
            yield url


@contextlib.contextmanager
def _run(keystone: Keystone, logs: Path, database: str) -> Iterator[str]:
    directory = Path(tempfile.mkdtemp(prefix="alcor-heat-", dir="/tmp"))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    configuration = directory / "heat.conf"
    configuration.write_text(_configuration(keystone, url, directory, database))
    (directory / "policy.yaml").write_text("{}")
    command = [str(PYTHON), "-I", str(Path(__file__).with_name("serve.py")), str(port), str(configuration)]
    with guarded(command, directory) as log:
        try:
            wait_until_up("Heat", lambda: answers(url), log)
            keystone.register("orchestration", "heat", f"{url}/v1/$(project_id)s")
            yield url
        finally:
            with (logs / "heat.log").open("wb") as kept:
                for each in (log, directory / "heat.log"):
                    kept.write(each.read_bytes() if each.exists() else b"")


def _configuration(keystone: Keystone, url: str, directory: Path, database: str) -> str:
    """As Heat's guide to its installation has it: a service user, and a domain for the users that stacks make."""
    account = keystone.add_account("heat", "service", "admin")
    for role in ("heat_stack_owner", "heat_stack_user"):
        keystone.create("roles", {"name": role})
    domain_password = secrets.token_hex(8)
    domain_id = keystone.create("domains", {"name": "heat"})["id"]
    user: dict[str, Any] = {"name": "heat_domain_admin", "domain_id": domain_id, "password": domain_password}
    keystone.grant_in_domain(domain_id, keystone.create("users", user)["id"], "admin")
    return _CONFIGURATION.format(
        encryption_key=secrets.token_hex(16),
        domain_id=domain_id,
        domain_password=domain_password,
        region=REGION,
        url=url,
        directory=directory,
        database=database,
        paste=PYTHON.parents[1] / "etc" / "heat" / "api-paste.ini",
        keystone=keystone.url,
        password=keystone.password_options(account),
    )
