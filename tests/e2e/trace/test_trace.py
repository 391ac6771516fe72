"""What a trace says of a packet, packets do, and the data plane says, too: over Open vSwitch, allowed and denied."""

import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from alcor.cli.live_trace import at_receiver, at_sender
from alcor.model.resources.port_trace import PORT_TRACE
from alcor.testbed.waiting import wait_until
from alcor.trace.question import asked_packet
from alcor.trace.wire import ip_packet
from tests.e2e.routing.site import Site, create_site
from tests.e2e.two_hosts import two_hosts

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

PLACES = {"a": ("near", 0), "here": ("near", 0), "there": ("near", 1), "other": ("other", 1)}
HTTP, SSH = 8000, 22


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with two_hosts(()) as (testbed, cloud):
        site = await create_site(testbed, cloud)
        for name, place in PLACES.items():
            await site.add(name, *place)
        site.testbed.wait_steady()
        yield site


def connects(site: Site, sender: str, address: str, port: int) -> bool:
    """Whether a TCP connection comes about; a server that is reached and refuses it answers, too."""

    def connect() -> bool:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        return True

    return site.workloads[sender].namespace.inside(connect)


async def agree(site: Site, sender: str, address: str, passes: bool, port: int | None = None) -> Any:
    """Assert that a trace says so, and that packets do so; the steps that stop the packet in the trace."""
    asked: dict[str, Any] = {"to": address} if port is None else {"to": address, "protocol": "tcp", "port": port}
    trace = await site.cloud.trace(site.ports[sender]["id"], asked)
    assert (trace["verdict"] == "passes") is passes, trace

    def packets_do() -> bool:
        if port is None:
            return (site.workloads[sender].ping(address, timeout=1) is not None) is passes
        return connects(site, sender, address, port) is passes

    def data_plane_does() -> bool:
        packet = asked_packet(PORT_TRACE.check_create({**asked, "from": trace["from"]}))
        fate = site.workloads[sender].host.trace(site.ports[sender]["id"], ip_packet(packet))
        if not fate or at_sender(trace["steps"], fate).agree is False:
            return False
        if fate["outcome"] != "tunnelled":
            return True
        arriving = site.host(1).trace_arriving(fate["vni"], fate["frame"])
        return bool(arriving) and at_receiver(trace["steps"], arriving).agree is not False

    wait_until(packets_do, f"what {sender} sends to {address} to be as traced: {trace}")
    wait_until(data_plane_does, f"the data planes to say the same of it: {trace}")
    return [each for each in trace["steps"] if each["verdict"] == "stops"]


async def group(site: Site, name: str, port: str, stateful: bool, **rule: Any) -> Any:
    """Put a port in a new group alone, which lets in what one rule says, and lets out nothing where it is stateless."""
    made = await site.cloud.create("security_group", name=name, stateful=stateful)
    if not stateful:
        for each in made["security_group_rules"]:
            await site.cloud.delete("security_group_rule", each["id"])
    usual = {"security_group_id": made["id"], "direction": "ingress", "ethertype": "IPv4"}
    await site.cloud.create("security_group_rule", **usual | rule)
    await site.cloud.update("port", site.ports[port]["id"], {"security_groups": [made["id"]]})
    return made


async def test_packets_do_what_a_trace_says(site: Site) -> None:
    here, there, other = (site.address(name) for name in ("here", "there", "other"))
    for address in (here, there, other):
        assert await agree(site, "a", address, passes=True) == []
        assert await agree(site, "a", address, passes=True, port=HTTP) == []
    assert (await agree(site, "a", "10.1.0.200", passes=False))[0]["step"] == "receiver"
    assert (await agree(site, "a", "192.0.2.1", passes=False))[0]["step"] == "route"
    for gateway in ("10.1.0.1", "10.2.0.1"):
        assert await agree(site, "a", gateway, passes=True) == []

    tcp = {"protocol": "tcp", "port_range_min": HTTP, "port_range_max": HTTP}
    web = await group(site, "web", "other", stateful=True, **tcp, remote_ip_prefix="10.1.0.0/24")
    await agree(site, "a", other, passes=True, port=HTTP)
    for port in (None, SSH):
        (stops,) = await agree(site, "a", other, passes=False, port=port)
        assert (stops["step"], stops["resource"]["id"]) == ("security groups of receiver", web["id"])

    await group(site, "stateless", "there", stateful=False, **tcp)
    (stops,) = await agree(site, "a", there, passes=False, port=HTTP)
    assert (stops["way"], stops["step"]) == ("back", "security groups of sender")

    subnet = site.subnets["other"]
    chosen = {"vpc_id": subnet["network_id"], "associated_subnets": [subnet["id"]]}
    acl = await site.cloud.create_alcors("network_acl", subnet["project_id"], **chosen)
    for direction, way, step in (
        ("ingress", "there", "network ACL of receiver's subnet"),
        ("egress", "back", "network ACL of sender's subnet"),
    ):
        (stops,) = await agree(site, "a", other, passes=False, port=HTTP)
        assert (stops["way"], stops["step"], stops["resource"]["id"]) == (way, step, acl["id"])
        rule = {"network_acl_id": acl["id"], "number": 1, "direction": direction, "action": "allow", "protocol": "tcp"}
        await site.cloud.create_alcors("network_acl_rule", subnet["project_id"], **rule)
    await agree(site, "a", other, passes=True, port=HTTP)

    await site.detach("other")
    assert (await agree(site, "a", other, passes=False, port=HTTP))[0]["step"] == "route"

    near, far = site.host(0), site.host(1)
    command = ["trace", site.ports["a"]["id"], "--to", there, "--proto", "udp", "--port", "53"]
    command += ["--live", "--config", near.config, "--receiver-config", far.config]
    command += ["--controller", f"unix:/run/{site.testbed.controller.name}/api"]
    page = near.namespace.run(sys.executable, "-m", "alcor", *command, check=False).splitlines()
    agreed = "That is what the controller says."
    assert page[-4].startswith(f"The data plane of the sender's host sends it to the tunnel end point {far.vtep_ip} ")
    assert page[-2].startswith("The data plane of the receiver's host drops it (")
    assert [page[-5], page[-3], page[-1]] == ["It does not pass.", agreed, agreed], page
