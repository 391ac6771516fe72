"""Gateways, attachments and their route tables."""

from collections import Counter
from collections.abc import Iterator

from alcor.store.tables import (
    gateway_attachment,
    gateway_attachment_subnet,
    gateway_propagation,
    gateway_route_table,
    subnet,
)
from tests.invariants.database import Database


def attachments_are_made_once(database: Database) -> Iterator[str]:
    """Nothing is attached to a gateway twice."""
    count = Counter((row.gateway_id, row.resource_id) for row in database.rows(gateway_attachment))
    yield from (f"{resource} to gateway {each} {times} times" for (each, resource), times in count.items() if times > 1)


def attached_subnets_are_of_the_attached_vpc(database: Database) -> Iterator[str]:
    """The subnets of an attachment are of its VPC."""
    attachments, subnets = database.by_id(gateway_attachment), database.by_id(subnet)
    for row in database.rows(gateway_attachment_subnet):
        attachment, its = attachments.get(row.attachment_id), subnets.get(row.subnet_id)
        if attachment is not None and its is not None and attachment.resource_id != its.network_id:
            yield f"attachment {attachment.id} of {attachment.resource_id} has subnet {its.id} of {its.network_id}"


def route_tables_have_attachments_of_their_gateway(database: Database) -> Iterator[str]:
    """Those associated with them, and those they learn routes from."""
    attachments, tables = database.by_id(gateway_attachment), database.by_id(gateway_route_table)
    pairs = [(row.route_table_id, row.attachment_id) for row in database.rows(gateway_propagation)]
    pairs += [(row.route_table_id, row.id) for row in database.rows(gateway_attachment) if row.route_table_id]
    for table_id, attachment_id in pairs:
        table, attachment = tables.get(table_id), attachments.get(attachment_id)
        if table is not None and attachment is not None and table.gateway_id != attachment.gateway_id:
            yield f"route table {table_id} has attachment {attachment_id} of gateway {attachment.gateway_id}"
