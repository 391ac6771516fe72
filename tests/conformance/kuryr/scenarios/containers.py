"""Containers in networks of Docker's: their addresses, packets between them, and their coming and going."""

from tests.conformance.kuryr.site import Site, expect, expect_both_ways

_SUBNET = ("--subnet", "10.51.0.0/24", "--gateway", "10.51.0.1")


def two_of_a_network_reach_each_other(site: Site) -> None:
    """Both belong to the project's default group, whose members may speak."""
    engine = site.engine
    engine.create_network("blue", *_SUBNET)
    one, other = engine.run("one", "blue"), engine.run("other", "blue")
    expect_both_ways(engine, one, other)
    engine.remove("one", "other")
    engine("network", "rm", "blue")


def the_interface_is_as_the_network_says(site: Site) -> None:
    """Its MTU, default route and further routes are those of the network and its subnet."""
    engine = site.engine
    network = site.network_of(engine.create_network("blue", *_SUBNET))
    subnet = site.one("subnets", network_id=network["id"])
    routes = [{"destination": "192.0.2.0/24", "nexthop": "10.51.0.9"}]
    site.update("subnet", subnet["id"], host_routes=routes)
    engine.run("one", "blue")
    shown = engine("exec", "one", "/bin/ip", "route")
    expect("default via 10.51.0.1 dev eth0" in shown, f"another default route: {shown}")
    expect("192.0.2.0/24 via 10.51.0.9 dev eth0" in shown, f"no route of the subnet's: {shown}")
    link = engine("exec", "one", "/bin/ip", "link", "show", "eth0")
    expect(f"mtu {network['mtu']} " in link, f"not the MTU of {network}: {link}")
    engine.remove("one")
    engine("network", "rm", "blue")


def one_has_the_address_of_choice(site: Site) -> None:
    """The port has the IP and MAC addresses that were said when the container was made."""
    engine = site.engine
    engine.create_network("blue", *_SUBNET)
    said = ("--ip", "10.51.0.77", "--mac-address", "02:42:00:00:00:77")
    container = engine.run("one", "blue", *said)
    site.port_of(container)
    expect(container.address == "10.51.0.77", f"another address: {container}")
    expect(container.mac_address == "02:42:00:00:00:77", f"another MAC address: {container}")
    other = engine.run("other", "blue")
    expect(engine.pings("other", "10.51.0.77"), f"the other, {other}, does not reach it")
    engine.remove("one", "other")
    engine("network", "rm", "blue")


def one_is_disconnected_and_connected(site: Site) -> None:
    """Its port goes with the interface, and another one comes."""
    engine = site.engine
    engine.create_network("blue", *_SUBNET)
    one, other = engine.run("one", "blue"), engine.run("other", "blue")
    before = site.port_of(one)
    engine("network", "disconnect", "blue", "one")
    expect(not site.all("ports", id=before["id"]), "the port outlived the interface")
    expect(not engine.pings("other", one.address), "it answers though it is disconnected")
    again = engine.connect("one", "blue")
    site.port_of(again)
    expect_both_ways(engine, again, other)
    engine.remove("one", "other")
    engine("network", "rm", "blue")


def one_is_in_two_networks(site: Site) -> None:
    """It reaches those of both, and they do not reach each other."""
    engine = site.engine
    engine.create_network("blue", *_SUBNET)
    engine.create_network("green", "--subnet", "10.52.0.0/24", "--gateway", "10.52.0.1")
    blue, green = engine.run("one", "blue"), engine.run("other", "green")
    engine.run("both", "blue")
    site.port_of(engine.connect("both", "green"))
    expect(engine.pings("both", blue.address), "it does not reach the one in its first network")
    expect(engine.pings("both", green.address), "it does not reach the one in its second network")
    expect(not engine.pings("one", green.address), "a packet went from one network to the other")
    engine("network", "disconnect", "green", "both")
    expect(not engine.pings("both", green.address), "it reaches the network that it is no longer in")
    engine.remove("one", "other", "both")
    engine("network", "rm", "blue", "green")


def one_is_stopped_and_started(site: Site) -> None:
    """A port lives as long as its container runs."""
    engine = site.engine
    engine.create_network("blue", *_SUBNET)
    one, other = engine.run("one", "blue"), engine.run("other", "blue")
    port = site.port_of(one)
    engine("stop", "--time", "0", "one")
    expect(not site.all("ports", id=port["id"]), "the port outlived the running container")
    engine("start", "one")
    site.port_of(engine.container("one", "blue"))
    expect(engine.pings("one", other.address), "it does not reach the other after it was started again")
    engine.remove("one", "other")
    engine("network", "rm", "blue")


def many_at_once(site: Site) -> None:
    """Ten are started side by side, each with an address of its own."""
    engine = site.engine
    engine.create_network("blue", *_SUBNET)
    names = [f"number-{number}" for number in range(10)]
    containers = engine.run_many(names, "blue")
    addresses = {site.port_of(each)["fixed_ips"][0]["ip_address"] for each in containers}
    expect(len(addresses) == len(names), f"not as many addresses: {addresses}")
    for each in containers[1:]:
        expect(engine.pings(names[0], each.address), f"{each} is not reached")
    engine.remove(*names)
    engine("network", "rm", "blue")
