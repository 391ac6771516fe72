"""What the suites are pointed at: Keystone, a controller, and what an operator sets up first."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.conformance.neutron.compute import run_compute
from tests.databases import run_database
from tests.keystone.keystone import Keystone, run_keystone
from tests.processes import answers, free_port, guarded, wait_until_up

HOSTS = {"host-1": "198.18.0.1", "host-2": "198.18.0.2"}
"""The nodes and their VTEP addresses, which are those of a testbed's first hosts."""
PUBLIC = "public"
"""The name of the external network."""
_PUBLIC_SUBNETS = (
    {
        "name": "public-subnet",
        "ip_version": 4,
        "cidr": "172.24.4.0/24",
        "gateway_ip": "172.24.4.1",
        "enable_dhcp": False,
    },
    {"ip_version": 6, "cidr": "2001:db8:ffff::/64", "gateway_ip": "2001:db8:ffff::2", "enable_dhcp": False},
)
_DEFAULT_POOLS = (
    {"name": "shared-default-v4", "prefixes": ["10.0.0.0/16"], "default_prefixlen": 26},
    {"name": "shared-default-v6", "prefixes": ["fd00:db8::/56"], "default_prefixlen": 64},
)


class Cloud(msgspec.Struct, frozen=True):
    """A controller and its Keystone, as the suites need to know them."""

    keystone: Keystone
    url: str
    southbound: str  # where control agents connect
    extensions: tuple[str, ...]
    public_network_id: str


@contextlib.contextmanager
def run_cloud(logs: Path, database: str = "sqlite", compute_url: str = "") -> Iterator[Cloud]:
    """Keystone and a controller on a database of some kind, with an external network and two nodes with hypervisors.

    The compute service is one that tells of these alone, unless there will be another. Logs are left in a directory.
    """
    with (
        run_keystone() as keystone,
        run_database(database) as database_url,
        run_controller(keystone, logs, database_url) as (url, southbound),
        run_compute(tuple(HOSTS)) as compute,
    ):
        keystone.register("network", "neutron", url)
        keystone.register("compute", "nova", compute_url or compute)
        headers = {"X-Auth-Token": keystone.token(keystone.admin)}
        with httpx.Client(base_url=f"{url}/v2.0", headers=headers, timeout=60) as client:
            listed = client.get("/extensions").raise_for_status().json()["extensions"]
            extensions = tuple(sorted(extension["alias"] for extension in listed))
            external_network = _set_up(client, extensions)
            for host, address in HOSTS.items():
                node = {"node_id": host, "local_ip": address}
                httpx.post(f"{url}/nodes", json={"host_info": node}, headers=headers, timeout=60).raise_for_status()
            yield Cloud(keystone, url, southbound, extensions, external_network)


@contextlib.contextmanager
def run_controller(keystone: Keystone, logs: Path, database_url: str = "") -> Iterator[tuple[str, str]]:
    """A controller that asks Keystone who its callers are: where its API is, and where agents connect.

    Without the URL of a database it has a file. Its log is left in a directory.
    """
    directory = Path(tempfile.mkdtemp(prefix="alcor-conformance-", dir="/tmp"))
    address, southbound = f"127.0.0.1:{free_port()}", f"unix:{directory}/southbound"
    command = [sys.executable, "-m", "alcor", "controller", "--listen", address]
    command += ["--southbound", southbound, "--data-directory", str(directory), "--database", database_url]
    account = keystone.add_account("alcor", "service", "admin")
    command += ["--auth", "keystone", "--keystone-url", keystone.url]
    command += ["--quota", "router=100"]  # one class of the suites makes more than the 10 of the default
    with guarded(command, directory, environment=os.environ | {"ALCOR_KEYSTONE_PASSWORD": account.password}) as log:
        try:
            wait_until_up("the controller", lambda: answers(f"http://{address}/readyz"), log)
            yield f"http://{address}", southbound
        finally:
            shutil.copy(log, logs / "controller.log")


def _set_up(client: httpx.Client, extensions: tuple[str, ...]) -> str:
    """What the suites take for granted. Returns the id of the external network."""
    network = _create(client, "network", {"name": PUBLIC, "router:external": True})
    for subnet in _PUBLIC_SUBNETS:
        _create(client, "subnet", {**subnet, "network_id": network["id"]})
    if "default-subnetpools" in extensions:
        for pool in _DEFAULT_POOLS:
            _create(client, "subnetpool", {**pool, "shared": True, "is_default": True})
    return str(network["id"])


def _create(client: httpx.Client, resource: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"/{resource}s", json={resource: body})
    if answer.status_code != 201:
        raise RuntimeError(f"cannot set up the {resource} {body}: {answer.text}")
    created: dict[str, Any] = answer.json()[resource]
    return created
