"""A project's ranges of VNIs."""

from alcor.api.neutron.collection import Collection, Shape
from alcor.api.routes import Route
from alcor.services.network_segment_range import NETWORK_SEGMENT_RANGES
from alcor.store.store import Store


def segment_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Segment Manager under the prefix of a project."""
    resource = NETWORK_SEGMENT_RANGES.resource
    path = f"{prefix}/network_segment_ranges"
    shape = Shape(path, resource.name, resource.collection, answers_delete=True)
    return Collection(store, NETWORK_SEGMENT_RANGES, page_limit, shape).routes()
