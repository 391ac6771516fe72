"""Port forwardings: ports of a floating IP that lead to ports behind a router."""

from typing import Any

import pytest

from tests.integration.api.neutron.requests import Neutron, refusal
from tests.integration.api.neutron.test_routers import Body, make, site

__all__ = ["site"]


class Forwarding:
    """What is asked of the port forwardings of one floating IP."""

    def __init__(self, neutron: Neutron, floating_id: str) -> None:
        self.http = neutron.http
        self.floating = f"/v2.0/floatingips/{floating_id}"

    async def ask(self, method: str, path: str = "", **values: Any) -> Any:
        """The answer, which must not be a refusal."""
        body = {"port_forwarding": values} if values else None
        answer = await self.http.request(method, f"{self.floating}/port_forwardings{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str = "", **values: Any) -> tuple[int, str]:
        """The status and the message of a refusal."""
        body = {"port_forwarding": values}
        answer = await self.http.request(method, f"{self.floating}/port_forwardings{path}", json=body)
        status, _, message = refusal(answer)
        return status, message

    async def shown(self) -> Body:
        """The floating IP."""
        found: Body = (await self.http.get(self.floating)).json()["floatingip"]
        return found


@pytest.fixture
async def forwarding(neutron: Neutron, site: dict[str, Body]) -> Forwarding:
    floating = await make(neutron, "floatingip", floating_network_id=site["outside"]["id"])
    return Forwarding(neutron, floating["id"])


def to(port: Body, inside: int, outside: int, protocol: str = "tcp") -> dict[str, Any]:
    return {
        "internal_port_id": port["id"],
        "internal_port": inside,
        "external_port": outside,
        "protocol": protocol,
    }


async def test_a_forwarding_is_shown_with_its_floating_ip_until_it_goes(
    forwarding: Forwarding, site: dict[str, Body]
) -> None:
    made = (await forwarding.ask("POST", **to(site["port"], 80, 8080), description="web"))["port_forwarding"]
    inside = site["port"]["fixed_ips"][0]["ip_address"]
    assert made == {
        "id": made["id"],
        "internal_port_id": site["port"]["id"],
        "internal_ip_address": inside,
        "internal_port": 80,
        "internal_port_range": "80:80",
        "external_port": 8080,
        "external_port_range": "8080:8080",
        "protocol": "tcp",
        "description": "web",
    }
    assert (await forwarding.ask("GET"))["port_forwardings"] == [made]
    whole = await forwarding.shown()
    short = ("id", "protocol", "internal_port_id", "internal_ip_address", "internal_port", "external_port")
    assert whole["port_forwardings"] == [{name: made[name] for name in short}]
    assert (whole["router_id"], whole["status"], whole["port_id"]) == (site["router"]["id"], "ACTIVE", None)
    await forwarding.ask("DELETE", f"/{made['id']}")
    whole = await forwarding.shown()
    assert (whole["port_forwardings"], whole["router_id"], whole["status"]) == ([], None, "DOWN")


async def test_ranges_lead_to_as_many_ports_or_to_one(forwarding: Forwarding, site: dict[str, Body]) -> None:
    port = {"internal_port_id": site["port"]["id"], "protocol": "udp"}
    made = await forwarding.ask("POST", **port, internal_port_range="100:109", external_port_range="200:209")
    assert made["port_forwarding"]["internal_port"] is None
    await forwarding.ask("POST", **port, internal_port=50, external_port_range="300:309")
    for inside, outside in (("110:119", "400:400"), ("110:119", "400:410")):
        wanted = port | {"internal_port_range": inside, "external_port_range": outside}
        assert "N-N or 1-N" in (await forwarding.refused("POST", **wanted))[1]
    for wrong in ("0:5", "5:4", "x", "1:70000", "1:2:3", "", None):
        wanted = port | {"internal_port_range": wrong, "external_port": 9}
        assert (await forwarding.refused("POST", **wanted))[0] == 400, wrong
    wanted = port | {"internal_port": 5, "internal_port_range": "6:6", "external_port": 9}
    assert "do not match" in (await forwarding.refused("POST", **wanted))[1]


async def test_no_port_on_either_side_is_forwarded_twice(
    neutron: Neutron, forwarding: Forwarding, site: dict[str, Body]
) -> None:
    other = await make(neutron, "port", network_id=site["inside"]["id"])
    await forwarding.ask("POST", **to(site["port"], 80, 8080))
    assert "external_port_range" in (await forwarding.refused("POST", **to(other, 81, 8080)))[1]
    assert "internal_port_range" in (await forwarding.refused("POST", **to(site["port"], 80, 8081)))[1]
    await forwarding.ask("POST", **to(site["port"], 80, 8080, "udp"))
    second = (await forwarding.ask("POST", **to(other, 80, 8081)))["port_forwarding"]
    path = f"/{second['id']}"
    assert "external_port_range" in (await forwarding.refused("PUT", path, external_port_range="8079:8085"))[1]
    changed = await forwarding.ask("PUT", path, external_port=9000, description="moved")
    assert changed["port_forwarding"]["external_port_range"] == "9000:9000"
    assert (await forwarding.refused("PUT", path, internal_port_id=site["port"]["id"]))[0] == 400
    third = await make(neutron, "port", network_id=site["inside"]["id"])
    moved = (await forwarding.ask("PUT", path, internal_port_id=third["id"]))["port_forwarding"]
    assert moved["internal_ip_address"] == third["fixed_ips"][0]["ip_address"]


async def test_a_floating_ip_is_forwarded_by_ports_or_as_a_whole(
    neutron: Neutron, forwarding: Forwarding, site: dict[str, Body]
) -> None:
    other = await make(neutron, "port", network_id=site["inside"]["id"])
    whole = await make(neutron, "floatingip", floating_network_id=site["outside"]["id"], port_id=other["id"])
    assert (await Forwarding(neutron, whole["id"]).refused("POST", **to(site["port"], 1, 2)))[0] == 409
    assert (await forwarding.refused("POST", **to(other, 1, 2)))[0] == 409
    await forwarding.ask("POST", **to(site["port"], 1, 2))
    associated = await forwarding.http.put(forwarding.floating, json={"floatingip": {"port_id": site["port"]["id"]}})
    assert refusal(associated)[:2] == (409, "FipInUseByPortForwarding")
    assert refusal(await forwarding.http.delete(forwarding.floating))[:2] == (409, "FipInUseByPortForwarding")


async def test_what_a_forwarding_leads_through_stays(
    neutron: Neutron, forwarding: Forwarding, site: dict[str, Body]
) -> None:
    await forwarding.ask("POST", **to(site["port"], 1, 2))
    router = f"/v2.0/routers/{site['router']['id']}"
    without = await neutron.http.put(router, json={"router": {"external_gateway_info": None}})
    assert refusal(without)[0] == 409
    path, body = f"{router}/remove_router_interface", {"subnet_id": site["subnet"]["id"]}
    assert refusal(await neutron.http.put(path, json=body))[:2] == (409, "RouterInterfaceInUseByFloatingIP")
    assert refusal(await neutron.http.delete(f"/v2.0/networks/{site['outside']['id']}"))[0] == 409


async def test_forwardings_go_with_the_addresses_they_lead_to(
    neutron: Neutron, forwarding: Forwarding, site: dict[str, Body]
) -> None:
    await forwarding.ask("POST", **to(site["port"], 1, 2))
    elsewhere = [{"subnet_id": site["subnet"]["id"], "ip_address": "10.0.0.200"}]
    await neutron.update("port", site["port"]["id"], fixed_ips=elsewhere)
    assert (await forwarding.shown())["port_forwardings"] == []
    await forwarding.ask("POST", **to(site["port"], 1, 2))
    await neutron.delete("port", site["port"]["id"])
    whole = await forwarding.shown()
    assert (whole["port_forwardings"], whole["router_id"]) == ([], None)


async def test_what_no_router_reaches_is_not_forwarded_to(
    neutron: Neutron, forwarding: Forwarding, site: dict[str, Body]
) -> None:
    alone = await make(neutron, "network")
    bare = await make(neutron, "port", network_id=alone["id"])
    assert "an IPv4 address at least" in (await forwarding.refused("POST", **to(bare, 1, 2)))[1]
    await make(neutron, "subnet", network_id=alone["id"], cidr="10.9.0.0/24")
    port = await make(neutron, "port", network_id=alone["id"])
    assert "not reachable" in (await forwarding.refused("POST", **to(port, 1, 2)))[1]
    missing = to(site["port"], 1, 2) | {"internal_port_id": site["router"]["id"]}
    assert (await forwarding.refused("POST", **missing))[0] == 404
    wrong = to(site["port"], 1, 2) | {"internal_ip_address": "10.0.0.77"}
    assert "not suitable" in (await forwarding.refused("POST", **wrong))[1]
