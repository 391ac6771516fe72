"""The segments of a project's networks, and its ranges of VNIs."""

from alcor.api.neutron.collection import Collection, Shape
from alcor.api.routes import Route
from alcor.services.networks.network_segment import SEGMENTS
from alcor.services.networks.network_segment_range import NETWORK_SEGMENT_RANGES
from alcor.store.store import Store


def segment_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Segment Manager under the prefix of a project."""
    routes: list[Route] = []
    for manager in (SEGMENTS, NETWORK_SEGMENT_RANGES):
        resource = manager.resource
        shape = Shape(f"{prefix}/{resource.collection}", resource.name, resource.collection, answers_delete=True)
        routes += Collection(store, manager, page_limit, shape).routes()
    return routes
