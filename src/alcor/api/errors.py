"""From what went wrong to what the client is told, in Neutron's error format."""

import logging

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from alcor.api.http import Response, json_response
from alcor.model.errors import AlcorError
from alcor.store.group_commit import CommitUnknown, StoreClosed

log = logging.getLogger(__name__)


def error_response(error: Exception, request_id: str) -> Response:
    """The answer to a request that raised. What is not the client's fault is logged."""
    if isinstance(error, AlcorError):
        answer = _response(error.status, error.kind, error.message, error.detail)
        if not error.headers:
            return answer
        headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in error.headers)
        return msgspec.structs.replace(answer, headers=headers)
    if isinstance(error, CommitUnknown):
        log.error("%s: %s", request_id, error)
        return _response(
            503,
            "CommitUnknown",
            "The database went away while the request was being committed: it may or may not have been carried out. "
            "Read before you try again.",
        )
    if isinstance(error, StoreClosed):
        return _response(503, "ServiceUnavailable", "The controller is stopping. Try again.")
    if isinstance(error, SQLAlchemyError):
        log.error("%s: the database: %s", request_id, str(error).splitlines()[0])
        return _response(
            503, "ServiceUnavailable", "The database cannot be used at the moment; nothing was changed. Try again."
        )
    log.error("%s failed", request_id, exc_info=error)
    return _response(
        500,
        "HTTPInternalServerError",
        "Request Failed: internal server error while processing your request. "
        f"The controller's log says more under {request_id}.",
    )


def _response(status: int, kind: str, message: str, detail: str = "") -> Response:
    return json_response(status, {"NeutronError": {"type": kind, "message": message, "detail": detail}})
