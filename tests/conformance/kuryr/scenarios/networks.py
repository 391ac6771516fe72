"""Networks that Docker has made, with Kuryr for their driver and their IPAM."""

from alcor.testbed.sandbox import CommandFailed
from tests.conformance.kuryr.site import Failed, Site, expect

_SUBNET = ("--subnet", "10.50.0.0/24", "--gateway", "10.50.0.1")


def a_network_and_a_container(site: Site) -> None:
    """Of a network of Docker's come a network, a subnet and a pool; of a container, a port."""
    engine = site.engine
    network_id = engine.create_network("blue", *_SUBNET)
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


def a_network_of_the_default_pool(site: Site) -> None:
    """Where Docker says no subnet, Kuryr takes that of the pool which its configuration names."""
    engine = site.engine
    pool = site.create("subnetpool", name="kuryr", prefixes=["10.53.0.0/24"], default_prefixlen=24)
    network = site.create("network", name="its-network")
    subnet = site.create("subnet", network_id=network["id"], subnetpool_id=pool["id"], ip_version=4)
    engine.create_network("blue", "--opt", "neutron.net.name=its-network", "--opt", "neutron.pool.name=kuryr")
    (given,) = site.port_of(engine.run("one", "blue"))["fixed_ips"]
    expect(given["subnet_id"] == subnet["id"], f"not of {subnet}: {given}")
    engine.remove("one")
    engine("network", "rm", "blue")
    for path in (f"networks/{network['id']}", f"subnetpools/{pool['id']}"):
        site.delete(path)


def a_network_in_use_is_not_removed(site: Site) -> None:
    """Nothing of it goes while a container has an interface in it."""
    engine = site.engine
    network = site.network_of(engine.create_network("blue", *_SUBNET))
    engine.run("one", "blue")
    try:
        engine("network", "rm", "blue")
    except CommandFailed as error:
        expect("has active endpoints" in str(error), f"another complaint: {error}")
    else:
        raise Failed("it was removed")
    site.one("subnets", network_id=network["id"])
    engine.remove("one")
    engine("network", "rm", "blue")


def a_shared_network(site: Site) -> None:
    """Networks and pools are for all projects where that is said."""
    engine = site.engine
    said = ("--opt", "neutron.net.shared=true", "--ipam-opt", "neutron.net.shared=true")
    network = site.network_of(engine.create_network("blue", *_SUBNET, *said))
    pool = site.one("subnetpools", name="kuryrPool-10.50.0.0/24")
    expect(network["shared"] and pool["shared"], f"not for all: {network}, {pool}")
    engine("network", "rm", "blue")


def two_networks_with_the_same_addresses(site: Site) -> None:
    """Each takes them of a pool of its own, and no packet goes from one to the other."""
    engine = site.engine
    containers = []
    for colour in ("blue", "green"):
        site.create("subnetpool", name=colour, prefixes=["10.54.0.0/24"], default_prefixlen=24)
        said = ("--opt", f"neutron.pool.name={colour}", "--ipam-opt", f"neutron.pool.name={colour}")
        engine.create_network(colour, "--subnet", "10.54.0.0/24", "--gateway", "10.54.0.1", *said)
        site.port_of(engine.run(f"{colour}-one", colour, "--ip", "10.54.0.10"))
        containers.append(engine.run(f"{colour}-other", colour))
        expect(engine.pings(f"{colour}-other", "10.54.0.10"), f"nobody answers in {colour}")
    engine.remove("blue-one")
    expect(not engine.pings("blue-other", "10.54.0.10"), "somebody answers in another network")
    expect(engine.pings("green-other", "10.54.0.10"), "nobody answers any more in green")
    engine.remove("blue-other", "green-one", "green-other")
    engine("network", "rm", "blue", "green")
    for colour in ("blue", "green"):  # Kuryr leaves those that were there before it
        pool = site.one("subnetpools", name=colour)
        expect(not pool["tags"], f"tags are left on {pool}")
        site.delete(f"subnetpools/{pool['id']}")
