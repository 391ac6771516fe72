"""``/openapi.json`` and ``/docs``."""

from collections.abc import Sequence
from functools import lru_cache

import orjson

from alcor.api.http import Request, Response
from alcor.api.openapi.document import openapi_document
from alcor.api.openapi.page import openapi_page
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.model.schema import OBJECT, STRING


def openapi_routes(routes: Sequence[Route]) -> list[Route]:
    """The document and the page that describe these routes; made when they are first asked for."""

    @lru_cache(1)
    def document() -> bytes:
        return orjson.dumps(openapi_document([*routes, *own]))

    @lru_cache(1)
    def page() -> bytes:
        return openapi_page(orjson.loads(document())).encode()

    async def show_document(_request: Request) -> Response:
        return Response(200, document())

    async def show_page(_request: Request) -> Response:
        return Response(200, page(), b"text/html; charset=utf-8")

    said = Operation("This description", "about the API", OBJECT)
    shown = Operation("This description as a page", "about the API", STRING, answer_type="text/html")
    own = [
        Route("GET", "/openapi.json", show_document, said, public=True),
        Route("GET", "/docs", show_page, shown, public=True),
    ]
    return own
