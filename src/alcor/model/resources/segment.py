"""The segment: a part of a network, as it is on the wire."""

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Resource, Unset
from alcor.model.resources.network import LARGEST_VNI, NETWORK_TYPES
from alcor.model.resources.standard import name_text, standard_attributes, tags
from alcor.model.rules import ADMIN
from alcor.model.values import integer, one_of, optional, or_empty, text, uuid, whole_number

SEGMENT = Resource(
    "segment",
    "segments",
    (
        *(each for each in standard_attributes() if each.name != "name"),
        Attribute("name", or_empty(name_text), "", column="name", parse_filter=str),
        Attribute("network_id", uuid, Unset.REQUIRED, update=False, column="network_id", parse_filter=str),
        Attribute(
            "network_type",
            one_of(*NETWORK_TYPES),
            Unset.REQUIRED,
            update=False,
            column="network_type",
            parse_filter=str,
        ),
        Attribute(
            "physical_network", optional(text(64)), None, update=False, column="physical_network", parse_filter=str
        ),
        Attribute(
            "segmentation_id",
            optional(integer(1, LARGEST_VNI)),
            None,
            update=False,
            column="segmentation_id",
            parse_filter=whole_number,
        ),
        tags(create=True),
    ),
    rules=dict.fromkeys(("create", "get", "update", "delete"), ADMIN),
    extensions=(
        Extension("segment", "Segment", "Segments extension."),
        Extension("segments-peer-subnet-host-routes", "Segments peer-subnet host routes", "Subnets on segments know the others of their network by way of their gateway"),  # noqa: E501
        Extension("standard-attr-segment", "Standard Attribute Segment Extension", "Add standard attributes to Segment resource"),  # noqa: E501
        Extension("subnet-segmentid-writable", "Subnet SegmentID (writable)", "Provides a writable segment_id attribute for a subnet resource."),  # noqa: E501
        Extension("subnet-segmentid-enforce", "Subnet SegmentID (policy enforced)", "Enforce segment_id policy rule."),
    ),
)  # fmt: skip
