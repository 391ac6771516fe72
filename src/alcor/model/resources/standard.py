"""Attributes that every Neutron resource has."""

import time
from functools import lru_cache

from alcor.model.resource import Attribute
from alcor.model.values import boolean, list_of, name, text, uuid, whole_number

LONGEST_NAME = 255
LONGEST_TAG = 255
MOST_TAGS = 50  # of a resource

name_text = name(LONGEST_NAME)
"""What a resource is called."""

project_id = text(LONGEST_NAME)
"""Whose a resource is."""

tag_text = text(LONGEST_TAG)
"""A tag."""

tag_list = list_of(tag_text, MOST_TAGS)
"""Tags, each once."""


@lru_cache(4096)
def timestamp_text(seconds: int) -> str:
    """Seconds since the epoch as Neutron shows them: 2024-01-31T12:00:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def standard_attributes() -> tuple[Attribute, ...]:
    """Identity, owner, name, description, revision and times."""
    return (
        Attribute("id", column="id", parse_filter=str),
        Attribute("project_id", project_id, update=False, column="project_id", parse_filter=str),
        Attribute(
            "tenant_id",
            text(LONGEST_NAME),
            update=False,
            column="project_id",
            parse_filter=str,
            alias_of="project_id",
        ),
        Attribute("name", name_text, "", column="name", parse_filter=str),
        Attribute("description", text(LONGEST_NAME), "", column="description", parse_filter=str),
        Attribute("revision_number", column="revision_number", parse_filter=whole_number),
        Attribute("created_at", column="created_at", to_view=timestamp_text),
        Attribute("updated_at", column="updated_at", to_view=timestamp_text),
    )


def chosen_id() -> Attribute:
    """The id of a resource for which clients may choose one, as Alcor's do."""
    return Attribute("id", uuid, update=False, column="id", parse_filter=str)


def admin_state() -> Attribute:
    """Whether the resource is meant to work."""
    return Attribute("admin_state_up", boolean, True, column="admin_state_up", parse_filter=boolean)


def tags(*, create: bool = False) -> Attribute:
    """The tags of a resource, which are changed as sub-resources of it; ``create`` says that it may begin with some."""
    return Attribute("tags", tag_list if create else None, [], update=False)
