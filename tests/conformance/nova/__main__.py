"""``make nova``: OpenStack's compute service makes, moves and deletes servers with this network service."""

import json
import os
import subprocess
import time
from pathlib import Path

import click
import httpx

from tests.conformance import options
from tests.conformance.neutron.cloud import Cloud, run_cloud
from tests.conformance.nova.hosts import run_hosts
from tests.keystone.keystone import DOMAIN, ROOT, Account
from tests.processes import free_port

_PYTHON = ROOT / ".venv-nova" / "bin" / "python"


@options.suite
def main(regex: str, database: str, output: Path) -> None:
    """Start Keystone, a controller and two hosts, and run Nova with them."""
    started = time.monotonic()
    output.mkdir(parents=True, exist_ok=True)
    options.require(_PYTHON, "nova")
    port = free_port()
    with run_cloud(output, database, f"http://127.0.0.1:{port}/v2.1") as cloud, run_hosts(cloud) as hosts:
        command = [str(_PYTHON), "-m", "unittest", "-v", *(["-k", regex] if regex else []), "suite"]
        directory = Path(__file__).parent
        ended = subprocess.run(command, cwd=directory, env=os.environ | _environment(cloud, port, hosts), check=False)
    click.echo(f"{time.monotonic() - started:.0f} s; logs are in {output}")
    raise SystemExit(ended.returncode)


def _environment(cloud: Cloud, port: int, hosts: str) -> dict[str, str]:
    """What the suite is told: who Nova and its users are, and where they find everything."""
    keystone = cloud.keystone
    service = keystone.add_account("nova", "service", "admin")
    keystone.grant(service, "service")
    user = keystone.add_account("nina", "blue", "member")
    headers = {"X-Auth-Token": keystone.token(keystone.admin)}
    public = {"network": {"is_default": True}}
    httpx.put(f"{cloud.url}/v2.0/networks/{cloud.public_network_id}", json=public, headers=headers).raise_for_status()
    return {
        "ALCOR_NOVA_ACCOUNTS": json.dumps({"service": _password(service), "user": _password(user)}),
        "ALCOR_NOVA_HOSTS": hosts,
        "ALCOR_NOVA_KEYSTONE": keystone.url,
        "ALCOR_NOVA_PORT": str(port),
        "ALCOR_NOVA_PROJECT": keystone.project_id(user.project),
        "ALCOR_NOVA_PUBLIC": cloud.public_network_id,
        "PYTHONPATH": "",
    }


def _password(account: Account) -> dict[str, str]:
    domains = {"user_domain_name": DOMAIN, "project_domain_name": DOMAIN}
    return {"username": account.user, "password": account.password, "project_name": account.project, **domains}


if __name__ == "__main__":
    main()
