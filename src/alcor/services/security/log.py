"""Logs of security groups' decisions. They are kept and checked; hosts do not write them yet."""

from typing import Any

from sqlalchemy import bindparam, select

from alcor.model.context import Context
from alcor.model.errors import AlcorError
from alcor.model.resources.log import LOG, LOGGABLE_TYPES
from alcor.services.access import Access, owned
from alcor.services.manager import Values
from alcor.services.plain import Plain, plain_manager
from alcor.services.ports.port import ACCESS as PORT_ACCESS
from alcor.services.security.security_group import ACCESS as GROUP_ACCESS
from alcor.store.tables import log, port_security_group
from alcor.store.transaction import Transaction

ACCESS = Access(LOG, log, owned(log))
_MEMBER = select(port_security_group.c.port_id).where(
    port_security_group.c.port_id == bindparam("port_id"),
    port_security_group.c.security_group_id == bindparam("group_id"),
)


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    connection = transaction.connection
    group_id, port_id = values["resource_id"], values["target_id"]
    if values["resource_type"] not in LOGGABLE_TYPES:
        raise _invalid(f"Invalid log resource_type: {values['resource_type']}.", "InvalidLogResourceType")
    if group_id and not GROUP_ACCESS.visible_ids(connection, [group_id], context):
        raise AlcorError(404, "ResourceNotFound", f"Resource {group_id} could not be found.")
    if port_id and not PORT_ACCESS.visible_ids(connection, [port_id], context):
        raise AlcorError(404, "TargetResourceNotFound", f"Target resource {port_id} could not be found.")
    if group_id and port_id:
        both: dict[str, Any] = {"port_id": port_id, "group_id": group_id}
        if connection.execute(_MEMBER, both).first() is None:
            raise _invalid(
                f"Invalid resource constraint between resource (security_group {group_id}) and target resource "
                f"(port {port_id}).",
                "InvalidResourceConstraint",
            )
    return values


def _invalid(message: str, kind: str) -> AlcorError:
    return AlcorError(400, kind, message)


LOGS = plain_manager(Plain(access=ACCESS, prepare=_prepare, path="log/logs"))
