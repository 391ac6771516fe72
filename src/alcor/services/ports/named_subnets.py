"""The subnets that ports name in their ``fixed_ips``: each has to be one of which the caller knows."""

from collections.abc import Sequence

from sqlalchemy import Connection

from alcor.model.context import Context
from alcor.model.errors import not_found
from alcor.services.subnets.port_subnets import Asked, Subnet
from alcor.services.subnets.subnet import ACCESS


def check_named(connection: Connection, of_network: Sequence[Subnet], wanted: Asked, context: Context) -> None:
    """Raises AlcorError (404) for a subnet that is not of the port's network, unless the caller is shown it."""
    named = {each["subnet_id"] for each in wanted or () if "subnet_id" in each}
    if others := sorted(named - {each.id for each in of_network}):
        seen = ACCESS.rows(connection, others, context)
        for subnet_id in others:
            if subnet_id not in seen:
                raise not_found("subnet", subnet_id)
