"""A project's ports."""

from alcor.api.neutron.collection import Collection, Shape
from alcor.api.neutron.port_trace import port_trace_routes
from alcor.api.routes import Route
from alcor.api.vpc.bulk import bulk_routes
from alcor.services.project import PROJECT_PORTS, update_project_ports_together
from alcor.store.store import Store


def port_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Port Manager under the prefix of a project."""
    shape = Shape(f"{prefix}/ports", one="port", several="ports", answers_delete=True)
    collection = Collection(store, PROJECT_PORTS, page_limit, shape)
    bulk = bulk_routes(store, PROJECT_PORTS, collection, shape, update_project_ports_together)
    return [*collection.routes(), *bulk, *port_trace_routes(store, prefix)]
