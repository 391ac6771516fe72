"""Ports through the API: what is shown, what may be said, and how refusals look."""

from typing import Any

from tests.integration.api.neutron.requests import Json, Neutron
from tests.integration.api.neutron.test_networks import NOWHERE, settled


async def network_with_subnet(neutron: Neutron, cidr: str = "10.0.0.0/24", **attributes: Any) -> tuple[str, str]:
    """The ids of a new network and its subnet."""
    network = await neutron.create("network", **attributes)
    subnet = await neutron.create("subnet", network_id=network["id"], cidr=cidr)
    return network["id"], subnet["id"]


async def test_a_port_has_neutrons_attributes_and_defaults(neutron: Neutron) -> None:
    network_id, subnet_id = await network_with_subnet(neutron)
    groups = [group["id"] for group in await neutron.list("security_group")]
    assert settled(await neutron.create("port", network_id=network_id)) == {
        "network_id": network_id,
        "name": "",
        "description": "",
        "project_id": "default",
        "tenant_id": "default",
        "mac_address": "fa:16:3e:00:00:01",
        "admin_state_up": True,
        "status": "DOWN",
        "device_id": "",
        "device_owner": "",
        "qos_policy_id": None,
        "qos_network_policy_id": None,
        "resource_request": None,
        "fixed_ips": [{"subnet_id": subnet_id, "ip_address": "10.0.0.2"}],
        "binding:host_id": "",
        "binding:vnic_type": "normal",
        "binding:profile": {},
        "binding:vif_type": "unbound",
        "binding:vif_details": {},
        "port_security_enabled": True,
        "allowed_address_pairs": [],
        "extra_dhcp_opts": [],
        "dns_name": "",
        "dns_domain": "",
        "data_plane_status": None,
        "propagate_uplink_status": True,
        "numa_affinity_policy": None,
        "device_profile": None,
        "hardware_offload_type": None,
        "hints": None,
        "trusted": None,
        "ip_allocation": "immediate",
        "trunk_details": None,
        "security_groups": groups,
        "dns_assignment": [
            {"ip_address": "10.0.0.2", "hostname": "host-10-0-0-2", "fqdn": "host-10-0-0-2.openstacklocal."}
        ],
        "tags": [],
        "revision_number": 1,
    }


async def test_what_was_said_is_shown_until_it_is_deleted(neutron: Neutron) -> None:
    network_id, subnet_id = await network_with_subnet(neutron, dns_domain="example.org.")
    said: Json = {
        "network_id": network_id,
        "name": "p",
        "mac_address": "02:00:00:00:00:01",
        "admin_state_up": False,
        "device_id": "vm",
        "device_owner": "compute:nova",
        "fixed_ips": [
            {"subnet_id": subnet_id, "ip_address": "10.0.0.7"},
            {"subnet_id": subnet_id, "ip_address": "10.0.0.9"},
        ],
        "binding:host_id": "host-1",
        "binding:profile": {"a": {"b": [1, None, "☁"]}},
        "allowed_address_pairs": [{"ip_address": "10.9.0.0/16", "mac_address": "02:00:00:00:00:02"}],
        "extra_dhcp_opts": [{"opt_name": "bootfile-name", "opt_value": "pxe.0", "ip_version": 4}],
        "dns_name": "web-1",
    }
    created = await neutron.create("port", **said)
    assert {name: created[name] for name in said} == said
    assert created["dns_assignment"][0]["fqdn"] == "web-1.example.org."
    assert created["binding:vif_type"] == "binding_failed"  # host-1 is no node
    assert await neutron.show("port", created["id"]) == created
    assert await neutron.list("port") == [created]
    changes: Json = {
        "name": "q", "admin_state_up": True, "device_id": "", "device_owner": "", "binding:host_id": "",
        "fixed_ips": [], "binding:profile": {}, "allowed_address_pairs": [], "dns_name": "",
        "port_security_enabled": False, "security_groups": [],
    }  # fmt: skip
    updated = await neutron.update("port", created["id"], **changes)
    computed: Json = {
        "binding:vif_type": "unbound",
        "dns_assignment": [],
        "revision_number": 2,
        "ip_allocation": "none",
    }
    assert settled(updated) == settled(created) | changes | computed
    assert await neutron.show("port", created["id"]) == updated
    await neutron.delete("port", created["id"])
    assert (await neutron.refused("DELETE", f"ports/{created['id']}"))[:2] == (404, "PortNotFound")


async def test_a_port_bound_to_a_node_says_how_to_plug_it(neutron: Neutron) -> None:
    node = {"host_info": {"node_id": "host-1", "local_ip": "192.0.2.1"}}
    assert (await neutron.http.post("/nodes", json=node)).status_code == 201
    network = await neutron.create("network")
    port = await neutron.create("port", network_id=network["id"], **{"binding:host_id": "host-1"})
    assert port["binding:vif_type"] == "ovs"
    details = port["binding:vif_details"]
    assert (details["bridge_name"], details["port_filter"], details["connectivity"]) == ("br-int", True, "l2")
    unbound = await neutron.update("port", port["id"], **{"binding:host_id": None})
    assert (unbound["binding:host_id"], unbound["binding:vif_type"]) == ("", "unbound")


async def test_extra_dhcp_options_are_merged(neutron: Neutron) -> None:
    network = await neutron.create("network")
    option = {"opt_name": "bootfile-name", "opt_value": "a", "ip_version": 4}
    port = await neutron.create("port", network_id=network["id"], extra_dhcp_opts=[option])

    async def after(options: Any) -> Any:
        return (await neutron.update("port", port["id"], extra_dhcp_opts=options))["extra_dhcp_opts"]

    other = {"opt_name": "66", "opt_value": "192.0.2.1", "ip_version": 4}
    assert await after([other]) == [option, other]
    assert await after([]) == await after(None) == [option, other]
    assert await after([option | {"opt_value": None}]) == [other]
    assert await after([{"opt_name": "router", "opt_value": "", "ip_version": "4"}]) == [
        other,
        {"opt_name": "router", "opt_value": "", "ip_version": 4},
    ]
    refused = await neutron.refused(
        "PUT", f"ports/{port['id']}", {"port": {"extra_dhcp_opts": [{"opt_name": "66", "opt_value": ""}]}}
    )
    assert refused[0] == 400


REFUSED: list[tuple[Json, int, str, str]] = [
    ({"network_id": NOWHERE}, 404, "NetworkNotFound", f"Network {NOWHERE} could not be found."),
    ({"network_id": None}, 400, "HTTPBadRequest", "Invalid input for network_id. Reason: 'None' is not a valid UUID."),
    ({"colour": 1}, 400, "HTTPBadRequest", "Unrecognized attribute(s) 'colour'"),
    ({"status": "ACTIVE"}, 400, "HTTPBadRequest", "Attribute 'status' not allowed in POST"),
    ({"mac_address": "x"}, 400, "HTTPBadRequest", "Invalid input for mac_address. Reason: 'x' is not a valid MAC"),
    ({"mac_address": "01:00:5e:00:00:01"}, 400, "HTTPBadRequest", "Invalid input for mac_address."),
    ({"mac_address": "fa:16:3e:00:00:01"}, 409, "MacAddressInUse", "Unable to complete operation for network"),
    (
        {"fixed_ips": [{"ip_address": "10.0.0.2"}]},
        409,
        "IpAddressAlreadyAllocated",
        "IP address 10.0.0.2 already allocated in subnet",
    ),
    (
        {"fixed_ips": [{"ip_address": "10.0.9.2"}]},
        400,
        "InvalidIpForNetwork",
        "IP address 10.0.9.2 is not a valid IP for any of the subnets on the specified network.",
    ),
    (
        {"fixed_ips": [{"ip_address": "10.0.0.5"}, {"ip_address": "10.0.0.5"}]},
        400,
        "HTTPBadRequest",
        "Invalid input for fixed_ips. Reason: Duplicate IP address '10.0.0.5'.",
    ),
    ({"fixed_ips": [{}]}, 400, "HTTPBadRequest", "Invalid input for fixed_ips."),
    (
        {"fixed_ips": "10.0.0.5"},
        400,
        "HTTPBadRequest",
        "Invalid input for fixed_ips. Reason: '10.0.0.5' is not a list.",
    ),
    ({"fixed_ips": [{"ip_address": "10.0.0.5", "x": 1}]}, 400, "HTTPBadRequest", "Invalid input for fixed_ips."),
    ({"binding:vnic_type": "strange"}, 400, "HTTPBadRequest", "Invalid input for binding:vnic_type."),
    ({"binding:profile": []}, 400, "HTTPBadRequest", "Invalid input for binding:profile."),
    ({"binding:profile": {"a": "x" * 5000}}, 400, "HTTPBadRequest", "Invalid input for binding:profile."),
    ({"dns_name": "a_b"}, 400, "HTTPBadRequest", "Invalid input for dns_name."),
    ({"device_id": "x" * 256}, 400, "HTTPBadRequest", "Invalid input for device_id."),
    (
        {"port_security_enabled": False, "allowed_address_pairs": [{"ip_address": "10.0.0.9"}]},
        409,
        "AddressPairAndPortSecurityRequired",
        "Port Security must be enabled in order to have allowed address pairs on a port.",
    ),
]


async def test_a_refusal_says_what_neutron_says(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron)
    first = await neutron.create("port", network_id=network_id)
    for attributes, status, kind, message in REFUSED:
        refused = await neutron.refused("POST", "ports", {"port": {"network_id": network_id, **attributes}})
        assert refused[:2] == (status, kind), attributes
        assert refused[2].startswith(message), (attributes, refused[2])
    assert await neutron.list("port") == [first]


async def test_a_full_subnet_is_a_conflict(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron, "10.0.0.0/30")
    await neutron.create("port", network_id=network_id)
    refused = await neutron.refused("POST", "ports", {"port": {"network_id": network_id}})
    assert refused[:2] == (409, "IpAddressGenerationFailure")


async def test_a_port_says_whether_it_has_addresses(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron)
    addressed = await neutron.create("port", network_id=network_id, name="addressed")
    bare = await neutron.create("port", network_id=network_id, name="bare", fixed_ips=[])
    assert (addressed["ip_allocation"], bare["ip_allocation"]) == ("immediate", "none")
    for query, names in (
        ("immediate", ["addressed"]),
        ("none", ["bare"]),
        ("immediate&ip_allocation=none", ["addressed", "bare"]),
        ("deferred", []),
    ):
        assert sorted(await neutron.names("port", f"ip_allocation={query}")) == names


async def test_a_bound_ports_mac_does_not_change(neutron: Neutron) -> None:
    network = await neutron.create("network")
    port = await neutron.create("port", network_id=network["id"], **{"binding:host_id": "host-1"})
    change = {"port": {"mac_address": "02:00:00:00:00:01"}}
    assert (await neutron.refused("PUT", f"ports/{port['id']}", change))[:2] == (409, "PortBound")


async def test_several_ports_are_created_together_or_not_at_all(neutron: Neutron) -> None:
    network_id, _ = await network_with_subnet(neutron)
    created = await neutron.create_bulk("port", *({"network_id": network_id, "name": str(n)} for n in range(30)))
    assert [port["name"] for port in created] == [str(number) for number in range(30)]
    assert len({port["fixed_ips"][0]["ip_address"] for port in created}) == 30
    bad: list[tuple[Json, int]] = [
        ({"fixed_ips": [{"ip_address": "10.0.0.2"}]}, 409),
        ({"mac_address": created[0]["mac_address"]}, 409),
        ({"network_id": NOWHERE}, 404),
        ({"colour": 1}, 400),
    ]
    for attributes, status in bad:
        items = [{"network_id": network_id}, {"network_id": network_id} | attributes]
        assert (await neutron.refused("POST", "ports", {"ports": items}))[0] == status
    assert len(await neutron.list("port")) == 30


async def test_what_cannot_change_is_read_only(neutron: Neutron) -> None:
    network = await neutron.create("network")
    port = await neutron.create("port", network_id=network["id"])
    for name in ("id", "network_id", "project_id", "status", "binding:vif_type", "dns_assignment", "updated_at"):
        refused = await neutron.refused("PUT", f"ports/{port['id']}", {"port": {name: port[name]}})
        assert refused == (400, "HTTPBadRequest", f"Cannot update read-only attribute {name}")
