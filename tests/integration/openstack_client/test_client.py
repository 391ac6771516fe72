"""The command as it is installed, and the SDK below it."""

import asyncio
import json
import os
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path

import pytest
from openstack.connection import Connection
from openstack.exceptions import ConflictException, NotFoundException, PreconditionFailedException
from openstack.network.v2.network import Network

from tests.integration.openstack_client.conftest import OpenStack

pytestmark = pytest.mark.filterwarnings("ignore:::openstack.*")  # of its own coming versions


def program() -> str:
    """The client of the environment that runs the tests."""
    found = shutil.which("openstack", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert found is not None
    return found


async def run(openstack: OpenStack, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(program(), *openstack.options, *arguments, stdout=PIPE, stderr=PIPE)
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def test_the_command_works_as_it_is_installed(openstack: OpenStack) -> None:
    created = json.loads(await run(openstack, "network", "create", "plain", "-f", "json"))
    listed, extensions = await asyncio.gather(
        run(openstack, "network", "list"), run(openstack, "extension", "list", "--network", "-f", "json")
    )
    assert created["id"] in listed
    assert "Port Security" in extensions
    openstack("network delete plain")


@pytest.fixture(scope="module")
def connection(endpoint: str) -> Iterator[Connection]:
    with Connection(auth_type="none", endpoint=endpoint) as opened:
        yield opened


@pytest.fixture
def network(connection: Connection) -> Iterator[Network]:
    created = connection.network.create_network(name="sdk")
    connection.network.create_subnet(network_id=created.id, cidr="10.0.0.0/24", ip_version=4)
    yield created
    for port in connection.network.ports(network_id=created.id):
        connection.network.delete_port(port)
    connection.network.delete_network(created)


def test_the_sdk_pages_through_ports(connection: Connection, network: Network) -> None:
    items = [{"network_id": network.id, "name": f"p{number:02}"} for number in range(25)]
    created = {port.id for port in connection.network.create_ports(items)}
    assert len(created) == 25
    for limit in (1, 4, 25, 100, None):
        paged = [port.id for port in connection.network.ports(network_id=network.id, limit=limit)]
        assert len(paged) == 25
        assert set(paged) == created
    first_page = list(connection.network.ports(network_id=network.id, limit=4, paginated=False))
    assert len(first_page) == 4
    names = [
        port.name for port in connection.network.ports(network_id=network.id, limit=7, sort_key="name", sort_dir="desc")
    ]
    assert names == [f"p{number:02}" for number in reversed(range(25))]


def test_the_sdk_knows_our_errors(connection: Connection, network: Network) -> None:
    port = connection.network.create_port(network_id=network.id)
    with pytest.raises(ConflictException, match="is in use"):
        connection.network.create_port(network_id=network.id, mac_address=port.mac_address)
    with pytest.raises(NotFoundException, match="could not be found"):
        connection.network.get_port("11111111-1111-4111-8111-111111111111")
    with pytest.raises(PreconditionFailedException, match="current revision is 1"):
        connection.network.update_port(port, if_revision=7, name="x")
    assert connection.network.update_port(port, if_revision=1, name="x").revision_number == 2
