"""A project's elastic IPs; and the ranges that they are given out from, for operators."""

from alcor.api.neutron.collection import Collection, Shape
from alcor.api.routes import Route
from alcor.services.floating_ips.elastic_ip import ELASTIC_IPS
from alcor.services.floating_ips.elastic_ip_range import ELASTIC_IP_RANGES
from alcor.store.store import Store


def elastic_ip_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The elastic IPs of the Elastic IP Manager under the prefix of a project."""
    shape = Shape(f"{prefix}/elasticips", "elasticip", "elasticips", answers_delete=True)
    return Collection(store, ELASTIC_IPS, page_limit, shape).routes()


def elastic_ip_range_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The ranges of the Elastic IP Manager under a prefix."""
    shape = Shape(f"{prefix}/elasticip-ranges", "elasticip-range", "elasticip-ranges", answers_delete=True)
    return Collection(store, ELASTIC_IP_RANGES, page_limit, shape).routes()
