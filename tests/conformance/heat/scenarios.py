"""Stacks as operators have them, and what befalls them: failures, things deleted by others, new owners."""

from collections.abc import Mapping
from typing import Any

from tests.conformance.heat.client import StackFailed
from tests.conformance.heat.site import Site, Test

_NAME = "stack"


def _of(kind: str, **properties: Any) -> dict[str, Any]:
    return {"type": f"OS::Neutron::{kind}", "properties": properties}


def _ref(name: str) -> dict[str, str]:
    return {"get_resource": name}


_PUBLIC = {"get_param": "public"}
_PORTS_ADDRESS = {"get_attr": ["port", "fixed_ips", 0, "ip_address"]}

SITE: Mapping[str, Any] = {
    "net": _of("Net"),
    "subnet": _of("Subnet", network=_ref("net"), cidr="10.1.0.0/24"),
    "router": _of("Router", external_gateway_info={"network": _PUBLIC}),
    "interface": _of("RouterInterface", router=_ref("router"), subnet=_ref("subnet")),
    "web": _of(
        "SecurityGroup",
        description="web",
        stateful=True,
        rules=[{"protocol": "tcp", "port_range_min": 80, "port_range_max": 80}],
    ),
    "port": _of(
        "Port", network=_ref("net"), fixed_ips=[{"subnet": _ref("subnet")}], security_groups=[_ref("web"), "default"]
    ),
    "address": _of("FloatingIP", floating_network=_PUBLIC, port_id=_ref("port")) | {"depends_on": "interface"},
}
"""A network behind a router, and a port that is reached from outside."""

_FAILING = {"wrong": _of("Port", network=_ref("net"), fixed_ips=[{"ip_address": "192.0.2.1"}])}


def a_site_is_made_and_deleted(site: Site, project: str) -> None:
    """With what Heat knows of the order in which its parts depend on each other."""
    stacks = site.stacks(project, "member")
    stacks.create(_NAME, dict(SITE))
    stacks.check(_NAME)
    stacks.delete(_NAME)


def a_stack_that_fails_leaves_nothing(site: Site, project: str) -> None:
    """Since it is rolled back."""
    stacks = site.stacks(project, "member")
    stacks.begin_create(_NAME, {**SITE, **_FAILING}, disable_rollback=False)
    stacks.wait(_NAME, "ROLLBACK_COMPLETE")
    if left := site.left(project):
        raise StackFailed(f"the rollback left {left}")
    stacks.delete(_NAME)


def an_update_that_fails_is_undone(site: Site, project: str) -> None:
    """What it had changed before is as it was."""
    stacks = site.stacks(project, "member")
    stacks.create(_NAME, dict(SITE))
    before = stacks.resources(_NAME)
    changed = {**SITE, "net": _of("Net", name="changed"), **_FAILING}
    stacks.begin_update(_NAME, changed, disable_rollback=False)
    stacks.wait(_NAME, "ROLLBACK_COMPLETE")
    after = stacks.resources(_NAME)
    if {name: each.id for name, each in before.items()} != {name: each.id for name, each in after.items()}:
        raise StackFailed("the rollback left other resources than there were")
    if after["net"].live["name"] == "changed":
        raise StackFailed("the rollback left the network's new name")
    stacks.delete(_NAME)


def what_others_deleted_is_made_anew(site: Site, project: str) -> None:
    """When Heat is told that it is not well."""
    stacks = site.stacks(project, "member")
    stacks.create(_NAME, dict(SITE))
    address = stacks.resources(_NAME)["address"].id
    site.delete(f"/floatingips/{address}")
    stacks.mark_unhealthy(_NAME, "address")
    stacks.update(_NAME, dict(SITE))
    found = stacks.resources(_NAME)
    if found["address"].id == address or not found["address"].live["port_id"]:
        raise StackFailed("the address was not made anew")
    stacks.delete(_NAME)


def a_check_finds_what_others_deleted(site: Site, project: str) -> None:
    """Of port forwardings: others Heat does not look at."""
    stacks = site.stacks(project, "member")
    forwarding = _of(
        "FloatingIPPortForward",
        floating_ip=_ref("address"),
        protocol="tcp",
        external_port=80,
        internal_ip_address=_PORTS_ADDRESS,
        internal_port=_ref("port"),
        internal_port_number=80,
    )
    address = _of("FloatingIP", floating_network=_PUBLIC) | {"depends_on": "interface"}
    stacks.create(_NAME, {**SITE, "address": address, "forwarding": forwarding})
    made = stacks.resources(_NAME)
    stacks.check(_NAME)
    site.delete(f"/floatingips/{made['address'].id}/port_forwardings/{made['forwarding'].id}")
    stacks.begin_check(_NAME)
    stacks.wait(_NAME, "CHECK_FAILED")
    stacks.delete(_NAME)


def a_stack_is_abandoned_and_adopted(site: Site, project: str) -> None:
    """Its resources stay what they are."""
    stacks = site.stacks(project, "member")
    stacks.create(_NAME, dict(SITE))
    before = {name: each.id for name, each in stacks.resources(_NAME).items()}
    stacks.adopt("heir", stacks.abandon(_NAME))
    if before != {name: each.id for name, each in stacks.resources("heir").items()}:
        raise StackFailed("other resources were adopted than were left")
    stacks.check("heir")
    stacks.delete("heir")


def many_ports_come_and_go_at_once(site: Site, project: str) -> None:
    """As Heat makes all at once that do not depend on each other."""
    stacks = site.stacks(project, "member")
    port = _of("Port", network=_ref("net"), fixed_ips=[{"subnet": _ref("subnet")}])
    ports = {f"port_{number}": port for number in range(40)}
    network = {name: SITE[name] for name in ("net", "subnet")}
    stacks.create(_NAME, {**network, **ports})
    addresses = {each.live["fixed_ips"][0]["ip_address"] for name, each in stacks.resources(_NAME).items()
                 if name in ports}  # fmt: skip
    if len(addresses) != len(ports):
        raise StackFailed(f"{len(ports)} ports have {len(addresses)} addresses")
    stacks.update(_NAME, network)
    stacks.delete(_NAME)


TESTS: Mapping[str, Test] = {
    f"scenarios.{each.__name__}": each
    for each in (
        a_site_is_made_and_deleted,
        a_stack_that_fails_leaves_nothing,
        an_update_that_fails_is_undone,
        what_others_deleted_is_made_anew,
        a_check_finds_what_others_deleted,
        a_stack_is_abandoned_and_adopted,
        many_ports_come_and_go_at_once,
    )
}
"""All of them, by name."""
