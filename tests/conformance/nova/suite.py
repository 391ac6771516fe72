"""Servers, their ports, and where these are bound: what Nova does with a network service over a server's life."""

import functools
import os
import time
from typing import Any

import fixtures
from network import Listening, RealNetwork, neutron
from nova.tests import fixtures as nova_fixtures
from nova.tests.functional import integrated_helpers
from nova.tests.functional.api.client import OpenStackApiException
from plugging import PluggingDriver, ask_host

HOSTS = ("host-1", "host-2")
PROJECT = os.environ.get("ALCOR_NOVA_PROJECT", "")
_PATIENCE_SECONDS = 30


class ServersTest(integrated_helpers._IntegratedTestBase):
    """Each on a network of its own, with two hosts."""

    microversion = "latest"
    ADMIN_API = False
    CAST_AS_CALL = False

    def setUp(self) -> None:
        self.flags(compute_driver="fake.MediumFakeDriver")
        self.flags(vif_plugging_timeout=_PATIENCE_SECONDS)
        for name, stub in (
            ("tests.fixtures.NeutronFixture", RealNetwork),
            ("tests.fixtures.WarningsFixture", fixtures.Fixture),  # it takes those of later libraries for errors
            ("tests.fixtures.OSAPIFixture", functools.partial(nova_fixtures.OSAPIFixture, project_id=PROJECT)),
            ("virt.fake.MediumFakeDriver", PluggingDriver),
        ):
            self.useFixture(fixtures.MonkeyPatch(f"nova.{name}", stub))
        super().setUp()
        self.listening = self.useFixture(Listening(self.api_fixture.app(), PROJECT))
        self.network_client, self.service = neutron("user"), neutron("service")
        self.network, self.subnet = self._made_network("10.0.0.0/24")

    def _setup_compute_service(self) -> None:
        for host in HOSTS:
            self._start_compute(host)

    def _made_network(self, cidr: str) -> tuple[dict[str, Any], dict[str, Any]]:
        network = self.network_client.create_network({"network": {"name": self.id()}})["network"]
        self.addCleanup(self._forget, network["id"])
        asked = {"network_id": network["id"], "cidr": cidr, "ip_version": 4}
        return network, self.network_client.create_subnet({"subnet": asked})["subnet"]

    def _forget(self, network_id: str) -> None:
        for each in self.service.list_ports(network_id=network_id)["ports"]:
            if each["device_owner"] == "network:router_interface":
                self.service.remove_interface_router(each["device_id"], {"port_id": each["id"]})
            else:
                self.service.delete_port(each["id"])
        if self.service.list_networks(id=network_id)["networks"]:
            self.service.delete_network(network_id)

    def _port(self, **values: Any) -> dict[str, Any]:
        return self.network_client.create_port({"port": {"network_id": self.network["id"], **values}})["port"]

    def _ports(self, server: dict[str, Any]) -> list[dict[str, Any]]:
        """As the service sees them."""
        return self.service.list_ports(device_id=server["id"])["ports"]

    def _until(self, what: str, condition: Any) -> Any:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (found := condition()):
            self.assertLess(time.monotonic(), deadline, f"{what}; heard: {self.listening.heard}")
            time.sleep(0.1)
        return found

    def _until_heard(self, name: str, port: dict[str, Any]) -> None:
        self._until(
            f"Nova hears {name} of {port['id']}",
            lambda: any(each["name"] == name and each["tag"] == port["id"] for each in self.listening.heard),
        )

    def _addresses(self, server: dict[str, Any]) -> list[str]:
        shown = self.api.get_server(server["id"])["addresses"]
        return sorted(each["addr"] for its in shown.values() for each in its)

    def _boot(self, *networks: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self._create_server(networks=list(networks or [{"uuid": self.network["id"]}]), **more)

    def _bound(self, server: dict[str, Any], host: str) -> dict[str, Any]:
        (port,) = self._ports(server)
        self.assertEqual((host, "ovs", "compute:nova"), tuple(port[each] for each in
                         ("binding:host_id", "binding:vif_type", "device_owner")))  # fmt: skip
        return port

    def test_a_server_has_a_port_on_its_host_for_as_long_as_it_lives(self) -> None:
        server = self._boot(host="host-1", api=self.admin_api)
        port = self._bound(server, "host-1")
        self.assertEqual([each["ip_address"] for each in port["fixed_ips"]], self._addresses(server))
        self.assertEqual(PROJECT, port["project_id"])
        self._until_heard("network-changed", port)
        self._delete_server(server)
        self.assertEqual([], self._ports(server))

    def test_a_port_that_was_there_before_outlives_its_server(self) -> None:
        port = self._port(fixed_ips=[{"ip_address": "10.0.0.77"}])
        server = self._boot({"port": port["id"]})
        self.assertEqual(["10.0.0.77"], self._addresses(server))
        self._delete_server(server)
        left = self.service.show_port(port["id"])["port"]
        self.assertEqual(("", "", ""), (left["device_id"], left["device_owner"], left["binding:host_id"]))
        other = self._boot({"port": port["id"]})
        self.assertEqual(["10.0.0.77"], self._addresses(other))
        self._delete_server(other)

    def test_a_server_gets_the_address_that_it_asks_for(self) -> None:
        server = self._boot({"uuid": self.network["id"], "fixed_ip": "10.0.0.99"})
        self.assertEqual(["10.0.0.99"], self._addresses(server))
        refused = self._build_server(networks=[{"uuid": self.network["id"], "fixed_ip": "10.0.0.99"}])
        error = self.assertRaises(OpenStackApiException, self.api.post_server, {"server": refused})
        self.assertEqual(400, error.response.status_code)
        self._delete_server(server)

    def test_several_servers_are_made_at_once(self) -> None:
        body = self._build_server(networks=[{"uuid": self.network["id"]}])
        self.api.post_server({"server": body | {"min_count": 5, "max_count": 5}})
        servers = self._until(
            "all are there",
            lambda: [s for s in self.api.get_servers() if s["status"] == "ACTIVE"][4:] and self.api.get_servers(),
        )
        addresses = {address for each in servers for address in self._addresses(each)}
        self.assertEqual(5, len(addresses))
        for each in servers:
            self._delete_server(each)

    def test_interfaces_are_attached_and_detached(self) -> None:
        other, _ = self._made_network("10.1.0.0/24")
        server = self._boot()
        self.api.attach_interface(server["id"], {"interfaceAttachment": {"net_id": other["id"]}})
        self._attach_interface(server, self._port()["id"])
        self.assertEqual(3, len(self._until("three ports", lambda: self._ports(server)[2:] and self._ports(server))))
        for each in self._ports(server)[1:]:
            self._detach_interface(server, each["id"])
        self._until("one port", lambda: len(self._ports(server)) == 1)
        self.assertEqual(1, len(self._until("one address", lambda: len(self._addresses(server)) == 1 and [0])))
        self._delete_server(server)

    def test_a_server_hears_of_its_floating_ip(self) -> None:
        router = self.network_client.create_router({"router": {"name": self.id()}})["router"]
        public = os.environ["ALCOR_NOVA_PUBLIC"]
        self.addCleanup(self.service.delete_router, router["id"])
        self.network_client.add_gateway_router(router["id"], {"network_id": public})
        self.network_client.add_interface_router(router["id"], {"subnet_id": self.subnet["id"]})
        server = self._boot()
        (port,) = self._ports(server)
        wanted = {"floating_network_id": public, "port_id": port["id"]}
        floating = self.network_client.create_floatingip({"floatingip": wanted})["floatingip"]
        outside = floating["floating_ip_address"]
        self._until("it has the address", lambda: outside in self._addresses(server))
        self.network_client.delete_floatingip(floating["id"])
        self._until("it has it no more", lambda: outside not in self._addresses(server))
        self._delete_server(server)
        self.network_client.remove_interface_router(router["id"], {"subnet_id": self.subnet["id"]})

    def test_a_server_loses_the_interface_whose_port_is_deleted(self) -> None:
        port = self._port()
        server = self._boot({"uuid": self.network["id"]}, {"port": port["id"]})
        self.assertEqual(2, len(self._addresses(server)))
        self.service.delete_port(port["id"])  # a member may not
        self._until("the interface is gone", lambda: len(self._addresses(server)) == 1)
        self._delete_server(server)

    def test_security_groups_of_servers_are_those_of_their_ports(self) -> None:
        group = self.network_client.create_security_group({"security_group": {"name": self.id()}})["security_group"]
        server = self._boot()
        self.api.post_server_action(server["id"], {"addSecurityGroup": {"name": group["name"]}})
        self.assertIn(group["id"], self._ports(server)[0]["security_groups"])
        self.assertIn(group["name"], [each["name"] for each in self.api.get_server(server["id"])["security_groups"]])
        self.api.post_server_action(server["id"], {"removeSecurityGroup": {"name": group["name"]}})
        self.assertNotIn(group["id"], self._ports(server)[0]["security_groups"])
        self._delete_server(server)
        self.network_client.delete_security_group(group["id"])

    def test_a_live_migration_takes_the_binding_along(self) -> None:
        server = self._boot(host="host-1", api=self.admin_api)
        before = self._bound(server, "host-1")
        self._live_migrate(server, api=self.admin_api, host="host-2")
        after = self._bound(server, "host-2")
        self.assertEqual((before["id"], before["fixed_ips"]), (after["id"], after["fixed_ips"]))
        self._until("the source has no binding", lambda: len(self._bindings(after)) == 1)
        self._delete_server(server)

    def test_servers_reach_each_other_before_a_live_migration_and_after(self) -> None:
        one, two = (self._boot(host=host, api=self.admin_api) for host in HOSTS)
        self._check_packets(one, two)
        self._live_migrate(one, api=self.admin_api, host="host-2")
        self._until("it works there", lambda: self._ports(one)[0]["status"] == "ACTIVE")
        self._check_packets(one, two)
        for each in (one, two):
            self._delete_server(each)

    def _check_packets(self, one: dict[str, Any], two: dict[str, Any]) -> None:
        """Both have the addresses that they should have, and the first reaches the second."""
        (near,), (far,) = self._ports(one), self._ports(two)
        for port in (near, far):
            address = ask_host("lease", port["binding:host_id"], port["id"])
            self.assertEqual([address], [each["ip_address"] for each in port["fixed_ips"]])
        there = far["fixed_ips"][0]["ip_address"]
        self._until("an answer", lambda: ask_host("ping", near["binding:host_id"], near["id"], address=there))

    def test_a_live_migration_without_an_interface_at_the_destination_is_given_up(self) -> None:
        server = self._boot(host="host-1", api=self.admin_api)
        self.flags(vif_plugging_timeout=3)
        self.useFixture(fixtures.MonkeyPatch("plugging.PluggingDriver.broken", {"host-2"}))
        self._live_migrate(server, migration_expected_state="failed", api=self.admin_api, host="host-2")
        port = self._bound(server, "host-1")
        self.assertEqual("ACTIVE", port["status"])
        self._until("the destination has no binding", lambda: len(self._bindings(port)) == 1)
        self._delete_server(server)

    def _bindings(self, port: dict[str, Any]) -> list[Any]:
        return self.service.list_port_bindings(port["id"])["bindings"]

    def test_a_cold_migration_takes_the_port_along_and_back(self) -> None:
        server = self._boot(host="host-1", api=self.admin_api)
        for action, host in (("revertResize", "host-1"), ("confirmResize", "host-2")):
            self._migrate_server(server, api=self.admin_api, host="host-2")
            self._bound(server, "host-2")
            self.api.post_server_action(server["id"], {action: None})
            self._wait_for_state_change(server, "ACTIVE")
            self._until(f"it is on {host}", lambda: self._ports(server)[0]["binding:host_id"] == host)  # noqa: B023
        self._delete_server(server)

    def test_an_evacuation_takes_the_port_along(self) -> None:
        server = self._boot(host="host-1", api=self.admin_api)
        self.computes["host-1"].stop()
        self._force_down("host-1")
        self.admin_api.post_server_action(server["id"], {"evacuate": {"host": "host-2"}})
        self._until("it is on host-2", lambda: self._ports(server)[0]["binding:host_id"] == "host-2")
        self._wait_for_server_parameter(server, {"OS-EXT-STS:task_state": None}, api=self.admin_api)
        self._bound(server, "host-2")

    def _force_down(self, host: str) -> None:
        (service,) = (
            each for each in self.admin_api.get_services() if each["host"] == host and each["binary"] == "nova-compute"
        )
        self.admin_api.put_service_force_down(service["id"], True)

    def test_a_shelved_server_is_on_no_host(self) -> None:
        server = self._boot()
        self._shelve_server(server)
        self.assertEqual("", self._ports(server)[0]["binding:host_id"])
        self._unshelve_server(server)
        self._bound(server, self.admin_api.get_server(server["id"])["OS-EXT-SRV-ATTR:host"])
        self._delete_server(server)

    def test_a_network_is_made_for_who_asks_for_none(self) -> None:
        self.service.delete_network(self.network["id"])
        server = self._create_server(networks="auto")
        (port,) = self._ports(server)
        self._delete_server(server)
        topology = self.network_client.get_auto_allocated_topology(PROJECT)["auto_allocated_topology"]
        self.addCleanup(self.network_client.delete_auto_allocated_topology, PROJECT)
        self.assertEqual(topology["id"], port["network_id"])

    def test_a_project_at_its_quota_gets_no_server(self) -> None:
        used = len(self.service.list_ports(project_id=PROJECT)["ports"])
        self.service.update_quota(PROJECT, {"quota": {"port": used}})
        self.addCleanup(self.service.delete_quota, PROJECT)
        refused = self._build_server(networks=[{"uuid": self.network["id"]}])
        error = self.assertRaises(OpenStackApiException, self.api.post_server, {"server": refused})
        self.assertEqual(403, error.response.status_code)

    def test_networks_and_ports_that_are_not_there_are_refused(self) -> None:
        absent = "6a7b8c9d-0000-4000-8000-000000000001"
        for network in ({"uuid": absent}, {"port": absent}):
            error = self.assertRaises(
                OpenStackApiException, self.api.post_server, {"server": self._build_server(networks=[network])}
            )
            self.assertEqual(400, error.response.status_code)
