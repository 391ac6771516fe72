"""A Network Config Manager, as Alcor's Node Manager registers it: nodes name theirs by ``ncm_id``."""

from alcor.model.resource import Attribute, Resource, Unset
from alcor.model.resources.standard import timestamp_text
from alcor.model.rules import ADMIN
from alcor.model.values import integer, text, whole_number

NCM = Resource(
    "ncm_info",
    "ncm_infos",
    (
        Attribute("id", text(255), Unset.REQUIRED, update=False, column="id", parse_filter=str),
        Attribute("uri", text(1024), Unset.REQUIRED, column="uri", parse_filter=str),
        Attribute("cap", integer(0, 2**31 - 1), 0, column="cap", parse_filter=whole_number),
        Attribute("revision_number", column="revision_number", parse_filter=whole_number),
        Attribute("created_at", column="created_at", to_view=timestamp_text),
        Attribute("updated_at", column="updated_at", to_view=timestamp_text),
    ),
    lenient=True,
    rules=dict.fromkeys(("create", "get", "update", "delete"), ADMIN),
)
