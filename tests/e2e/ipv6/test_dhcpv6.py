"""A real DHCPv6 client is given by the agent what the API says, and nothing it sends does any harm."""

import random
import socket

import pytest

from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import INTERFACE
from tests.conformance.driver import packets
from tests.e2e.ipv6.dhcp_client import DhcpClient
from tests.e2e.ipv6.site import Site, attached_router, made, wait_settled

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

DNS_SERVERS = ["2001:db8:53::53", "2001:db8:53::54"]
STATEFUL = {"ipv6_ra_mode": "dhcpv6-stateful", "ipv6_address_mode": "dhcpv6-stateful"}
STATELESS = {"ipv6_ra_mode": "dhcpv6-stateless", "ipv6_address_mode": "dhcpv6-stateless"}


@pytest.mark.parametrize("configuration", ["conf", "rapid"], ids=["in four messages", "in two"])
async def test_a_client_is_given_its_address_and_speaks(site: Site, configuration: str) -> None:
    subnet = await site.add_subnet(**STATEFUL, dns_nameservers=DNS_SERVERS)
    await attached_router(site, subnet["id"])
    for name, host in (("a", 0), ("b", 1)):
        workload = await site.plug(name, host)
        wait_settled(workload)
        told = DhcpClient(workload).run(configuration=configuration)
        assert (told["reason"], told["address"]) == ("BOUND6", site.address(name))
        assert told["name_servers"].split() == DNS_SERVERS
        assert told["lifetime"] == "86400"
        wait_settled(workload)
        assert made(workload) == {site.address(name)}
    site.testbed.wait_steady()
    assert site.workloads["a"].ping(site.address("b")) is not None


async def test_a_client_goes_on_with_its_address_and_gives_it_back(site: Site) -> None:
    await site.add_subnet()
    workload = await site.plug("a", 0)
    wait_settled(workload)
    client = DhcpClient(workload)
    assert client.run()["address"] == site.address("a")
    client.run("-x")
    again = client.run()
    assert (again["reason"], again["address"]) in {(reason, site.address("a")) for reason in ("BOUND6", "REBIND6")}
    assert client.run("-r")["reason"] == "RELEASE6"
    assert made(workload) == set()


async def test_in_a_stateless_subnet_addresses_are_made_and_the_rest_is_asked_for(site: Site) -> None:
    subnet = await site.add_subnet(**STATELESS, dns_nameservers=DNS_SERVERS)
    await attached_router(site, subnet["id"])
    workload = await site.plug("a", 0)
    wait_until(lambda: made(workload) == {site.address("a")}, "the address")
    wait_settled(workload)
    assert DhcpClient(workload).run("-S")["name_servers"].split() == DNS_SERVERS


async def test_a_dual_stack_port_has_an_address_of_each_kind(site: Site) -> None:
    six = await site.add_subnet(**STATEFUL)
    four = await site.add_subnet(4, "10.6.0.0/24")
    await attached_router(site, six["id"])
    both = [{"subnet_id": four["id"]}, {"subnet_id": six["id"]}]
    for name, host in (("a", 0), ("b", 1)):
        workload = await site.plug(name, host, fixed_ips=both)
        wait_settled(workload)
        assert workload.request_lease().address == site.address(name, 4)
        assert DhcpClient(workload).run()["address"] == site.address(name)
        wait_settled(workload)
    site.testbed.wait_steady()
    for version in (4, 6):
        assert site.workloads["a"].ping(site.address("b", version)) is not None


async def test_garbage_stops_nothing(site: Site) -> None:
    await site.add_subnet()
    workload = await site.plug("a", 0)
    wait_settled(workload)
    mac = int(site.ports["a"]["mac_address"].replace(":", ""), 16)
    source, group = packets.link_local(mac), bytes.fromhex("ff020000000000000000000000010002")
    chance = random.Random(6)
    raw = workload.namespace.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    raw.bind((INTERFACE, 0))
    with raw:
        for _ in range(300):
            noise = chance.randbytes(chance.randrange(1200))
            payload = chance.choice(
                (
                    packets.ipv6(source, group, 17, packets.udp_payload(546, 547, noise)),
                    packets.ipv6(source, group, 17, packets.udp_payload(546, 547, bytes((1, 0, 0, 0)) + noise)),
                    packets.icmpv6(source, group, chance.choice((133, 135)), noise),
                    packets.ipv6(source, group, chance.choice((0, 43, 44, 60)), noise),
                )
            )
            raw.send(packets.ethernet(packets.group_mac(group), mac, 0x86DD, payload))
    other = await site.plug("b", 0)
    wait_settled(other)
    assert DhcpClient(other).run()["address"] == site.address("b")
