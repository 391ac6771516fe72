"""Who makes a request."""

from collections.abc import Awaitable, Callable

from alcor.api.http import Request
from alcor.api.project import named_project
from alcor.model.context import DEFAULT_PROJECT, Context

Authenticate = Callable[[Request], Awaitable[Context]]
"""Finds out who makes a request. Raises AlcorError (401) when that cannot be told."""


async def anybody(request: Request) -> Context:
    """For development: whoever asks may everything, for the project that a header names."""
    named = request.header(b"x-project-id") or request.header(b"x-tenant-id") or DEFAULT_PROJECT
    return Context(named_project(named))
