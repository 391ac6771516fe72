"""Networks that Docker has made, with Kuryr for their driver and their IPAM."""

from tests.conformance.kuryr.site import Site, expect


def a_network_and_a_container(site: Site) -> None:
    """Of a network of Docker's come a network, a subnet and a pool; of a container, a port."""
    engine = site.engine
    network_id = engine.create_network("blue", "--subnet", "10.50.0.0/24", "--gateway", "10.50.0.1")
    network = site.network_of(network_id)
    expect(network["name"] == f"kuryr-net-{network_id[:8]}", f"unexpected name: {network}")
    subnet = site.one("subnets", network_id=network["id"])
    pool = site.one("subnetpools", name="kuryrPool-10.50.0.0/24")
    expect(subnet["cidr"] == "10.50.0.0/24" and subnet["gateway_ip"] == "10.50.0.1", f"unexpected: {subnet}")
    expect(subnet["subnetpool_id"] == pool["id"] and subnet["tags"] == [pool["id"]], f"not of {pool}: {subnet}")
    container = engine.run("one", "blue")
    port = site.port_of(container)
    expect(port["network_id"] == network["id"], f"not in {network}: {port}")
    expect(port["binding:host_id"] == engine.host.name, f"not at {engine.host.name}: {port}")
    addresses = engine.addresses("one")
    expect(addresses == {f"{container.address}/24"}, f"{container} has {addresses}")
    engine.remove("one")
    expect(not site.all("ports", device_id=container.endpoint_id), "the port outlived its container")
    engine("network", "rm", "blue")
