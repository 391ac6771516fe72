"""All routes of Alcor's own API, each also under /v4."""

import msgspec

from alcor.api.http import Request, Response
from alcor.api.neutron.ip_availability import ip_availability_routes
from alcor.api.neutron.quotas import quota_routes
from alcor.api.project import named_project
from alcor.api.routes import Route
from alcor.api.vpc.elastic_ips import elastic_ip_range_routes, elastic_ip_routes
from alcor.api.vpc.gateways import gateway_routes
from alcor.api.vpc.ips import ip_routes
from alcor.api.vpc.l3_neighbours import l3_neighbour_routes
from alcor.api.vpc.macs import mac_routes
from alcor.api.vpc.network_acls import network_acl_routes
from alcor.api.vpc.network_configuration import network_configuration_routes
from alcor.api.vpc.nodes import ncm_routes, node_routes
from alcor.api.vpc.ports import port_routes
from alcor.api.vpc.quotas import quota_apply_routes
from alcor.api.vpc.route_tables import route_table_routes
from alcor.api.vpc.routers import router_routes
from alcor.api.vpc.security_groups import security_group_routes
from alcor.api.vpc.segments import segment_routes
from alcor.api.vpc.subnets import subnet_routes
from alcor.api.vpc.trust import trust_routes
from alcor.api.vpc.vpcs import vpc_routes
from alcor.model.errors import not_found
from alcor.services.trust.settings import TrustSettings
from alcor.store.store import Store


def alcor_routes(store: Store, page_limit: int, trust: TrustSettings | None = None) -> list[Route]:
    """Alcor's API on a store."""
    routes: list[Route] = []
    for prefix in ("", "/v4"):
        project = f"{prefix}/project/{{project_id}}"
        routes += node_routes(store, page_limit, prefix)
        routes += trust_routes(store, prefix, trust or TrustSettings())
        routes += ip_routes(store, page_limit, prefix)
        routes += mac_routes(store, prefix)
        routes += elastic_ip_range_routes(store, page_limit, prefix)
        routes += ip_availability_routes(store, page_limit, f"{prefix}/network-ip-availabilities")
        routes += network_configuration_routes(store, prefix)
        routes += ncm_routes(store, page_limit, prefix)
        routes += quota_routes(store, f"{project}/quotas")
        routes += quota_apply_routes(store, prefix, project)
        routes += vpc_routes(store, page_limit, project)
        routes += segment_routes(store, page_limit, project)
        routes += subnet_routes(store, page_limit, project)
        routes += port_routes(store, page_limit, project)
        routes += l3_neighbour_routes(store, project)
        routes += route_table_routes(store, page_limit, project)
        routes += router_routes(store, page_limit, project)
        routes += security_group_routes(store, page_limit, project)
        routes += network_acl_routes(store, page_limit, project)
        routes += gateway_routes(store, page_limit, project)
        routes += elastic_ip_routes(store, page_limit, project)
    of_ports = "/v4/{project_id}"  # the Java Port Manager's alias
    routes += [*port_routes(store, page_limit, of_ports), *l3_neighbour_routes(store, of_ports)]
    return [_within_own_project(route) if "{project_id}" in route.template else route for route in routes]


def _within_own_project(route: Route) -> Route:
    """The route, for callers who work in the project of the path, and administrators: to others there is no such."""

    async def handler(request: Request) -> Response:
        context, project_id = request.context, named_project(request.parameters["project_id"])
        if not context.is_admin and project_id != context.project_id:
            raise not_found("project", project_id)
        return await route.handler(request)

    return msgspec.structs.replace(route, handler=handler)
