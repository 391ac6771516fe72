"""Network ACLs of the API, over Open vSwitch on two hosts, in a subnet and through a router, proven with packets."""

from typing import Any

import pytest

from alcor.testbed.ping import RunningPing
from alcor.testbed.waiting import wait_until
from tests.e2e.routing.site import Site
from tests.e2e.two_hosts import PROGRAMMING, lose_nothing_to_restarts

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

ECHO_REQUEST, ECHO_REPLY = 8, 0
PLACES = {"a": ("near", 0), "inside": ("near", 1), "same": ("same", 1), "other": ("other", 0)}


async def acl_of(site: Site, *subnets: str) -> Any:
    """A new ACL of these subnets, which lets nothing pass yet."""
    first = site.subnets[subnets[0]]
    chosen = {"vpc_id": first["network_id"], "associated_subnets": [site.subnets[name]["id"] for name in subnets]}
    return await site.cloud.create_alcors("network_acl", first["project_id"], **chosen)


async def add_rule(site: Site, acl: Any, number: int, direction: str, action: str = "allow", **about: Any) -> Any:
    told = {"network_acl_id": acl["id"], "number": number, "direction": direction, "action": action}
    return await site.cloud.create_alcors("network_acl_rule", acl["project_id"], **told, **about)


def keep_pinging(site: Site, *ways: tuple[str, str]) -> list[RunningPing]:
    pings = [site.workloads[source].keep_pinging(site.address(target)) for source, target in ways]
    for ping in pings:
        ping.wait_for_answers(10)
    return pings


def end(*pings: RunningPing) -> None:
    for ping in pings:
        ping.stop()


async def test_rules_count_at_the_border_of_a_subnet_and_nowhere_else(site: Site) -> None:
    await site.populate(PLACES)
    out, back, across, within = keep_pinging(site, ("a", "same"), ("same", "a"), ("other", "a"), ("inside", "a"))
    acl = await acl_of(site, "near")
    for ping in (out, back, across):
        ping.wait_for_silence()
    icmp = {"protocol": "icmp", "ip_prefix": "10.1.1.0/24"}
    await add_rule(site, acl, 10, "egress", **icmp, icmp_type=ECHO_REQUEST)
    answers = await add_rule(site, acl, 10, "ingress", **icmp, icmp_type=ECHO_REPLY)
    out.wait_for_answers(20)
    back.wait_for_silence(seconds=1.0)
    across.wait_for_silence(seconds=0.5)
    await add_rule(site, acl, 5, "ingress", "deny", protocol="icmp")
    out.wait_for_silence()
    await site.cloud.update_alcors("network_acl_rule", answers, {"number": 1})
    out.wait_for_answers(20)
    await site.cloud.delete_alcors("network_acl_rule", answers)
    out.wait_for_silence()
    await site.cloud.update_alcors("network_acl", acl, {"associated_subnets": []})
    for ping in (out, back, across):
        ping.wait_for_answers(20)
    end(out, back, across, within)
    assert within.lost() == 0, "what stays in its subnet is not judged"


@pytest.mark.parametrize("site", PROGRAMMING[1:], indirect=True)
async def test_a_default_acl_holds_for_subnets_that_have_none_and_nothing_notices_restarts(site: Site) -> None:
    await site.populate(PLACES, "a", "same")
    acl = await acl_of(site, "same")
    for direction in ("ingress", "egress"):
        await add_rule(site, acl, 100, direction)
    sender, receiver = site.workloads["a"], site.address("same")
    wait_until(lambda: sender.ping(receiver, timeout=0.5) is not None, "the hosts to be told of the rules")
    (ping,) = keep_pinging(site, ("a", "same"))
    lose_nothing_to_restarts(site.testbed, site.testbed.hosts, [ping])
    project, vpc = site.subnets["near"]["project_id"], site.subnets["near"]["network_id"]
    default = await site.cloud.create_alcors("network_acl", project, vpc_id=vpc, is_default=True)
    ping = sender.keep_pinging(receiver)
    ping.wait_for_silence()
    for direction in ("ingress", "egress"):
        await add_rule(site, default, 1, direction, protocol="icmp")
    ping.wait_for_answers(20)
    end(ping)
