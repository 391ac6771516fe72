"""What Kuryr does only where the network service has no tags: it finds networks and ports by their names.

With tags it forgets to write them on ports that it makes for a container of two families, which it then does not find;
and it looks for the ports of containers that expose something by a name that it has not given them.
"""

from alcor.testbed.waiting import wait_until
from tests.conformance.kuryr.site import Site, expect

_V4 = ("--subnet", "10.56.0.0/24", "--gateway", "10.56.0.1")
_V6 = ("--ipv6", "--subnet", "fd00:56::/64", "--gateway", "fd00:56::1")


def two_of_a_network_reach_each_other(site: Site) -> None:
    """As with tags."""
    with site.without_tags() as engine:
        network_id = engine.create_network("blue", *_V4)
        network = site.one("networks", name=network_id)
        expect(not network["tags"], f"with tags: {network}")
        one, other = engine.run("one", "blue"), engine.run("other", "blue")
        expect(site.port_of(one)["name"] == f"{one.endpoint_id}-port", f"another name: {site.port_of(one)}")
        expect(engine.pings("one", other.address), "the first does not reach the other")
        engine.remove("one", "other")
        engine("network", "rm", "blue")


def exposed_ports(site: Site) -> None:
    """Kuryr makes a group of them for the container's port, with as few rules as can be, and removes it."""
    with site.without_tags() as engine:
        engine.create_network("blue", *_V4)
        said = ("--expose", "8080-8082/tcp", "--expose", "53/udp", "--publish", "9090:90/tcp")
        one = engine.run("one", "blue", *said)
        port = site.port_of(one)
        group = site.one("security-groups", name=f"{port['id']}-exposed_ports")
        expect(group["id"] in port["security_groups"], f"not of {group}: {port}")
        allowed = {
            (each["protocol"], each["port_range_min"], each["port_range_max"])
            for each in group["security_group_rules"]
            if each["direction"] == "ingress"
        }
        expect(allowed == {("tcp", 8080, 8082), ("tcp", 90, 90), ("udp", 53, 53)}, f"allowed are {allowed}")
        engine.run("other", "blue")
        site.update("port", port["id"], security_groups=[group["id"]])
        for number in (90, 91, 8081):
            engine.listen("one", number)
        wait_until(lambda: not engine.hears("other", one.address, 91), "silence")
        for number in (90, 8081):
            expect(engine.hears("other", one.address, number), f"nothing is received at {number}, which is exposed")
        expect(not engine.pings("other", one.address), "it answers to what is not exposed")
        engine.remove("one", "other")
        expect(not site.all("security-groups", id=group["id"]), f"{group} is left")
        engine("network", "rm", "blue")


def two_families(site: Site) -> None:
    """A container has an address of each, of one port."""
    with site.without_tags() as engine:
        network = site.one("networks", name=engine.create_network("blue", *_V4, *_V6))
        versions = sorted(each["ip_version"] for each in site.all("subnets", network_id=network["id"]))
        expect(versions == [4, 6], f"subnets of {versions}")
        one, other = engine.run("one", "blue"), engine.run("other", "blue")
        for container in (one, other):
            expect(len(site.port_of(container)["fixed_ips"]) == len(versions), f"not of both: {container}")
        expect(engine.pings("one", other.address), "no packet of IPv4")
        expect(engine.pings("one", other.address_v6), "no packet of IPv6")
        engine.remove("one", "other")
        engine("network", "rm", "blue")
