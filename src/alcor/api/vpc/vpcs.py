"""A project's VPCs."""

from sqlalchemy import Connection

from alcor.api.http import Request, Response, json_response
from alcor.api.neutron import query
from alcor.api.neutron.collection import Collection, Shape
from alcor.api.openapi.schemas import list_parameters
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.model.schema import INTEGER, holding
from alcor.services.floating_ips.external_network import VPCS
from alcor.store.listing.page import count_rows
from alcor.store.store import Store


def vpc_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the VPC Manager under the prefix of a project."""
    shape = Shape(f"{prefix}/vpcs", one="network", several="networks", answers_delete=True)
    collection = Collection(store, VPCS, page_limit, shape)

    async def count(request: Request) -> Response:
        listed = query.parse(VPCS.resource, request.query(), page_limit)
        wanted = collection.scoped(request, listed.query)

        def counted(connection: Connection) -> int:
            return count_rows(connection, VPCS.table, wanted)

        return json_response(200, {"Count": await store.read(counted)})

    counts = Operation(
        "How many VPCs there are", "networks", holding({"Count": INTEGER}), query=list_parameters(VPCS.resource)
    )
    return [
        *collection.routes(),
        collection.bulk_route(),
        Route("GET", f"{shape.path}/count", count, counts),
    ]
