"""Projects as requests name them, in a path, a header or a filter."""

from alcor.model.errors import bad_request
from alcor.model.resources.standard import project_id


def named_project(text: str) -> str:
    """The id of a project. Raises AlcorError (400) for one that no project can have."""
    try:
        found: str = project_id(text)
    except ValueError as error:
        raise bad_request(f"Invalid input for project_id. Reason: {error}.") from error
    return found
