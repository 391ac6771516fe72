"""What can go wrong with a request, named as Neutron names it.

``kind`` is what clients see as NeutronError.type; ``status`` is the HTTP status it travels with. The message says
what was wrong and what to do about it.
"""


class AlcorError(Exception):
    """A request that cannot be carried out, for a reason its sender can act on. ``headers`` go with the answer."""

    def __init__(
        self, status: int, kind: str, message: str, detail: str = "", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.detail = detail
        self.headers = headers


def bad_request(message: str, kind: str = "HTTPBadRequest") -> AlcorError:
    """The request itself is wrong: 400."""
    return AlcorError(400, kind, message)


def invalid_input(message: str) -> AlcorError:
    """A field has a value that cannot be: 400 InvalidInput."""
    return AlcorError(400, "InvalidInput", f"Invalid input for operation: {message}.")


_QOS_RULE_NOT_THERE = ("QosRuleNotFound", "QoS rule {} could not be found.")
_NOT_THERE = {
    "security_group": ("SecurityGroupNotFound", "Security group {} does not exist"),
    "security_group_rule": ("SecurityGroupRuleNotFound", "Security group rule {} does not exist"),
    "default_security_group_rule": (
        "DefaultSecurityGroupRuleNotFound",
        "Default Security Group rule {} does not exist",
    ),
    "metering_label": ("MeteringLabelNotFound", "Metering label '{}' does not exist."),
    "metering_label_rule": ("MeteringLabelRuleNotFound", "Metering label rule '{}' does not exist."),
    "service_profile": ("ServiceProfileNotFound", "Service Profile {} could not be found."),
    "log": ("LogResourceNotFound", "Log resource {} could not be found."),
    "network_segment_range": ("NetworkSegmentRangeNotFound", "Network Segment Range {} could not be found."),
    "rbac_policy": ("RbacPolicyNotFound", "RBAC policy of type unknown with ID {} not found"),
    "subnetpool": ("SubnetPoolNotFound", "Subnet pool {} could not be found."),
    "floatingip": ("FloatingIPNotFound", "Floating IP {} could not be found"),
    "local_ip": ("LocalIPNotFound", "Local IP {} could not be found."),
    "ndp_proxy": ("NDPProxyNotFound", "Ndp proxy {} could not be found."),
    "policy": ("QosPolicyNotFound", "QoS policy {} could not be found."),
    **{
        f"{kind}_rule": _QOS_RULE_NOT_THERE
        for kind in (
            "bandwidth_limit",
            "dscp_marking",
            "minimum_bandwidth",
            "minimum_packet_rate",
            "packet_rate_limit",
        )
    },
}
"""The type and the message of resources that Neutron words in a way of their own."""


def not_found(resource: str, identifier: str) -> AlcorError:
    """``not_found("port", id)`` is Neutron's PortNotFound: 404."""
    name = "".join(word.capitalize() for word in resource.split("_"))
    usual = f"{name}NotFound", f"{resource.replace('_', ' ').capitalize()} {{}} could not be found."
    kind, message = _NOT_THERE.get(resource.removeprefix("alias_"), usual)
    return AlcorError(404, kind, message.format(identifier))


def conflict(kind: str, message: str) -> AlcorError:
    """The request is well formed but the state of things forbids it: 409."""
    return AlcorError(409, kind, message)


def wrong_for(resource: str, message: str) -> AlcorError:
    """What is asked of a resource cannot be, as Neutron words it: 400 BadRequest."""
    return bad_request(f"Bad {resource} request: {message}.", "BadRequest")
