"""All routes of Alcor's own API, each also under /v4."""

from alcor.api.routes import Route
from alcor.api.vpc.nodes import node_routes
from alcor.store.store import Store


def vpc_routes(store: Store, page_limit: int) -> list[Route]:
    """Alcor's API on a store."""
    routes: list[Route] = []
    for prefix in ("", "/v4"):
        routes += node_routes(store, page_limit, prefix)
    return routes
