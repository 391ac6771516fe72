"""The agent: a node, as Neutron's API knows it."""

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource
from alcor.model.rules import ADMIN
from alcor.model.values import boolean, text_or_null

AGENT = Resource(
    "agent",
    "agents",
    (
        Attribute("id", column="id", parse_filter=str),
        Attribute("agent_type", default="Open vSwitch agent", kept=Kept.CONSTANT),
        Attribute("binary", default="alcor-agent", kept=Kept.CONSTANT),
        Attribute("topic", default="N/A", kept=Kept.CONSTANT),
        Attribute("host", column="host", parse_filter=str),
        Attribute("availability_zone", column="availability_zone", parse_filter=str),
        Attribute(
            "admin_state_up", boolean, create=False, column="admin_state_up", parse_filter=boolean
        ),
        Attribute("description", text_or_null(255), create=False, column="description", parse_filter=str),
        Attribute("created_at", kept=Kept.COMPUTED, sortable=True),
        Attribute("started_at", kept=Kept.COMPUTED, sortable=True),
        Attribute("heartbeat_timestamp", kept=Kept.COMPUTED, sortable=True),
        Attribute("alive", kept=Kept.COMPUTED, parse_filter=boolean, sortable=True),
        Attribute("configurations", kept=Kept.COMPUTED),
        Attribute("resources_synced", default=None, kept=Kept.CONSTANT),
    ),
    rules=dict.fromkeys(("create", "get", "update", "delete"), ADMIN),
    extensions=(
        Extension("agent", "agent", "The agent management extension."),
        Extension("agent_sort_key", "Agents Sort Key", "Lists of agents in the order of any of their attributes"),
        Extension("agent-resources-synced", "Agent's Resource View Synced to Placement", "Stores success/failure of last sync to Placement"),  # noqa: E501
        Extension("availability_zone", "Availability Zone", "The availability zone extension."),
        Extension("availability_zone_filter", "Availability Zone Filter Extension", "Add filter parameters to AvailabilityZone resource"),  # noqa: E501
        Extension("network_availability_zone", "Network Availability Zone", "Availability zone support for network."),
        Extension("router_availability_zone", "Router Availability Zone", "Availability zone support for router."),
    ),
)  # fmt: skip
