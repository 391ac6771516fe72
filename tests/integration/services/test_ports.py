"""Ports: their addresses and MACs, what changes with an update, what hosts are told, and when they are DOWN."""

from typing import Any

import pytest

from alcor.model.addresses import ip_bytes
from alcor.model.identifiers import id_bytes, new_id
from alcor.model.records import PortDeleted, PortRecord
from alcor.services.hosts import host_session
from alcor.services.hosts.host_session import HostSession
from alcor.services.manager import Create
from alcor.services.ports.port import PORTS
from alcor.services.ports.port_status import ACTIVE, DOWN, PortStatus, set_statuses
from alcor.services.rows import View
from alcor.store import change_log
from alcor.store.transaction import Transaction
from tests.integration.services import accounts
from tests.integration.services.cloud import Cloud, addresses, recorded, refusal

HOST = "binding:host_id"


def some(first: str, last: str) -> list[dict[str, str]]:
    return [{"start": first, "end": last}]


def at(address: str) -> list[dict[str, str]]:
    return [{"ip_address": address}]


SESSION = b"latest".ljust(16)


def status(port: View, says: str, revision: int = 0) -> PortStatus:
    """What the host of a port says of it."""
    return PortStatus(port["id"], port[HOST], SESSION, says, revision)


async def report(cloud: Cloud, said: PortStatus, session: bytes = SESSION) -> None:
    """The host's word is written, while this is its latest session."""

    def operation(transaction: Transaction) -> None:
        host_session.claim(transaction, "c1", [HostSession(said.host_id, session)])
        set_statuses(transaction, [said])

    await cloud.store.write(operation)


async def make_active(cloud: Cloud, port: View) -> None:
    await report(cloud, status(port, ACTIVE, await cloud.store.read(change_log.head)))
    assert (await cloud.all(PORTS))[port["id"]]["status"] == ACTIVE


async def test_addresses_are_given_out_in_order_and_rest_when_freed(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.subnet(network)
    first, second = await cloud.port(network), await cloud.port(network)
    assert addresses([first, second]) == ["10.0.0.2", "10.0.0.3"]
    await cloud.delete(PORTS, first["id"])
    assert addresses(await cloud.ports(network, 3)) == ["10.0.0.4", "10.0.0.5", "10.0.0.6"]
    assert len(addresses(await cloud.ports(network, 249))) == 249
    assert "10.0.0.2" in addresses(list((await cloud.all(PORTS)).values()))


async def test_ports_made_at_once_differ_in_the_names_of_their_interfaces(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.subnet(network)
    made = await cloud.ports(network, 100)
    assert len({port["id"][:11] for port in made}) == len(made)


async def test_a_full_subnet_says_so_and_gives_again_what_it_gets_back(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.subnet(network, "10.0.0.0/29")
    ports = await cloud.ports(network, 5)
    for _ in range(2):
        assert await refusal(cloud.port(network)) == (409, "IpAddressGenerationFailure")
    await cloud.delete(PORTS, ports[3]["id"])
    assert await refusal(cloud.ports(network, 2)) == (409, "IpAddressGenerationFailure")
    assert addresses([await cloud.port(network)]) == addresses([ports[3]])


async def test_the_next_subnet_serves_when_one_is_full(cloud: Cloud) -> None:
    network = await cloud.network()
    first = await cloud.subnet(network, allocation_pools=some("10.0.0.5", "10.0.0.6"))
    second = await cloud.subnet(network, "10.0.1.0/24", allocation_pools=some("10.0.1.5", "10.0.1.7"))
    assert addresses(await cloud.ports(network, 4)) == ["10.0.0.5", "10.0.0.6", "10.0.1.5", "10.0.1.6"]
    named = [{"subnet_id": first["id"]}]
    assert await refusal(cloud.port(network, fixed_ips=named)) == (409, "IpAddressGenerationFailure")
    assert await refusal(cloud.ports(network, 2)) == (409, "IpAddressGenerationFailure")
    assert addresses([await cloud.port(network, fixed_ips=[{"subnet_id": second["id"]}])]) == ["10.0.1.7"]


async def test_a_port_gets_an_address_of_each_ip_version(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.subnet(network, "2001:db8::/64")
    await cloud.subnet(network)
    await cloud.subnet(network, "10.0.1.0/24")
    assert addresses([await cloud.port(network)]) == ["10.0.0.2", "2001:db8::1"]


async def test_hosts_of_an_autoconfigured_subnet_make_their_own_addresses(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.subnet(network)
    subnet = await cloud.subnet(network, "2001:db8::/64", ipv6_ra_mode="slaac")
    port = await cloud.port(network, mac_address="02:00:00:00:00:01")
    assert addresses([port]) == ["10.0.0.2", "2001:db8::ff:fe00:1"]
    changed = await cloud.update(PORTS, port["id"], mac_address="02:00:00:00:00:02")
    assert addresses([changed]) == ["10.0.0.2", "2001:db8::ff:fe00:2"]
    named = [{"subnet_id": subnet["id"]}]
    assert addresses([await cloud.update(PORTS, port["id"], fixed_ips=named)]) == ["2001:db8::ff:fe00:2"]
    other = await refusal(cloud.port(network, fixed_ips=at("2001:db8::5")))
    assert other == (400, "AllocationOnAutoAddressSubnet")


async def test_a_network_without_subnets_has_ports_without_addresses(cloud: Cloud) -> None:
    network = await cloud.network()
    assert (await cloud.port(network))["fixed_ips"] == []
    await cloud.subnet(network)
    assert (await cloud.port(network, fixed_ips=[]))["fixed_ips"] == []


async def test_addresses_can_be_chosen_in_and_out_of_the_pools(cloud: Cloud) -> None:
    network = await cloud.network()
    subnet = await cloud.subnet(network, allocation_pools=some("10.0.0.10", "10.0.0.12"))
    for address in ("10.0.0.11", "10.0.0.99", "10.0.0.1"):  # the last one is the gateway's
        assert addresses([await cloud.port(network, fixed_ips=at(address))]) == [address]
        assert await refusal(cloud.port(network, fixed_ips=at(address))) == (409, "IpAddressAlreadyAllocated")
    both = [{"subnet_id": subnet["id"]}, {"subnet_id": subnet["id"], "ip_address": "10.0.0.50"}]
    assert addresses([await cloud.port(network, fixed_ips=both)]) == ["10.0.0.10", "10.0.0.50"]
    assert addresses([await cloud.port(network)]) == ["10.0.0.12"]


async def test_addresses_that_are_not_the_networks_are_refused(cloud: Cloud) -> None:
    network, other = await cloud.network(), await cloud.network()
    await cloud.subnet(network)
    elsewhere = await cloud.subnet(other, "10.0.1.0/24")
    for fixed_ips, refused in (
        (at("10.0.1.5"), (400, "InvalidIpForNetwork")),
        (at("10.0.0.0"), (400, "InvalidIpForNetwork")),
        (at("10.0.0.255"), (400, "InvalidIpForNetwork")),
        (at("2001:db8::1"), (400, "InvalidIpForNetwork")),
        ([{"subnet_id": elsewhere["id"]}], (400, "InvalidInput")),
    ):
        assert await refusal(cloud.port(network, fixed_ips=fixed_ips)) == refused
    wrong = [{"subnet_id": elsewhere["id"], "ip_address": "10.0.0.5"}]
    assert await refusal(cloud.port(other, fixed_ips=wrong)) == (400, "InvalidIpForSubnet")


async def test_ports_are_created_together_or_not_at_all(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.subnet(network)
    plain = {"network_id": network["id"]}
    before = await cloud.store.read(accounts.everything)
    for bad, refused in (
        ({"network_id": "11111111-1111-4111-8111-111111111111"}, (404, "NetworkNotFound")),
        (plain | {"fixed_ips": at("192.0.2.1")}, (400, "InvalidIpForNetwork")),
        (plain | {"fixed_ips": at("10.0.0.2")}, (409, "")),
        (plain | {"mac_address": "02:00:00:00:00:01"}, (409, "MacAddressInUse")),
    ):
        several = [plain | {"mac_address": "02:00:00:00:00:01"}, plain | {"fixed_ips": at("10.0.0.2")}, plain, bad]
        status, kind = await refusal(cloud.create(PORTS, *several))
        assert (status, kind if refused[1] else "") == refused
        assert await cloud.store.read(accounts.everything) == before


async def test_macs_are_unique_in_a_network(cloud: Cloud) -> None:
    network, other = await cloud.network(), await cloud.network()
    given = [port["mac_address"] for port in await cloud.ports(network, 50)]
    assert len(set(given)) == 50
    assert all(mac.startswith("fa:16:3e:") for mac in given)
    assert await refusal(cloud.port(network, mac_address=given[7].upper())) == (409, "MacAddressInUse")
    await cloud.port(other, mac_address=given[7])  # another network is another world
    chosen = await cloud.port(network, mac_address="02:00:00:00:00:01")
    assert await refusal(cloud.update(PORTS, chosen["id"], mac_address=given[7])) == (409, "MacAddressInUse")


async def test_a_mac_held_in_two_networks_is_free_when_both_let_go(cloud: Cloud) -> None:
    networks = [await cloud.network(), await cloud.network()]
    mac = "fa:16:3e:00:00:01"
    ports = [await cloud.port(network, mac_address=mac) for network in networks]
    await cloud.delete(PORTS, ports[0]["id"])
    assert (await cloud.port(networks[0]))["mac_address"] != mac
    await cloud.delete(PORTS, ports[1]["id"])
    assert (await cloud.port(networks[1], mac_address=mac))["mac_address"] == mac


async def test_a_mac_can_change_while_the_port_is_bound_to_no_host(cloud: Cloud) -> None:
    network = await cloud.network()
    port = await cloud.port(network)
    old = port["mac_address"]
    assert (await cloud.update(PORTS, port["id"], mac_address="02:00:00:00:00:01"))["mac_address"] != old
    assert (await cloud.port(network, mac_address=old))["mac_address"] == old
    await cloud.update(PORTS, port["id"], **{HOST: "host-1"})
    assert await refusal(cloud.update(PORTS, port["id"], mac_address="02:00:00:00:00:02")) == (409, "PortBound")
    same = await cloud.update(PORTS, port["id"], mac_address="02-00-00-00-00-01")
    assert same["mac_address"] == "02:00:00:00:00:01"


async def test_fixed_ips_are_replaced_as_a_whole(cloud: Cloud) -> None:
    network = await cloud.network()
    subnet = await cloud.subnet(network)
    other = await cloud.subnet(network, "10.0.1.0/24")
    port = await cloud.port(network, fixed_ips=[*at("10.0.0.5"), *at("10.0.1.5")])

    async def after(fixed_ips: list[dict[str, str]]) -> list[str]:
        changed = await cloud.update(PORTS, port["id"], fixed_ips=fixed_ips)
        assert (await cloud.all(PORTS))[port["id"]] == changed
        await cloud.store.read(accounts.check)
        return addresses([changed])

    assert await after([*at("10.0.1.5"), *at("10.0.0.6")]) == ["10.0.0.6", "10.0.1.5"]
    assert await after([{"subnet_id": subnet["id"]}, *at("10.0.0.7")]) == ["10.0.0.6", "10.0.0.7"]
    assert await after([{"subnet_id": other["id"]}]) == ["10.0.1.2"]
    assert await after([{"subnet_id": other["id"]}, {"subnet_id": other["id"]}]) == ["10.0.1.2", "10.0.1.3"]
    assert await after([]) == []
    assert await after(at("10.0.0.7")) == ["10.0.0.7"]


async def test_addresses_have_an_order_of_their_own(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.subnet(network)
    await cloud.subnet(network, "2001:db8::/64")
    asked = [*at("2001:db8::2"), *at("10.0.0.10"), *at("10.0.0.9"), *at("2001:db8::10")]
    port = await cloud.port(network, fixed_ips=asked)
    assert addresses([port]) == ["10.0.0.9", "10.0.0.10", "2001:db8::2", "2001:db8::10"]
    changed = await cloud.update(PORTS, port["id"], fixed_ips=[*asked, *at("10.0.0.5")])
    assert addresses([changed]) == ["10.0.0.5", *addresses([port])]


async def test_a_subnet_that_is_not_there_is_not_found(cloud: Cloud) -> None:
    network, elsewhere = await cloud.network(), await cloud.network()
    port, _, other = (
        await cloud.port(network),
        await cloud.subnet(network),
        await cloud.subnet(elsewhere, "10.1.0.0/24"),
    )
    for subnet_id, refused in ((new_id(), (404, "SubnetNotFound")), (other["id"], (400, "InvalidInput"))):
        fixed_ips = [{"subnet_id": subnet_id}]
        assert await refusal(cloud.port(network, fixed_ips=fixed_ips)) == refused
        assert await refusal(cloud.update(PORTS, port["id"], fixed_ips=fixed_ips)) == refused


async def test_an_update_that_is_refused_changes_nothing(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.subnet(network, "10.0.0.0/29")
    port, _ = await cloud.port(network), await cloud.port(network, fixed_ips=at("10.0.0.6"))
    for values, refused in (
        ({"fixed_ips": [*at("10.0.0.5"), *at("10.0.0.6")]}, (409, "IpAddressAlreadyAllocated")),
        ({"fixed_ips": [*at("10.0.0.5"), *at("192.0.2.1")]}, (400, "InvalidIpForNetwork")),
        (
            {"name": "n", "port_security_enabled": False, "allowed_address_pairs": [{"ip_address": "10.9.0.0/16"}]},
            (409, "AddressPairAndPortSecurityRequired"),
        ),
    ):
        assert await refusal(cloud.update(PORTS, port["id"], **values)) == refused
        assert (await cloud.all(PORTS))[port["id"]] == port


async def test_hosts_are_told_of_ports_that_they_have(cloud: Cloud) -> None:
    network = await cloud.network()
    subnet = await cloud.subnet(network)
    assert await recorded(cloud, cloud.ports(network, 2)) == []
    port = (await cloud.ports(network, 1))[0]
    ids = id_bytes(port["id"]), id_bytes(network["id"])

    def told(address: str, host_id: str, up: bool = True, device_id: str = "server") -> list[PortRecord]:
        mac = int(port["mac_address"].replace(":", ""), 16)
        fixed_ips = ((id_bytes(subnet["id"]), ip_bytes(address)),)
        groups = tuple(map(id_bytes, port["security_groups"]))
        assert groups
        whose = {"device_id": device_id, "project_id": port["project_id"]}
        return [PortRecord(*ids, mac, fixed_ips, host_id, up, security_groups=groups, **whose)]

    async def update(**values: Any) -> list[Any]:
        return await recorded(cloud, cloud.update(PORTS, port["id"], **values))

    assert await update(name="n", fixed_ips=at("10.0.0.77")) == []
    assert await update(**{HOST: "host-1"}) == told("10.0.0.77", "host-1", device_id="")
    assert await update(name="m", device_owner="compute:nova") == []
    assert await update(device_id="server") == told("10.0.0.77", "host-1")
    assert await update(fixed_ips=at("10.0.0.78")) == told("10.0.0.78", "host-1")
    assert await update(**{HOST: "host-2"}) == told("10.0.0.78", "host-2")
    assert await update(admin_state_up=False) == told("10.0.0.78", "host-2", up=False)
    assert await update(**{HOST: ""}) == [PortDeleted(*ids)]
    assert await update(admin_state_up=True) == []
    assert await recorded(cloud, cloud.delete(PORTS, port["id"])) == []

    bound = await cloud.port(network, **{HOST: "host-1"})
    assert await recorded(cloud, cloud.delete(PORTS, bound["id"])) == [PortDeleted(id_bytes(bound["id"]), ids[1])]


async def test_a_port_is_down_until_its_host_says_otherwise(cloud: Cloud) -> None:
    network = await cloud.network()
    port = await cloud.port(network, **{HOST: "host-1"})
    assert port["status"] == DOWN
    await make_active(cloud, port)
    renamed = await cloud.update(PORTS, port["id"], name="n", **{HOST: "host-1"})
    assert renamed["status"] == ACTIVE
    for values in ({HOST: "host-2"}, {HOST: ""}, {HOST: "host-1"}, {"admin_state_up": False}):
        changed = await cloud.update(PORTS, port["id"], **values)
        assert changed["status"] == DOWN, values
        if changed[HOST]:
            await make_active(cloud, changed)


async def test_a_report_of_a_host_that_no_longer_has_the_port_is_ignored(cloud: Cloud) -> None:
    network = await cloud.network()
    port = await cloud.port(network, **{HOST: "host-1"})
    await cloud.update(PORTS, port["id"], **{HOST: "host-2"})
    await report(cloud, status(port, ACTIVE, await cloud.store.read(change_log.head)))
    assert (await cloud.all(PORTS))[port["id"]]["status"] == DOWN


@pytest.mark.parametrize("meanwhile", [[{HOST: "host-2"}, {HOST: "host-1"}], [{HOST: ""}, {HOST: "host-1"}]])
async def test_a_report_of_an_earlier_stay_is_ignored(cloud: Cloud, meanwhile: list[dict[str, str]]) -> None:
    network = await cloud.network()
    port = await cloud.port(network, **{HOST: "host-1"})
    late = status(port, ACTIVE, await cloud.store.read(change_log.head))
    await make_active(cloud, port)
    for values in meanwhile:
        port = await cloud.update(PORTS, port["id"], **values)
    await report(cloud, late)
    assert (await cloud.all(PORTS))[port["id"]]["status"] == DOWN
    await make_active(cloud, port)


async def test_a_report_of_what_was_before_the_port_was_taken_down_is_ignored(cloud: Cloud) -> None:
    network = await cloud.network()
    port = await cloud.port(network, **{HOST: "host-1"})
    late = status(port, ACTIVE, await cloud.store.read(change_log.head))
    await cloud.update(PORTS, port["id"], admin_state_up=False)
    await report(cloud, late)
    assert (await cloud.all(PORTS))[port["id"]]["status"] == DOWN


async def test_a_report_of_a_deleted_port_says_nothing_of_one_with_its_id(cloud: Cloud) -> None:
    network = await cloud.network()
    first = await cloud.port(network, **{HOST: "host-1"})
    late = status(first, ACTIVE, await cloud.store.read(change_log.head))
    await cloud.delete(PORTS, first["id"])
    chosen = {"network_id": network["id"], HOST: "host-1"}
    create = Create([PORTS.resource.check_create(chosen) | {"id": first["id"]}])
    (again,) = await cloud.store.write_batch(PORTS.create, create)
    await report(cloud, late)
    assert (await cloud.all(PORTS))[again["id"]]["status"] == DOWN
    await make_active(cloud, again)


async def test_what_came_over_an_earlier_session_of_the_host_is_ignored(cloud: Cloud) -> None:
    network = await cloud.network()
    port = await cloud.port(network, **{HOST: "host-1"})
    head = await cloud.store.read(change_log.head)
    await report(cloud, status(port, ACTIVE, head), session=b"another".ljust(16))
    assert (await cloud.all(PORTS))[port["id"]]["status"] == DOWN
    await make_active(cloud, port)
    await report(cloud, status(port, DOWN), session=b"another".ljust(16))
    assert (await cloud.all(PORTS))[port["id"]]["status"] == ACTIVE


async def test_a_host_that_says_that_a_port_does_not_work_is_believed_in_any_case(cloud: Cloud) -> None:
    network = await cloud.network()
    port = await cloud.port(network, **{HOST: "host-1"})
    await make_active(cloud, port)
    await report(cloud, status(port, DOWN))
    assert (await cloud.all(PORTS))[port["id"]]["status"] == DOWN


async def test_extra_dhcp_options_are_merged_by_name(cloud: Cloud) -> None:
    def option(name: str, value: str | None, version: int = 4) -> dict[str, Any]:
        return {"opt_name": name, "opt_value": value, "ip_version": version}

    network = await cloud.network()
    first = [{"opt_name": "bootfile-name", "opt_value": "a"}, {"opt_name": "mtu", "opt_value": None}]
    port = await cloud.port(network, extra_dhcp_opts=first)
    assert port["extra_dhcp_opts"] == [option("bootfile-name", "a")]

    async def after(*options: dict[str, Any]) -> list[dict[str, Any]]:
        changed: list[dict[str, Any]] = (await cloud.update(PORTS, port["id"], extra_dhcp_opts=list(options)))[
            "extra_dhcp_opts"
        ]
        return changed

    assert await after() == [option("bootfile-name", "a")]
    added = [option("bootfile-name", "b"), option("bootfile-name", "c", 6), option("tftp-server", "d")]
    assert await after(*added) == added
    assert await after(option("bootfile-name", None)) == added[1:]
    assert await after(option("bootfile-name", None), option("tftp-server", "e")) == [
        added[1],
        option("tftp-server", "e"),
    ]


async def test_address_pairs_without_a_mac_have_the_ports(cloud: Cloud) -> None:
    network = await cloud.network()
    pairs = [{"ip_address": "10.9.0.0/16"}, {"ip_address": "10.0.0.9", "mac_address": "02:00:00:00:00:09"}]
    port = await cloud.port(network, allowed_address_pairs=pairs)
    assert port["allowed_address_pairs"] == [pairs[0] | {"mac_address": port["mac_address"]}, pairs[1]]
    assert (await cloud.update(PORTS, port["id"], allowed_address_pairs=[]))["allowed_address_pairs"] == []


async def test_port_security_is_by_default_as_the_network_says(cloud: Cloud) -> None:
    network = await cloud.network(port_security_enabled=False)
    assert (await cloud.port(network))["port_security_enabled"] is False
    assert (await cloud.port(network, port_security_enabled=True))["port_security_enabled"] is True
    assert (await cloud.port(await cloud.network()))["port_security_enabled"] is True
    pairs = [{"ip_address": "10.9.0.0/16"}]
    assert await refusal(cloud.port(network, allowed_address_pairs=pairs)) == (
        409,
        "AddressPairAndPortSecurityRequired",
    )


async def test_a_binding_says_whether_the_host_is_known(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.node("host-1", "192.0.2.1")
    for host_id, vif_type in (("", "unbound"), ("host-1", "ovs"), ("nobody", "binding_failed")):
        port = await cloud.port(network, **{HOST: host_id})
        assert port["binding:vif_type"] == vif_type
        assert (await cloud.all(PORTS))[port["id"]] == port


async def test_what_is_gone_cannot_be_changed(cloud: Cloud) -> None:
    network = await cloud.network()
    port = await cloud.port(network)
    await cloud.delete(PORTS, port["id"])
    assert await refusal(cloud.delete(PORTS, port["id"])) == (404, "PortNotFound")
    assert await refusal(cloud.update(PORTS, port["id"], name="n")) == (404, "PortNotFound")
