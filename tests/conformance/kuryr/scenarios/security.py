"""What security groups forbid and allow."""

from alcor.testbed.waiting import wait_until
from tests.conformance.kuryr.site import Site, expect

_SUBNET = ("--subnet", "10.55.0.0/24", "--gateway", "10.55.0.1")


def nothing_is_received_that_no_rule_allows(site: Site) -> None:
    """A container whose port has another group hears of nobody until there is a rule."""
    engine = site.engine
    engine.create_network("blue", *_SUBNET)
    one, other = engine.run("one", "blue"), engine.run("other", "blue")
    expect(engine.pings("other", one.address), "nothing is received by the default group")
    group = site.create("security_group", name="closed")
    site.update("port", site.port_of(one)["id"], security_groups=[group["id"]])
    wait_until(lambda: not engine.pings("other", one.address), "silence")
    expect(engine.pings("one", other.address) is False, "the default group receives from a group that is not its own")
    rule = {"direction": "ingress", "ethertype": "IPv4", "protocol": "icmp"}
    site.create("security_group_rule", security_group_id=group["id"], remote_ip_prefix=f"{other.address}/32", **rule)
    wait_until(lambda: engine.pings("other", one.address), "an answer")
    engine.remove("one", "other")
    engine("network", "rm", "blue")
    site.delete(f"security-groups/{group['id']}")


def ports_are_those_of_the_rules(site: Site) -> None:
    """TCP is received at the port that a rule names, and at no other."""
    engine = site.engine
    engine.create_network("blue", *_SUBNET)
    one = engine.run("one", "blue")
    engine.run("other", "blue")
    group = site.create("security_group", name="web")
    rule = {"direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 80, "port_range_max": 80}
    site.create("security_group_rule", security_group_id=group["id"], **rule)
    for port in (80, 81):
        engine.listen("one", port)
    expect(engine.hears("other", one.address, 81), "the default group does not receive")
    site.update("port", site.port_of(one)["id"], security_groups=[group["id"]])
    wait_until(lambda: not engine.hears("other", one.address, 81), "silence")
    expect(engine.hears("other", one.address, 80), "nothing is received at the port of the rule")
    engine.remove("one", "other")
    engine("network", "rm", "blue")
    site.delete(f"security-groups/{group['id']}")
