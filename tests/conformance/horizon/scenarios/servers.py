"""Servers that scenarios need: Horizon names ports that floating IPs can have by them."""

import uuid

from tests.conformance.horizon.compute import server
from tests.conformance.horizon.site import Shown, Site


def server_port(site: Site, project_id: str, name: str) -> Shown:
    """The port of a new server, in a network behind a router: 10.1.0.10."""
    server_id = str(uuid.uuid4())
    site.servers.append(server(server_id, name, project_id))
    network, subnet = site.network(project_id, name, "10.1.0.0/24")
    gateway = {"network_id": site.cloud.public_network_id}
    router = site.create("router", project_id=project_id, name=name, external_gateway_info=gateway)
    site.add_interface(router["id"], subnet["id"])
    values = {"device_id": server_id, "device_owner": "compute:nova", "fixed_ips": [{"ip_address": "10.1.0.10"}]}
    return site.create("port", project_id=project_id, network_id=network["id"], name=name, **values)
