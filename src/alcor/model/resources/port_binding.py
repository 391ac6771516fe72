"""The binding of a port to a host. A port has one that is active, and more of them while it migrates."""

from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.port_values import vnic_type
from alcor.model.resources.standard import project_id
from alcor.model.rules import ADMIN_OR_SERVICE, SERVICE
from alcor.model.values import mapping, text

PORT_BINDING = Resource(
    "binding",
    "bindings",
    (
        Attribute("host", text(255), Unset.REQUIRED, column="host", parse_filter=str),
        Attribute("vnic_type", vnic_type, "normal", column="vnic_type", parse_filter=str),
        Attribute("profile", mapping(most_characters=4095), {}),
        Attribute("vif_type", kept=Kept.COMPUTED, parse_filter=str),
        Attribute("vif_details", kept=Kept.COMPUTED),
        Attribute("status", kept=Kept.COMPUTED, parse_filter=str),
        Attribute("project_id", project_id, update=False, kept=Kept.COMPUTED),
        Attribute("tenant_id", project_id, update=False, kept=Kept.COMPUTED),
    ),
    rules={
        "create": SERVICE,
        "get": ADMIN_OR_SERVICE,
        "update": SERVICE,
        "delete": SERVICE,
        "activate": SERVICE,
    },
    policy_name="port_binding",
)
