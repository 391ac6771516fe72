"""How large packets of a network may be: no larger than the underlay leaves, nor smaller than its subnets need."""

from typing import Any

from sqlalchemy import Connection, bindparam, select

from alcor.model.choices import Choices
from alcor.model.errors import AlcorError, conflict, invalid_input
from alcor.services.manager import Values
from alcor.store.tables import subnet

_LEAST = {4: 68, 6: 1280}
"""What the versions of IP ask of every link (RFC 791, RFC 8200)."""

_VERSIONS = select(subnet.c.ip_version).where(subnet.c.network_id == bindparam("network_id")).distinct()


def of(values: Values, choices: Choices) -> int:
    """The MTU that a request asks for, or the largest one. Raises AlcorError (400) for one that is too large."""
    wanted: int = values["mtu"]
    if wanted > choices.largest_mtu:
        raise invalid_input(f"Requested MTU is too big, maximum is {choices.largest_mtu}")
    return wanted or choices.largest_mtu


def check_subnet(network: Any, ip_version: int) -> None:
    """Raises AlcorError (409) when the network of this row is too narrow for subnets of a version."""
    if network.mtu < _LEAST[ip_version]:
        raise _too_narrow(network.id, ip_version)


def check_change(connection: Connection, network_id: str, mtu: int) -> None:
    """Raises AlcorError (409) when the network has subnets that need a larger one."""
    for version in connection.execute(_VERSIONS, {"network_id": network_id}).scalars():
        if mtu < _LEAST[version]:
            raise _too_narrow(network_id, version)


def _too_narrow(network_id: str, ip_version: int) -> AlcorError:
    return conflict(
        "NetworkMTUSubnetConflict",
        f"MTU of {network_id} is not valid, subnet requires a minimum of {_LEAST[ip_version]}",
    )
