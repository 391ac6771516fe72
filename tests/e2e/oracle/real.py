"""A world made by the API, on two hosts with Open vSwitch, and changed by it."""

import asyncio
from collections.abc import Callable
from typing import Any

from alcor.testbed.cloud import Cloud
from alcor.testbed.testbed import Testbed
from alcor.testbed.workload import Workload
from tests.e2e.by_hand import plug_by_hand
from tests.e2e.oracle.world import PORTS, AclRule, Rule, World
from tests.e2e.probes import serve


class Real:
    """A world, and what stands for it. Each change is made in both."""

    def __init__(self, testbed: Testbed, cloud: Cloud, world: World) -> None:
        self.world = world
        self.workloads: dict[str, Workload] = {}
        self._testbed, self._cloud = testbed, cloud
        self._ids: dict[str, str] = {}
        self._subnets: dict[str, list[Any]] = {}
        self._rules: dict[tuple[str, Rule], str] = {}
        self._acls: dict[str, Any] = {}
        self._acl_rules: dict[tuple[str, AclRule], Any] = {}
        self._closing: list[Callable[[], None]] = []

    async def make(self) -> None:
        """Create all there is, and have every workload answer."""
        world, cloud = self.world, self._cloud
        for name, on_demand in world.on_demand.items():
            self._ids[name] = (await cloud.create("network", name=name))["id"]
            await self.set_on_demand(name, on_demand)
        for name in world.routers:
            self._ids[name] = (await cloud.create("router", name=name))["id"]
        for name, subnet in world.subnets.items():
            network = {"network_id": self._ids[subnet.network]}
            self._subnets[name] = [
                await cloud.create("subnet", ip_version=version, cidr=cidr, **network)
                for version, cidr in subnet.cidrs.items()
            ]
            if subnet.router:
                await self.join(name, subnet.router)
        for name, addresses in world.address_groups.items():
            created = await cloud.create("address_group", name=name, addresses=sorted(addresses))
            self._ids[name] = created["id"]
        await self._make_groups()
        await self._make_acls()
        await asyncio.gather(*(self._make_workload(name) for name in world.workloads))
        await asyncio.to_thread(self._testbed.wait_steady)

    async def _make_groups(self) -> None:
        groups = self.world.groups.items()
        for name, group in groups:
            created = await self._cloud.create("security_group", name=name, stateful=group.is_stateful)
            self._ids[name] = created["id"]
            for begins_with in created["security_group_rules"]:
                await self._cloud.delete("security_group_rule", begins_with["id"])
        for name, group in groups:
            for rule in sorted(group.rules, key=repr):
                await self.add_rule(name, rule)

    async def _make_acls(self) -> None:
        for name, acl in self.world.acls.items():
            network = await self._cloud.show("network", self._ids[acl.network])
            project = network["project_id"]
            self._acls[name] = await self._cloud.create_alcors("network_acl", project, vpc_id=network["id"])
            for rule in sorted(acl.rules, key=repr):
                await self.add_acl_rule(name, rule)
            await self._associate(name)

    async def _associate(self, acl: str) -> None:
        """Have an ACL hold for the subnets that it holds for in the world."""
        subnets = [name for name, subnet in self.world.subnets.items() if subnet.acl == acl]
        ids = [each["id"] for name in subnets for each in self._subnets[name]]
        await self._cloud.update_alcors("network_acl", self._acls[acl], {"associated_subnets": ids})

    async def _make_workload(self, name: str) -> None:
        workload = self.world.workloads[name]
        subnets = self._subnets[workload.subnet]
        host = self._testbed.hosts[workload.host]
        port = await self._cloud.create(
            "port",
            network_id=subnets[0]["network_id"],
            fixed_ips=[
                {"subnet_id": each["id"], "ip_address": workload.addresses[each["ip_version"]]} for each in subnets
            ],
            security_groups=[self._ids[each] for each in workload.groups],
            port_security_enabled=workload.is_guarded,
            **{"binding:host_id": host.name},
        )
        self._ids[name] = port["id"]
        plugged = await asyncio.to_thread(plug_by_hand, self._testbed, name, host, port, subnets)
        self.workloads[name] = plugged
        self._closing += [await serve(plugged.namespace, number) for number in PORTS]
        await self._cloud.wait_for_status("port", port["id"], "ACTIVE")

    def close(self) -> None:
        """No workload answers any more."""
        for close in self._closing:
            close()

    async def remove(self) -> None:
        """Delete all there is."""
        self.close()
        for name, workload in self.workloads.items():
            await asyncio.to_thread(workload.unplug)
            await self._cloud.delete("port", self._ids[name])
        for name, subnet in self.world.subnets.items():
            await self.set_acl(name, "")
            if subnet.router:
                await self.leave(name)
            for each in self._subnets[name]:
                await self._cloud.delete("subnet", each["id"])
        for group, rule in list(self._rules):
            await self.remove_rule(group, rule)
        for acl in self._acls.values():
            await self._cloud.delete_alcors("network_acl", acl)
        kinds = {"network": self.world.on_demand, "router": self.world.routers, "security_group": self.world.groups}
        for kind, names in (kinds | {"address_group": self.world.address_groups}).items():
            for name in names:
                await self._cloud.delete(kind, self._ids[name])

    async def add_rule(self, group: str, rule: Rule) -> None:
        created = await self._cloud.create("security_group_rule", **self._body(group, rule))
        self._rules[group, rule] = created["id"]
        self.world.groups[group].rules.add(rule)

    def _body(self, group: str, rule: Rule) -> dict[str, Any]:
        body: dict[str, Any] = {
            "security_group_id": self._ids[group],
            "direction": rule.direction,
            "ethertype": f"IPv{rule.version}",
        }
        if rule.protocol:
            body["protocol"] = "ipv6-icmp" if (rule.version, rule.protocol) == (6, "icmp") else rule.protocol
        if rule.ports:
            body["port_range_min"] = rule.ports[0]
            if rule.protocol != "icmp":
                body["port_range_max"] = rule.ports[1]
        if rule.remote_prefix:
            body["remote_ip_prefix"] = rule.remote_prefix
        if rule.remote_group:
            body["remote_group_id"] = self._ids[rule.remote_group]
        if rule.remote_address_group:
            body["remote_address_group_id"] = self._ids[rule.remote_address_group]
        return body

    async def remove_rule(self, group: str, rule: Rule) -> None:
        await self._cloud.delete("security_group_rule", self._rules.pop((group, rule)))
        self.world.groups[group].rules.remove(rule)

    async def set_groups(self, name: str, groups: tuple[str, ...]) -> None:
        """Guard a workload by these."""
        chosen = {"security_groups": [self._ids[each] for each in groups], "port_security_enabled": True}
        await self._update_port(name, chosen)
        self.world.workloads[name].groups, self.world.workloads[name].is_guarded = groups, True

    async def stop_guarding(self, name: str) -> None:
        await self._update_port(name, {"security_groups": [], "port_security_enabled": False})
        self.world.workloads[name].groups, self.world.workloads[name].is_guarded = (), False

    async def set_up(self, name: str, is_up: bool) -> None:
        await self._update_port(name, {"admin_state_up": is_up})
        self.world.workloads[name].is_up = is_up

    async def _update_port(self, name: str, attributes: dict[str, Any]) -> None:
        await self._cloud.update("port", self._ids[name], attributes)

    async def move(self, name: str, host: int) -> None:
        """To the other host."""
        new = self._testbed.hosts[host]
        await self._update_port(name, {"binding:host_id": new.name})
        await asyncio.to_thread(self.workloads[name].move, new)
        self.world.workloads[name].host = host
        await asyncio.to_thread(self._testbed.wait_steady)

    async def set_router_up(self, name: str, is_up: bool) -> None:
        await self._cloud.update("router", self._ids[name], {"admin_state_up": is_up})
        self.world.routers[name] = is_up

    async def join(self, subnet: str, router: str) -> None:
        """Have a router in a pair of subnets."""
        for each in self._subnets[subnet]:
            await self._cloud.act("router", self._ids[router], "add_router_interface", subnet_id=each["id"])
        self.world.subnets[subnet].router = router

    async def leave(self, subnet: str) -> None:
        router = self.world.subnets[subnet].router
        for each in self._subnets[subnet]:
            await self._cloud.act("router", self._ids[router], "remove_router_interface", subnet_id=each["id"])
        self.world.subnets[subnet].router = ""

    async def add_acl_rule(self, acl: str, rule: AclRule) -> None:
        about: dict[str, Any] = {"ether_type": f"ipv{rule.version}"} if rule.version else {}
        if rule.protocol:
            about["protocol"] = "icmpv6" if (rule.version, rule.protocol) == (6, "icmp") else rule.protocol
        if rule.ports and rule.protocol == "icmp":
            about["icmp_type"] = rule.ports[0]
        elif rule.ports:
            about |= {"port_range_min": rule.ports[0], "port_range_max": rule.ports[1]}
        if rule.prefix:
            about["ip_prefix"] = rule.prefix
        self._acl_rules[acl, rule] = await self._cloud.create_alcors(
            "network_acl_rule",
            self._acls[acl]["project_id"],
            network_acl_id=self._acls[acl]["id"],
            number=rule.number,
            direction=rule.direction,
            action="allow" if rule.allows else "deny",
            **about,
        )
        self.world.acls[acl].rules.add(rule)

    async def remove_acl_rule(self, acl: str, rule: AclRule) -> None:
        await self._cloud.delete_alcors("network_acl_rule", self._acl_rules.pop((acl, rule)))
        self.world.acls[acl].rules.remove(rule)

    async def set_acl(self, subnet: str, acl: str) -> None:
        """Have an ACL hold for a pair of subnets, or (empty) none."""
        chosen = self.world.subnets[subnet]
        before, chosen.acl = chosen.acl, acl
        for name in {before, acl} - {""}:
            await self._associate(name)

    async def set_addresses(self, name: str, addresses: set[str]) -> None:
        """Have an address group name these."""
        had = self.world.address_groups[name]
        for action, changed in (("add_addresses", addresses - had), ("remove_addresses", had - addresses)):
            if changed:
                await self._cloud.act("address_group", self._ids[name], action, addresses=sorted(changed))
        self.world.address_groups[name] = addresses

    async def set_on_demand(self, network: str, on_demand: bool) -> None:
        await self._cloud.set_programming(self._ids[network], "on_demand" if on_demand else "push")
        self.world.on_demand[network] = on_demand
