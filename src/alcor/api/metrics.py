"""What operators see of the API in Prometheus' terms, and the page that shows all metrics of the process."""

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest

from alcor.api.http import Request, Response
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.model.schema import STRING

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class ApiMetrics:
    """Requests by method, route and status, with the time they took."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        self._seconds = Histogram(
            "alcor_api_request_seconds",
            "From reading a request until its answer was ready",
            ["method", "route", "status"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._children: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        key = (method, route, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._seconds.labels(method, route, str(status))
        child.observe(seconds)

    def routes(self) -> list[Route]:
        """The page of metrics."""

        async def show(_request: Request) -> Response:
            return Response(200, generate_latest(self._registry), CONTENT_TYPE_LATEST.encode())

        said = Operation("Its metrics, for Prometheus", "about the process", STRING, answer_type="text/plain")
        return [Route("GET", "/metrics", show, said, public=True)]
