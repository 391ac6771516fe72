"""What ``alcor agent status`` and ``ports`` show of a running agent."""

import datetime
from typing import Any

from alcor.agent.counters import Counters
from alcor.agent.health.reporting import HealthReports
from alcor.agent.on_demand.asking import Asking
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.reconcile import Reconciler
from alcor.agent.rescue.relay import Relay
from alcor.agent.routing.routing import Routing
from alcor.agent.services.listening import Services
from alcor.agent.southbound import Southbound
from alcor.agent.trust.membership import Membership
from alcor.agent.wanted import Wanted
from alcor.dataplane.subnet_acls import subnet_acls
from alcor.model.addresses import mac_text
from alcor.model.goal_state import Port
from alcor.model.identifiers import id_text


class Inspection:
    """Reads the parts of an agent; changes nothing."""

    def __init__(
        self,
        host_id: str,
        wanted: Wanted,
        reconciler: Reconciler,
        southbound: Southbound,
        on_demand: OnDemand,
        asking: Asking,
        routing: Routing,
        services: Services,
        health: HealthReports,
        relay: Relay,
        counters: Counters,
        membership: Membership | None = None,
    ) -> None:
        self._host_id, self._wanted, self._reconciler = host_id, wanted, reconciler
        self._routing, self._services, self._health = routing, services, health
        self._membership = membership
        self._relay = relay
        self._southbound, self._on_demand, self._asking, self._counters = southbound, on_demand, asking, counters

    async def status(self) -> dict[str, Any]:
        """The agent at a glance."""
        wanted, reconciler = self._wanted, self._reconciler
        return {
            "host_id": self._host_id,
            "controller": self._southbound.controller,
            "relayed_by": self._southbound.relay if self._southbound.controller else "",
            "relays_for": sorted(self._relay.hosts()),
            "revision": wanted.state.revision,
            "saved_revision": wanted.saved_revision,
            "goal_state": "complete" if wanted.complete else "waiting for a snapshot",
            "trouble": reconciler.trouble,
            "services": self._services.trouble or "answered",
            "certificate": self._certificate(),
            **self._health_now(),
            **self.gauges(),
            "network_config_managers": self._asking.managers(),
            "counters": dict(sorted(self._counters.values.items())),
        }

    def _health_now(self) -> dict[str, Any]:
        health = self._health.health()
        return {
            "data_plane": health.data_plane.name,
            "health": health.trouble or "good",
            "hosts_probed": health.probed,
        }

    def _certificate(self) -> str:
        membership = self._membership
        if membership is None:
            return "none is shown"
        if not membership.ends_at:
            return membership.trouble or "none yet"
        ends_at = datetime.datetime.fromtimestamp(membership.ends_at, datetime.UTC)
        state = "ended" if membership.current() is None else "until"
        trouble = f"; {membership.trouble}" if membership.trouble else ""
        return f"{state} {ends_at:%Y-%m-%dT%H:%M:%SZ}{trouble}"

    async def ports(self) -> list[dict[str, Any]]:
        """Every port of this host, and how it does."""
        states = self._reconciler.port_states.states
        ports = []
        for port_id, port in sorted(self._wanted.state.ports.items()):
            state = states.get(port_id)
            ports.append(
                {
                    "id": id_text(port_id),
                    "vni": port.vni,
                    "mac_address": mac_text(port.mac),
                    "fixed_ips": [address for _, address in port.fixed_ips],
                    "port_security": port.port_security,
                    "security_groups": list(map(id_text, port.security_groups)),
                    "network_acls": self._network_acls(port),
                    "state": state.state.name if state else "PENDING",
                    "reason": state.reason if state else "",
                }
            )
        return ports

    def _network_acls(self, port: Port) -> list[str]:
        """The network ACLs of the port's subnets."""
        acls = subnet_acls(port, self._wanted.state.subnets)
        return list(dict.fromkeys(id_text(each.acl) for each in acls if each.acl is not None))

    def gauges(self) -> dict[str, int]:
        """How much there is of what."""
        state = self._wanted.state
        states = self._reconciler.port_states.states.values()
        up = sum(port.state.name == "UP" for port in states)
        return {
            "connected": int(bool(self._southbound.controller)),
            "vpcs": len(state.vpcs),
            "ports": len(state.ports),
            "ports_up": up,
            "interfaces_unclaimed": sum(port.unclaimed for port in states),
            "hosts": len(state.vteps),
            "vpcs_on_demand": len(self._on_demand.vnis()),
            "vpcs_without_manager": sum(self._on_demand.manager(vni) is None for vni in self._on_demand.vnis()),
            "routers": len(state.routers),
            "security_groups": len(state.security_groups),
            "network_acls": len(state.network_acls),
            "topics_read": self._southbound.topics.read,
            "learned_by_topic": self._southbound.topics.fed,
            "next_hops": self._routing.next_hops.count(),
            "hosts_relayed": len(self._relay.hosts()),
            "hosts_unreached": len(self._health.health().unreached),
            "neighbours_learned": self._on_demand.learned.count(),
            "neighbours": sum(len(neighbours.forwarding) for neighbours in state.neighbours.values()),
        }
