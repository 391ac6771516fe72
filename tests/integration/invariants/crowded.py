"""A cloud in which there is something of everything: at least one row in each table."""

from functools import partial
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from alcor.api.app import ApiSettings, create_app
from alcor.model.choices import Choices
from alcor.model.context import DEFAULT_PROJECT
from alcor.services.hosts import host_session, node_health
from alcor.services.hosts.node_health import Told
from alcor.services.hosts.relay_secret import relay_secret
from alcor.services.trust import authorities
from alcor.store.store import open_store


class Maker:
    """Makes things through the APIs; what they refer to is named in what is asked."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def ask(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """The answer to a request that must succeed."""
        answer = await self.client.request(method, path, json=body)
        assert answer.is_success, (path, answer.text)
        return answer.json() if answer.content else None

    async def __call__(self, path: str, member: str, **attributes: Any) -> Any:
        """A new resource of Neutron's API: its attributes."""
        return (await self.ask("POST", f"/v2.0/{path}", {member: attributes}))[member]


async def crowd(path: Path) -> None:
    """Make the cloud in a new SQLite database."""
    store = await open_store(f"sqlite:///{path}", Choices(tells_compute=True))
    try:
        application = create_app(store, ApiSettings(), lambda: None, CollectorRegistry())
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://alcor") as client:
            make = Maker(client)
            await _hosts(make)
            policy = await _policies(make)
            network = await _networks(make, policy)
            await _subnet_pools(make)
            group = await _groups(make)
            port = await _ports(make, network, group)
            await _routers(make, network, policy, port)
            await _proxies(make)
            await _acls(make, network)
            await _gateways(make, network)
            await _route_tables(make, network)
            await _elastic_ips(make, network)
            await _belongings(make, network, group, port)
            await store.write(relay_secret)
            await store.write(partial(node_health.put, told={"host-1": Told(unreached={"host-2": "unreachable"})}))
            await store.write(partial(authorities.make_first, secret=b""))
            await make.ask("POST", "/nodes/host-1/join-token", {})
            await make.ask("POST", "/trust/authorities", {})
        session = host_session.HostSession("host-1", b"0123456789abcdef")
        await store.write(lambda transaction: host_session.claim(transaction, "controller", [session]))
    finally:
        await store.close()


async def _hosts(make: Maker) -> None:
    for number in (1, 2):
        node = {"node_id": f"host-{number}", "local_ip": f"192.0.2.{number}"}
        await make.ask("POST", "/nodes", {"host_info": node})
    await make.ask("POST", "/ncms", {"ncm_info": {"id": "ncm", "uri": "192.0.2.9:1", "cap": 1}})


async def _policies(make: Maker) -> str:
    policy = await make("qos/policies", "policy", name="q", is_default=True, shared=True)
    limit = {"bandwidth_limit_rule": {"max_kbps": 1000}}
    await make.ask("POST", f"/v2.0/qos/policies/{policy['id']}/bandwidth_limit_rules", limit)
    return str(policy["id"])


async def _networks(make: Maker, policy: str) -> str:
    network = await make("networks", "network", name="n", qos_policy_id=policy)
    await make("networks", "network", name="others")
    for kind in ("vxlan", "geneve", "gre", "local"):
        await make("segments", "segment", network_id=network["id"], network_type=kind)
    await make("subnets", "subnet", network_id=network["id"], cidr="10.0.0.0/24")
    await make("subnets", "subnet", network_id=network["id"], cidr="10.0.1.0/24")
    await make("subnets", "subnet", network_id=network["id"], cidr="2001:db8::/64", ip_version=6)
    for number in (1, 2):
        numbers = {"minimum": number * 1000, "maximum": number * 1000 + 9, "network_type": "vxlan", "shared": False}
        await make("network_segment_ranges", "network_segment_range", name="r", **numbers)
        macs = {"from": f"02:00:00:00:0{number}:00", "to": f"02:00:00:00:0{number}:ff", "state": "Active"}
        await make.ask("POST", "/macs/ranges", {"mac_range": macs})
    await make.ask("POST", "/ips", {"vpc_id": network["id"], "ip_version": 4})
    await make.ask("POST", "/macs", {"mac_state": {"project_id": DEFAULT_PROJECT}})
    return str(network["id"])


async def _subnet_pools(make: Maker) -> None:
    scope = await make("address-scopes", "address_scope", ip_version=4)
    pools = [
        await make("subnetpools", "subnetpool", name="p", prefixes=[f"10.{number}.0.0/16"], **more)
        for number, more in (
            (8, {"is_default": True, "default_prefixlen": 26, "address_scope_id": scope["id"]}),
            (9, {}),
        )
    ]
    await make("subnetpools", "subnetpool", name="apart", prefixes=["10.10.0.0/16"], address_scope_id=scope["id"])
    for each in pools:
        network = await make("networks", "network", name="pooled")
        for _ in range(2):
            await make("subnets", "subnet", network_id=network["id"], subnetpool_id=each["id"], prefixlen=24)


async def _groups(make: Maker) -> str:
    await make("security-groups-default-statefulness", "security_group_default_statefulness", project_id=None)
    group = await make("security-groups", "security_group", name="g")
    addresses = await make("address-groups", "address_group", name="a", addresses=["10.9.0.0/24"])
    rule = {"security_group_id": group["id"], "direction": "ingress"}
    await make("security-group-rules", "security_group_rule", **rule, remote_group_id=group["id"])
    await make("security-group-rules", "security_group_rule", **rule, remote_address_group_id=addresses["id"])
    return str(group["id"])


async def _ports(make: Maker, network: str, group: str) -> str:
    bound = {"binding:host_id": "host-1", "device_owner": "compute:nova", "device_id": "vm"}
    port = await make("ports", "port", network_id=network, security_groups=[group], **bound)
    await make.ask("POST", f"/v2.0/ports/{port['id']}/bindings", {"binding": {"host": "host-2"}})
    parent, carried = [await make("ports", "port", network_id=network) for _ in range(2)]
    segment = {"port_id": carried["id"], "segmentation_type": "vlan", "segmentation_id": 7}
    await make("trunks", "trunk", port_id=parent["id"], sub_ports=[segment])
    await make("ports", "port", network_id=network, project_id="guest")
    return str(port["id"])


async def _routers(make: Maker, network: str, policy: str, port: str) -> None:
    outside = await make("networks", "network", is_default=True, **{"router:external": True})
    await make("subnets", "subnet", network_id=outside["id"], cidr="198.51.100.0/24")
    await make.ask("GET", "/v2.0/auto-allocated-topology/auto", {})
    gateway = {"network_id": outside["id"], "qos_policy_id": policy}
    router = await make("routers", "router", external_gateway_info=gateway)
    subnets = (await make.ask("GET", f"/v2.0/subnets?network_id={network}&ip_version=4", {}))["subnets"]
    for each in subnets:
        await make.ask("PUT", f"/v2.0/routers/{router['id']}/add_router_interface", {"subnet_id": each["id"]})
    address = (await make.ask("GET", f"/v2.0/ports/{port}", {}))["port"]["fixed_ips"][0]["ip_address"]
    leads = {"port_id": port, "fixed_ip_address": address}
    await make("floatingips", "floatingip", floating_network_id=outside["id"], **leads)
    await make("floatingips", "floatingip", floating_network_id=outside["id"])
    forwarding = await make("floatingips", "floatingip", floating_network_id=outside["id"])
    server = await make("ports", "port", network_id=network)
    for number in (80, 443):
        ports = {"internal_port_id": server["id"], "internal_port": number, "external_port": number, "protocol": "tcp"}
        await make(f"floatingips/{forwarding['id']}/port_forwardings", "port_forwarding", **ports)
    local = await make("local_ips", "local_ip", network_id=network)
    answering = {"fixed_port_id": server["id"], "fixed_ip": server["fixed_ips"][0]["ip_address"]}
    await make(f"local_ips/{local['id']}/port_associations", "port_association", **answering)
    helper = {"conntrack_helper": {"protocol": "udp", "port": 69, "helper": "tftp"}}
    await make.ask("POST", f"/v2.0/routers/{router['id']}/conntrack_helpers", helper)


async def _proxies(make: Maker) -> None:
    scope = await make("address-scopes", "address_scope", name="6", ip_version=6)
    prefixes = {"prefixes": ["2001:db8:6::/48"], "default_prefixlen": 64, "address_scope_id": scope["id"]}
    pool = await make("subnetpools", "subnetpool", name="6", **prefixes)
    outside = await make("networks", "network", **{"router:external": True})
    inside = await make("networks", "network")
    for network in (outside, inside):
        subnet = await make("subnets", "subnet", network_id=network["id"], subnetpool_id=pool["id"], ip_version=6)
    gateway = {"external_gateway_info": {"network_id": outside["id"]}, "enable_ndp_proxy": True}
    router = await make("routers", "router", **gateway)
    await make.ask("PUT", f"/v2.0/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]})
    port = await make("ports", "port", network_id=inside["id"])
    await make("ndp_proxies", "ndp_proxy", router_id=router["id"], port_id=port["id"])


async def _acls(make: Maker, network: str) -> None:
    project = f"/project/{DEFAULT_PROJECT}"
    subnet = (await make.ask("GET", f"/v2.0/subnets?network_id={network}&limit=1", {}))["subnets"][0]["id"]
    its = {"vpc_id": network, "associated_subnets": [subnet]}
    acls = await make.ask("POST", f"{project}/network-acls/bulk", {"network_acls": [its, {"vpc_id": network}]})
    acl_id = acls["network_acls"][0]["id"]
    for direction in ("ingress", "egress"):
        rule = {"network_acl_id": acl_id, "number": 1, "direction": direction, "action": "allow"}
        await make.ask("POST", f"{project}/network-acl-rules", {"network_acl_rule": rule})


async def _gateways(make: Maker, network: str) -> None:
    project = f"/project/{DEFAULT_PROJECT}/gateways"
    first = (await make.ask("POST", project, {"gateway": {"type": "tgw"}}))["gateway"]["id"]
    await make.ask("POST", project, {"gateway": {"type": "igw"}})
    subnet = (await make.ask("GET", f"/v2.0/subnets?network_id={network}&limit=1", {}))["subnets"][0]["id"]
    others = (await make.ask("GET", "/v2.0/networks?name=others", {}))["networks"][0]["id"]
    attached = []
    for its in ({"name": "a", "resource_id": network, "subnets": [subnet]}, {"resource_id": others}):
        answer = await make.ask("POST", f"{project}/{first}/attachments", {"attachment": its})
        attached.append(answer["attachment"]["id"])
    learning = {"routetable": {"propagations": attached}}
    table = (await make.ask("POST", f"{project}/{first}/routetables", learning))["routetable"]["id"]
    body = {"attachment_id": attached[0]}
    await make.ask("PUT", f"{project}/{first}/routetables/{table}/associate", body)


async def _route_tables(make: Maker, network: str) -> None:
    subnet = (await make.ask("GET", f"/v2.0/subnets?network_id={network}&limit=1", {}))["subnets"][0]["id"]
    table = {"routetable": {"route_table_type": "private_subnet"}}
    await make.ask("POST", f"/project/{DEFAULT_PROJECT}/subnets/{subnet}/routetable", table)


async def _elastic_ips(make: Maker, network: str) -> None:
    for first, last in (("192.0.2.1", "192.0.2.9"), ("192.0.2.20", "192.0.2.29")):
        parts = {"allocation_ranges": [{"start": first, "end": last}]}
        await make.ask("POST", "/elasticip-ranges", {"elasticip-range": parts})
    for _ in range(2):
        port = await make("ports", "port", network_id=network)
        await make.ask("POST", f"/project/{DEFAULT_PROJECT}/elasticips", {"elasticip": {"port_id": port["id"]}})


async def _belongings(make: Maker, network: str, group: str, port: str) -> None:
    await make.ask("PUT", f"/v2.0/networks/{network}/tags", {"tags": ["red", "blue"]})
    await make.ask("PUT", f"/v2.0/quotas/{DEFAULT_PROJECT}", {"quota": {"network": 9, "port": 20}})
    applied = {"resource_deltas": [{"resource": "network", "amount": 1}]}
    await make.ask("POST", f"/project/{DEFAULT_PROJECT}/quota/apply", applied)
    profile = await make("service_profiles", "service_profile", metainfo="x")
    flavor = await make("flavors", "flavor", name="f", service_type="L3_ROUTER_NAT")
    its = {"service_profile": {"id": profile["id"]}}
    await make.ask("POST", f"/v2.0/flavors/{flavor['id']}/service_profiles", its)
    label = await make("metering/metering-labels", "metering_label", name="m")
    counted = {"metering_label_id": label["id"], "remote_ip_prefix": "10.0.0.0/24", "direction": "ingress"}
    await make("metering/metering-label-rules", "metering_label_rule", **counted)
    await make("log/logs", "log", name="l", resource_type="security_group", resource_id=group, target_id=port)
