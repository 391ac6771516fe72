"""``openstack local ip``: what people type."""

from tests.integration.openstack_client.conftest import OpenStack


def test_local_ip_commands(openstack: OpenStack) -> None:
    openstack("network create town")
    openstack("subnet create town-1 --network town --subnet-range 10.0.0.0/24")
    openstack("port create server --network town --fixed-ip ip-address=10.0.0.9")
    openstack("local ip create --name dns --network town --local-ip-address 10.0.0.53 --ip-mode translate")
    assert openstack.show("local ip show dns")["local_ip_address"] == "10.0.0.53"
    openstack("local ip set dns --name resolver --description D")
    assert openstack.names("local ip list --name resolver") == ["resolver"]
    openstack("local ip association create resolver server")
    (listed,) = openstack.show("local ip association list resolver")
    assert (listed["Local IP Address"], listed["Fixed IP"]) == ("10.0.0.53", "10.0.0.9")
    assert "is still associated" in openstack.fails("local ip delete resolver")
    server = openstack.show("port show server")["id"]
    openstack(f"local ip association delete resolver {server}")
    openstack("local ip delete resolver")
    openstack("port delete server")
    openstack("network delete town")
