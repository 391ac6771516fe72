"""All that the Java Alcor's managers serve is routed, also under /v4; rows are method and path."""

import pytest

from alcor.api.neutron.routes import neutron_routes
from alcor.api.routes import Routes
from alcor.api.vpc.routes import alcor_routes
from alcor.store.store import Store

PROJECT = "/project/p1"

ROWS = """
VPC: POST GET {p}/vpcs; GET PUT DELETE {p}/vpcs/v; POST {p}/vpcs/bulk; GET {p}/vpcs/count
segments: POST GET {p}/segments; GET PUT DELETE {p}/segments/s
ranges of VNIs: POST GET {p}/network_segment_ranges; GET PUT DELETE {p}/network_segment_ranges/r
IP availability: GET /network-ip-availabilities; GET /network-ip-availabilities/v
subnet: POST GET {p}/subnets; GET PUT DELETE {p}/subnets/s; POST {p}/subnets/bulk; PUT {p}/subnets/s/update_routes
port: POST GET {p}/ports; GET PUT DELETE {p}/ports/p; POST PUT {p}/ports/bulk
port of routers: PUT {p}/update-l3-neighbors; GET {p}/subnet-port-count/s
private IP: POST PUT /ips; POST PUT DELETE /ips/bulk; GET DELETE /ips/r/10.0.0.1; GET /ips/r; POST /ips/update
private IP ranges: POST GET /ips/range; GET DELETE /ips/range/r
MAC: POST /macs; POST /macs/bulk; POST /macs/range/r; POST /macs/range/r/bulk; GET PUT DELETE /macs/m
MAC ranges: POST GET /macs/ranges; GET PUT DELETE /macs/ranges/r
router of a VPC: GET POST DELETE {p}/vpcs/v/router
route tables: GET POST PUT {p}/vpcs/v/vpcroutetable; GET {p}/vpcs/v/routetables; GET {p}/routetables/t
route table of a subnet: GET POST PUT DELETE {p}/subnets/s/routetable
router: POST GET {p}/routers; GET PUT DELETE {p}/routers/r
router interfaces: PUT {p}/routers/r/add_router_interface; PUT {p}/routers/r/remove_router_interface
extra routes: PUT {p}/routers/r/add_extraroutes; PUT {p}/routers/r/remove_extraroutes
connected subnets: GET {p}/vpcs/v/subnets/s/connected-subnets
security group: POST GET {p}/security-groups; GET PUT DELETE {p}/security-groups/g; POST {p}/security-groups/bulk
default security group: GET {p}/security-groups/default/p1
members of security groups: POST {p}/bind-security-groups; POST {p}/unbind-security-groups
security group rule: POST GET {p}/security-group-rules; GET PUT DELETE {p}/security-group-rules/r
security group rules: POST {p}/security-group-rules/bulk
VPC's router: GET POST DELETE {p}/vpcs/v/router; GET POST PUT {p}/vpcs/v/vpcroutetable; GET {p}/vpcs/v/routetables
route table: GET {p}/routetables/t; GET POST PUT DELETE {p}/subnets/s/routetable
router: POST GET {p}/routers; GET PUT DELETE {p}/routers/r; GET {p}/vpcs/v/subnets/s/connected-subnets
router's interfaces: PUT {p}/routers/r/add_router_interface; PUT {p}/routers/r/remove_router_interface
router's routes: PUT {p}/routers/r/add_extraroutes; PUT {p}/routers/r/remove_extraroutes
security group: POST GET {p}/security-groups; GET PUT DELETE {p}/security-groups/g; POST {p}/security-groups/bulk
default group: GET {p}/security-groups/default/p1; POST {p}/bind-security-groups; POST {p}/unbind-security-groups
rule: POST GET {p}/security-group-rules; GET PUT DELETE {p}/security-group-rules/r; POST {p}/security-group-rules/bulk
network ACL: POST GET {p}/network-acls; GET PUT DELETE {p}/network-acls/a; POST PUT {p}/network-acls/bulk
network ACL rule: POST GET {p}/network-acl-rules; GET PUT DELETE {p}/network-acl-rules/r
network ACL rules: POST PUT {p}/network-acl-rules/bulk
gateway: POST GET {p}/gateways; GET PUT DELETE {p}/gateways/g
gateway attachment: POST GET {p}/gateways/g/attachments; GET PUT DELETE {p}/gateways/g/attachments/a
gateway route table: POST GET {p}/gateways/g/routetables; GET PUT DELETE {p}/gateways/g/routetables/t
association: PUT {p}/gateways/g/routetables/t/associate; PUT {p}/gateways/g/routetables/t/de-associate
Java's other path of these: PUT DELETE {p}/gateways/g/routetable/t; PUT {p}/gateways/g/routetable/t/associate
gateway of a VPC: POST {p}/gatewayinfo; PUT DELETE {p}/gatewayinfo/v
elastic IP: POST GET {p}/elasticips; GET PUT DELETE {p}/elasticips/e
elastic IP ranges: POST GET /elasticip-ranges; GET PUT DELETE /elasticip-ranges/r
quota: GET {p}/quotas; GET PUT DELETE {p}/quotas/q; GET {p}/quotas/q/default; GET {p}/quotas/q/details.json
quota apply: POST {p}/quota/apply; DELETE /quota/apply/a
node: POST PUT GET /nodes; GET PUT DELETE /nodes/n; POST /nodes/bulk; POST /nodes/upload
NCM: POST GET /ncms; GET PUT DELETE /ncms/n
DPM: DELETE /nodes; POST PUT DELETE /network-configuration
"""


def rows() -> list[tuple[str, str]]:
    """Method and path of each row."""
    found = []
    for line in ROWS.strip().splitlines():
        for row in line.split(": ", 1)[1].split("; "):
            *methods, path = row.split()
            found += [(method, path.replace("{p}", PROJECT)) for method in methods]
    return found


@pytest.mark.parametrize("prefix", ["", "/v4"])
async def test_every_row_is_routed(store: Store, prefix: str) -> None:
    routes = Routes([*neutron_routes(store, 5), *alcor_routes(store, 5)])
    assert len(rows()) > 100
    for method, path in rows():
        route, _ = routes.find(method, prefix + path)
        assert _is_of_alcor(route.template, prefix), (method, path, route.template)


def _is_of_alcor(template: str, prefix: str) -> bool:
    """Whether the route is Alcor's own and under the prefix, not one that takes the path for something else."""
    return not template.startswith("/v2.0") and template.startswith("/v4/") == bool(prefix)
