"""Networks, subnets, pools and ports that were there before Docker was told of them."""

from alcor.testbed.sandbox import CommandFailed
from tests.conformance.kuryr.site import Failed, Shown, Site, check_port, expect, tags_of

_CIDR = "10.60.0.0/24"
_SUBNET = ("--subnet", _CIDR, "--gateway", "10.60.0.1")


def a_network_and_its_pool_by_name(site: Site) -> None:
    """Kuryr takes them, and leaves them as they were."""
    network, subnet, pool = _made(site)
    said = _both("neutron.pool.name", "its-pool")
    _used(site, network, subnet, ("--opt", "neutron.net.name=its-network", *said))
    _check_left(site, network, subnet, pool)


def a_network_and_its_pool_by_id(site: Site) -> None:
    """As by name."""
    network, subnet, pool = _made(site)
    said = _both("neutron.pool.uuid", pool["id"])
    _used(site, network, subnet, ("--opt", f"neutron.net.uuid={network['id']}", *said))
    _check_left(site, network, subnet, pool)


def a_subnet_by_name(site: Site) -> None:
    """One that is of no pool gets a pool of Kuryr's, which goes again."""
    network, subnet = _made_without_pool(site)
    said = _both("neutron.subnet.name", "its-subnet")
    _used(site, network, subnet, ("--opt", "neutron.net.name=its-network", *said))
    _check_left(site, network, subnet)


def a_subnet_by_id(site: Site) -> None:
    """As by name."""
    network, subnet = _made_without_pool(site)
    said = _both("neutron.subnet.uuid", subnet["id"])
    _used(site, network, subnet, ("--opt", f"neutron.net.uuid={network['id']}", *said))
    _check_left(site, network, subnet)


def a_subnet_is_added_to_a_network(site: Site) -> None:
    """A network without one gets one from Docker, which goes with Docker's network."""
    network = site.create("network", name="its-network")
    site.engine.create_network("blue", *_SUBNET, "--opt", "neutron.net.name=its-network")
    site.one("subnets", network_id=network["id"], cidr=_CIDR)
    site.port_of(site.engine.run("one", "blue"))
    site.engine.remove("one")
    site.engine("network", "rm", "blue")
    expect(not site.all("subnets", network_id=network["id"]), "the subnet is left")
    site.delete(f"networks/{network['id']}")


def a_port_by_its_address(site: Site) -> None:
    """A container takes the port that has its address, and leaves it to the next."""
    network, subnet = _made_without_pool(site)
    fixed_ips = [{"subnet_id": subnet["id"], "ip_address": "10.60.0.42"}]
    port = site.create("port", network_id=network["id"], name="its-port", fixed_ips=fixed_ips)
    said = _both("neutron.subnet.uuid", subnet["id"])
    engine = site.engine
    engine.create_network("blue", "--subnet", _CIDR, "--opt", "neutron.net.name=its-network", *said)
    engine.run("other", "blue")
    for name in ("one", "next"):
        container = engine.run(name, "blue", "--ip", "10.60.0.42", "--mac-address", port["mac_address"])
        taken = site.one("ports", tags=tags_of(container.endpoint_id))
        check_port(taken, container)
        expect(taken["id"] == port["id"], f"another port: {taken}")
        expect(taken["binding:host_id"] == engine.host.name, f"not at {engine.host.name}: {taken}")
        expect(engine.pings("other", "10.60.0.42"), "it does not answer")
        engine.remove(name)
        left = site.one("ports", id=port["id"])
        expect(not left["tags"] and not left["binding:host_id"], f"not left alone: {left}")
        expect(not left["device_owner"], f"still somebody's: {left}")
    engine.remove("other")
    engine("network", "rm", "blue")
    site.delete(f"ports/{port['id']}")
    _check_left(site, network, subnet)


def what_is_not_there(site: Site) -> None:
    """Docker says so, and no network comes of it."""
    for option in ("neutron.net.name=nobodys", "neutron.pool.name=nobodys"):
        try:
            site.engine.create_network("blue", *_SUBNET, "--opt", option)
        except CommandFailed as error:
            expect("does not exist" in str(error), f"another complaint: {error}")
        else:
            raise Failed(f"a network was made with {option}")


def at_two_hosts(site: Site) -> None:
    """Containers of two Docker engines are in the same network, and reach each other by tunnel."""
    network, subnet, pool = _made(site)
    said = ("--opt", "neutron.net.name=its-network", *_both("neutron.pool.name", "its-pool"))
    containers = {}
    for engine in site.engines:
        engine.create_network("blue", "--subnet", _CIDR, *said)
        containers[engine.host.name] = engine.run("one", "blue")
        port = site.port_of(containers[engine.host.name])
        expect(port["binding:host_id"] == engine.host.name, f"not at {engine.host.name}: {port}")
        expect(port["network_id"] == network["id"], f"in another network: {port}")
    first, second = site.engines
    expect(first.pings("one", containers[second.host.name].address), "no packet from the first host to the second")
    expect(second.pings("one", containers[first.host.name].address), "no packet from the second host to the first")
    for engine in site.engines:  # Kuryr forgets at the first what the second's ports are of
        engine.remove("one")
    for engine in site.engines:
        engine("network", "rm", "blue")
    _check_left(site, network, subnet, pool)


def _made(site: Site) -> tuple[Shown, Shown, Shown]:
    """A network, a subnet and its pool."""
    network = site.create("network", name="its-network")
    pool = site.create("subnetpool", name="its-pool", prefixes=[_CIDR], default_prefixlen=24)
    of_pool = {"subnetpool_id": pool["id"], "cidr": _CIDR, "ip_version": 4}
    return network, site.create("subnet", name="its-subnet", network_id=network["id"], **of_pool), pool


def _made_without_pool(site: Site) -> tuple[Shown, Shown]:
    """A network and a subnet."""
    network = site.create("network", name="its-network")
    subnet = site.create("subnet", name="its-subnet", network_id=network["id"], cidr=_CIDR, ip_version=4)
    return network, subnet


def _both(option: str, value: str) -> tuple[str, ...]:
    """An option for the driver and the IPAM: each is told of its own."""
    return "--opt", f"{option}={value}", "--ipam-opt", f"{option}={value}"


def _used(site: Site, network: Shown, subnet: Shown, said: tuple[str, ...]) -> None:
    """Docker's network, by these options, is this one; a container in it has a port in the subnet."""
    engine = site.engine
    network_id = engine.create_network("blue", "--subnet", _CIDR, *said)
    expect(site.network_of(network_id)["id"] == network["id"], "another network was made")
    expect(f"kuryr.net.existing:{network_id[:12]}" in site.network_of(network_id)["tags"], "it is not said to be ours")
    one, other = engine.run("one", "blue"), engine.run("other", "blue")
    for container in (one, other):
        (given,) = site.port_of(container)["fixed_ips"]
        expect(given["subnet_id"] == subnet["id"], f"not in {subnet}: {container}")
    expect(engine.pings("one", other.address), "the first does not reach the other")
    engine.remove("one", "other")
    engine("network", "rm", "blue")


def _check_left(site: Site, network: Shown, *others: Shown) -> None:
    """They are as before, and are deleted."""
    kinds = {"networks": network} | dict(zip(("subnets", "subnetpools"), others, strict=False))
    for collection in sorted(kinds, key=("subnets", "networks", "subnetpools").index):
        before = kinds[collection]
        now = site.one(collection, id=before["id"])
        changed = {key: (before[key], now[key]) for key in ("name", "tags") if before[key] != now[key]}
        expect(not changed, f"{collection}: changed are {changed}")
        site.delete(f"{collection}/{before['id']}")
