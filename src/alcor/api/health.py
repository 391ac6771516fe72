"""Whether the process lives (``/healthz``) and whether it can serve (``/readyz``)."""

from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from alcor.api.http import Request, Response, json_response
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.model.schema import STRING, holding
from alcor.store import change_log
from alcor.store.store import Store

_GROUP = "about the process"


def routes(store: Store, not_ready: Callable[[], str | None]) -> list[Route]:
    """The two pages. ``not_ready`` says why the controller is not ready, or None."""

    async def alive(_request: Request) -> Response:
        return json_response(200, {"status": "alive"})

    async def ready(_request: Request) -> Response:
        reason = not_ready() or await _database_problem(store)
        if reason is not None:
            return json_response(503, {"status": "not ready", "reason": reason})
        return json_response(200, {"status": "ready"})

    lives = Operation("Whether the process lives", _GROUP, holding({"status": {"enum": ["alive"]}}))
    serves = Operation(
        "Whether it can serve",
        _GROUP,
        holding({"status": {"enum": ["ready"]}}),
        also={503: holding({"status": {"enum": ["not ready"]}, "reason": STRING})},
    )
    return [Route("GET", "/healthz", alive, lives, public=True), Route("GET", "/readyz", ready, serves, public=True)]


async def _database_problem(store: Store) -> str | None:
    try:
        await store.read(change_log.head)
    except SQLAlchemyError as error:
        return f"the database cannot be read: {str(error).splitlines()[0]}"
    return None
