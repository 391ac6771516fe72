"""What Neutron's extensions add to ports: each attribute with its rules."""

from alcor.model.context import OPERATOR
from alcor.services.networks.vpc import VPCS
from alcor.store.record_rows import vpc_record
from alcor.store.store import Store
from tests.integration.api.neutron.callers import As
from tests.integration.api.neutron.requests import Json, Neutron
from tests.integration.api.neutron.test_ports import network_with_subnet


async def test_what_nova_and_switches_are_told_is_kept(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron)
    said: Json = {
        "binding:vnic_type": "direct",
        "propagate_uplink_status": False,
        "numa_affinity_policy": "socket",
        "device_profile": "gpu",
        "hardware_offload_type": "switchdev",
        "hints": {"openvswitch": {"other_config": {"tx-steering": "hash"}}},
        "dns_domain": "example.org.",
        "dns_name": "web",
    }
    created = await neutron.create("port", network_id=network_id, **said)
    assert {name: created[name] for name in said} == said
    assert created["binding:profile"] == {"capabilities": ["switchdev"]}
    assert created["dns_assignment"][0]["fqdn"] == "web.example.org."
    changes: Json = {"data_plane_status": "DOWN", "numa_affinity_policy": None, "propagate_uplink_status": True}
    updated = await neutron.update("port", created["id"], **changes)
    assert {name: updated[name] for name in changes} == changes
    assert await neutron.show("port", created["id"]) == updated
    for fixed in ("device_profile", "hardware_offload_type"):
        _, _, message = await neutron.refused("PUT", f"ports/{created['id']}", {"port": {fixed: said[fixed]}})
        assert message == f"Cannot update read-only attribute {fixed}"


async def test_the_profile_says_whether_a_port_is_trusted(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron)
    port = await neutron.create("port", network_id=network_id)
    assert port["trusted"] is None and "trusted" not in port["binding:profile"]
    trusted = await neutron.update("port", port["id"], trusted=True)
    assert trusted["trusted"] is True and trusted["binding:profile"] == {"trusted": True}
    distrusted = await neutron.update("port", port["id"], trusted=False)
    assert distrusted["trusted"] is False and distrusted["binding:profile"] == {"trusted": False}


async def test_a_null_mac_address_asks_for_another_one(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron)
    port = await neutron.create("port", network_id=network_id, mac_address=None)
    other = await neutron.update("port", port["id"], mac_address=None)
    assert other["mac_address"] != port["mac_address"]
    again = await neutron.create("port", network_id=network_id, mac_address=port["mac_address"])
    assert again["mac_address"] == port["mac_address"]
    router_port = await neutron.create("port", network_id=network_id, device_owner="network:dhcp")
    body = {"port": {"mac_address": None}}
    status, kind, _ = await neutron.refused("PUT", f"ports/{router_port['id']}", body)
    assert (status, kind) == (409, "UnsupportedPortDeviceOwner")


async def test_a_bound_ports_numa_affinity_does_not_change(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron)
    port = await neutron.create("port", network_id=network_id, **{"binding:host_id": "host-1"})
    body = {"port": {"numa_affinity_policy": "required"}}
    status, kind, _ = await neutron.refused("PUT", f"ports/{port['id']}", body)
    assert (status, kind) == (409, "PortBoundNUMAAffinityPolicy")


async def test_address_pairs_are_refused_as_neutron_refuses_them(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron)
    one = {"ip_address": "10.9.0.1"}
    refusals = {
        "AllowedAddressPairExhausted": [{"ip_address": f"10.9.0.{n}"} for n in range(11)],
        "AllowedAddressPairsMissingIP": [{"mac_address": "02:00:00:00:00:01"}],
        "DuplicateAddressPairInRequest": [one, one],
        "HTTPBadRequest": [{"ip_address": "224.0.0.1"}],
    }
    for kind, pairs in refusals.items():
        body = {"port": {"network_id": network_id, "allowed_address_pairs": pairs}}
        status, refused_as, _ = await neutron.refused("POST", "ports", body)
        assert (status, refused_as) == (400, kind)


async def test_a_port_outlives_its_workload_and_serves_another_elsewhere(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron)
    bound: Json = {"device_id": "vm-1", "device_owner": "compute:nova", "binding:host_id": "host-1"}
    port = await neutron.create("port", network_id=network_id, **bound)
    # What Nova says of a port that it did not create when it deletes the server.
    released: Json = {"device_id": "", "device_owner": "", "binding:host_id": None, "binding:profile": {}}
    free = await neutron.update("port", port["id"], **released)
    assert (free["device_id"], free["binding:host_id"], free["binding:vif_type"]) == ("", "", "unbound")
    elsewhere: Json = {"device_id": "vm-2", "device_owner": "compute:nova", "binding:host_id": "host-2"}
    again = await neutron.update("port", port["id"], **elsewhere)
    assert {name: again[name] for name in elsewhere} == elsewhere
    assert (again["fixed_ips"], again["mac_address"]) == (port["fixed_ips"], port["mac_address"])


async def test_ports_are_found_by_a_part_of_an_address(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron)
    await neutron.create("subnet", network_id=network_id, cidr="2001:db8::/64", ip_version=6)
    for name, address in (("a", "10.0.0.21"), ("b", "10.0.0.31"), ("c", "2001:db8::21")):
        await neutron.create("port", network_id=network_id, name=name, fixed_ips=[{"ip_address": address}])
    for query, names in (
        ("fixed_ips=ip_address_substr=0.21", ["a"]),
        ("fixed_ips=ip_address_substr=21", ["a", "c"]),
        ("fixed_ips=ip_address_substr=10.0.0.", ["a", "b"]),
        ("fixed_ips=ip_address_substr=DB8::", ["c"]),
        ("fixed_ips=ip_address_substr=0.2&fixed_ips=ip_address_substr=0.3", ["a", "b"]),
        ("fixed_ips=ip_address_substr=_", []),
        ("fixed_ips=ip_address_substr=21&fixed_ips=ip_address=10.0.0.21", ["a"]),
    ):
        assert await neutron.names("port", f"{query}&sort_key=name&sort_dir=asc") == names, query


async def test_a_physical_function_has_the_mac_of_its_device_while_it_is_bound(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron)
    first, second = "00:1b:21:00:00:01", "00:1b:21:00:00:02"

    def on(host: str, address: str) -> Json:
        return {"binding:host_id": host, "binding:profile": {"device_mac_address": address}}

    physical: Json = {"network_id": network_id, "binding:vnic_type": "direct-physical"}
    created = await neutron.create("port", **physical, **on("host-1", first))
    assert created["mac_address"] == first
    assert (await neutron.update("port", created["id"], **on("host-2", second)))["mac_address"] == second
    other = await neutron.create("port", **physical)
    own = other["mac_address"]
    body = {"port": on("host-2", second)}
    assert (await neutron.refused("PUT", f"ports/{other['id']}", body))[:2] == (409, "MacAddressInUse")
    unbound = await neutron.update("port", created["id"], **{"binding:host_id": "", "binding:profile": {}})
    assert unbound["mac_address"] not in (first, second)
    bound = await neutron.update("port", other["id"], device_id="vm", **on("host-2", second))
    assert bound["mac_address"] == second != own
    assert (await neutron.update("port", other["id"], name="vf"))["mac_address"] == second
    given_up = await neutron.update("port", other["id"], device_id="", device_owner="", **{"binding:host_id": ""})
    assert given_up["mac_address"] != second
    for wrong in ("not a mac", 7, "01:00:00:00:00:01"):
        body = {"port": on("host-1", wrong)}  # type: ignore[arg-type]
        assert (await neutron.refused("PUT", f"ports/{other['id']}", body))[:2] == (400, "InvalidInput")


async def test_a_port_that_is_no_physical_function_keeps_its_mac(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron)
    port = await neutron.create("port", network_id=network_id)
    told: Json = {"binding:host_id": "host-1", "binding:profile": {"device_mac_address": "00:1b:21:00:00:01"}}
    assert (await neutron.update("port", port["id"], **told))["mac_address"] == port["mac_address"]


async def test_labels_of_a_domain_stand_for_whoever_made_the_port(sign_in: As) -> None:
    blue, red = (Neutron(sign_in(project, "member", "reader")) for project in ("blue", "red"))
    admin = Neutron(sign_in("ops", "admin"))
    network = await admin.create("network", shared=True, dns_domain="<project_id>.Example.org.")
    assert network["dns_domain"] == "<project_id>.example.org."
    await admin.create("subnet", network_id=network["id"], cidr="10.0.0.0/24")
    ports = [await client.create("port", network_id=network["id"], dns_name="web") for client in (blue, red)]
    names = [port["dns_assignment"][0]["fqdn"] for port in ports]
    assert names == ["web.blue.example.org.", "web.red.example.org."]
    assert (await admin.show("port", ports[0]["id"]))["dns_assignment"] == ports[0]["dns_assignment"]
    changed = await red.update("port", ports[1]["id"], dns_domain="<user_id>.<user_name>.<project_name>.net.")
    assert changed["dns_domain"] == "<user_id>.<user_name>.<project_name>.net."
    assert changed["dns_assignment"][0]["fqdn"] == "web.user-of-red.somebody.red.net."
    own = await red.update("port", ports[1]["id"], dns_domain="plain.net.")
    assert own["dns_assignment"][0]["fqdn"] == "web.plain.net."
    assert (await red.update("port", ports[1]["id"], dns_domain="", name="p"))["dns_assignment"][0]["fqdn"] == names[1]


async def test_only_known_keywords_are_labels(neutron: Neutron) -> None:
    for domain in ("<nobody>.net.", "<project_id>x.net.", "x<project_id>.net.", "<project_id", "<PROJECT_ID>.net."):
        assert (await neutron.refused("POST", "networks", {"network": {"dns_domain": domain}}))[0] == 400
    network = await neutron.create("network", dns_domain="<user_name>.net.")
    await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24")
    port = await neutron.create("port", network_id=network["id"], dns_name="web")
    assert port["dns_assignment"][0]["fqdn"] == "web.<user_name>.net."  # nobody is asked who they are
    assert "dns_keywords" not in port


async def test_dhcp_tells_no_domain_that_is_another_one_for_each_caller(neutron: Neutron, store: Store) -> None:
    for domain, told in (("<project_id>.net.", ""), ("net.", "net.")):
        network = await neutron.create("network", dns_domain=domain)
        row = await store.read(lambda connection, its=network["id"]: VPCS.access.rows(connection, [its], OPERATOR)[its])
        assert vpc_record(row).dns_domain == told


async def test_ports_of_the_networks_own_have_no_port_security(neutron: Neutron) -> None:
    network = await neutron.create("network")
    for owner in ("network:dhcp", "network:distributed"):
        for said in ({}, {"port_security_enabled": True}):
            port = await neutron.create("port", network_id=network["id"], device_owner=owner, **said)
            assert (port["port_security_enabled"], port["security_groups"]) == (False, []), said
    workload = await neutron.create("port", network_id=network["id"], device_owner="compute:nova")
    assert workload["port_security_enabled"]
