"""What gateways hold of VPCs and subnets: kept beside them, so that what deletes these need not know of gateways."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from alcor.model.errors import conflict
from alcor.store import bulk
from alcor.store.tables import gateway_attachment, gateway_attachment_subnet

_ATTACHED = (
    select(gateway_attachment.c.gateway_id).where(gateway_attachment.c.resource_id == bindparam("vpc_id")).limit(1)
)


def check_unattached(connection: Connection, vpc_id: str) -> None:
    """Raises AlcorError (409) for a VPC that is attached to a gateway."""
    gateway_id = connection.execute(_ATTACHED, {"vpc_id": vpc_id}).scalar()
    if gateway_id is not None:
        raise conflict(
            "NetworkInUse",
            f"Unable to complete operation on network {vpc_id}. It is attached to gateway {gateway_id}.",
        )


def forget_attached_subnets(connection: Connection, subnet_ids: Sequence[str]) -> None:
    """Subnets that are deleted are attached no more."""
    bulk.delete_by(connection, gateway_attachment_subnet, "subnet_id", subnet_ids)
