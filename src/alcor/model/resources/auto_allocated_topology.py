"""What a project gets that asks for a network and nothing else (Neutron's auto-allocated topology)."""

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Resource
from alcor.model.rules import ADMIN_OR_PROJECT_READER

AUTO_ALLOCATED_TOPOLOGY = Resource(
    "auto_allocated_topology",
    "auto_allocated_topologies",
    (
        Attribute("id", column="network_id"),
        Attribute("project_id", column="project_id"),
        Attribute("tenant_id", column="project_id", alias_of="project_id"),
    ),
    rules={"get": ADMIN_OR_PROJECT_READER},
    extensions=(
        Extension("auto-allocated-topology", "Auto Allocated Topology Services", "Auto Allocated Topology Services."),
    ),
)
