"""Who makes a request."""

from collections.abc import Awaitable, Callable

from alcor.api.http import Request
from alcor.model.context import DEFAULT_PROJECT, Context
from alcor.model.errors import bad_request
from alcor.model.resources.standard import project_id

Authenticate = Callable[[Request], Awaitable[Context]]
"""Finds out who makes a request. Raises AlcorError (401) when that cannot be told."""


async def anybody(request: Request) -> Context:
    """For development: whoever asks may everything, for the project that a header names."""
    named = request.header(b"x-project-id") or request.header(b"x-tenant-id") or DEFAULT_PROJECT
    try:
        return Context(project_id(named))
    except ValueError as error:
        raise bad_request(f"Invalid input for project_id. Reason: {error}.") from error
