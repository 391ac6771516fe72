"""``openstack network trunk``, and Nova's requests about bindings through the SDK."""

from collections.abc import Iterator

import httpx
import pytest
from openstack.connection import Connection
from openstack.exceptions import ConflictException

from tests.integration.openstack_client.conftest import OpenStack

pytestmark = pytest.mark.filterwarnings("ignore:::openstack.*")  # of its own coming versions


@pytest.fixture(autouse=True)
def ports(openstack: OpenStack, endpoint: str) -> Iterator[None]:
    for number in (1, 2):
        node = {"host_info": {"node_id": f"rack-{number}", "local_ip": f"192.0.2.10{number}"}}
        assert httpx.post(f"{endpoint}/nodes", json=node).status_code in (201, 409)
    openstack("network create forest")
    for name in ("trunk-port", "twig", "leaf"):
        openstack(f"port create {name} --network forest --no-fixed-ip")
    yield
    openstack("port delete trunk-port twig leaf")
    openstack("network delete forest")


def test_a_trunk_is_made_changed_and_deleted(openstack: OpenStack) -> None:
    openstack(
        "network trunk create oak --parent-port trunk-port --description d "
        "--subport port=twig,segmentation-type=vlan,segmentation-id=7"
    )
    openstack("network trunk set oak --name elm --subport port=leaf,segmentation-type=vlan,segmentation-id=8")
    shown = openstack.show("network trunk show elm")
    assert (shown["name"], shown["description"]) == ("elm", "d")
    assert [each["segmentation_id"] for each in shown["sub_ports"]] == [7, 8]
    details = openstack.show("port show trunk-port")["trunk_details"]
    assert [each["segmentation_id"] for each in details["sub_ports"]] == [7, 8]
    openstack("network trunk unset elm --subport twig")
    listed = openstack.show("network subport list --trunk elm")
    assert [each["Segmentation ID"] for each in listed] == [8]
    assert [each["Name"] for each in openstack.show("network trunk list")] == ["elm"]
    openstack("network trunk delete elm")


def test_nova_migrates_a_server(openstack: OpenStack, endpoint: str) -> None:
    openstack("port set twig --device-owner compute:nova --host rack-1")
    with Connection(auth_type="none", endpoint=endpoint) as connection:
        port = connection.network.find_port("twig")
        connection.network.create_port_binding(port, host="rack-2")
        with pytest.raises(ConflictException):
            connection.network.create_port_binding(port, host="rack-2")
        connection.network.activate_port_binding(port, host="rack-2")
        connection.network.delete_port_binding(port, host="rack-1")
        bindings = list(connection.network.port_bindings(port))
        assert [(each.host, each.status) for each in bindings] == [("rack-2", "ACTIVE")]
        assert connection.network.get_port(port).binding_host_id == "rack-2"
    openstack("port unset twig --host")
