"""The same clouds as for routing."""

from tests.e2e.routing.conftest import site

__all__ = ["site"]
