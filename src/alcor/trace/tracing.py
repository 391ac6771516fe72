"""A trace as the APIs answer it."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection

from alcor.model.addresses import ip_text
from alcor.model.context import Context
from alcor.model.errors import not_found
from alcor.model.resources.port_trace import PORT_TRACE
from alcor.services.ports.port import ACCESS as PORT_ACCESS
from alcor.store import bulk
from alcor.store.tables import port
from alcor.trace.question import asked_packet, packet_text
from alcor.trace.reading import StoredCloud, shown
from alcor.trace.steps import Step
from alcor.trace.walk import trace

View = dict[str, Any]


class Asked(msgspec.Struct, frozen=True):
    """The port whose workload sends, what a request says of the packet, and who asks.

    ``project_id`` is the project that the port must be of, None for any.
    """

    port_id: str
    body: Any
    context: Context
    project_id: str | None = None


def traced(connection: Connection, asked: Asked) -> View:
    """What becomes of the packet. Raises AlcorError: 404 and 403 as for the port, 400 for what cannot be asked."""
    rows = bulk.select_by(connection, list(port.c), port.c.id, [asked.port_id])
    if not rows or asked.project_id not in (None, rows[0].project_id):
        raise not_found("port", asked.port_id)
    PORT_ACCESS.require_rules(connection, rows[0], asked.context, ["trace_port"])
    cloud = StoredCloud(connection)
    sender = cloud.port(asked.port_id)
    assert sender is not None, "its row was found in the same snapshot"
    packet, found = trace(cloud, sender, asked_packet(PORT_TRACE.check_create(asked.body)))
    things = {each.thing for each in found.steps if each.thing is not None}
    visible = shown(connection, things, asked.context)
    found = found.hiding(visible.__contains__)
    return {
        "port_id": asked.port_id,
        "packet": packet_text(packet) if packet.source else "",
        "from": ip_text(packet.source) if packet.source else None,
        "to": ip_text(packet.destination),
        "verdict": found.verdict().value,
        "steps": [_view(each) for each in found.steps],
    }


def _view(step: Step) -> Mapping[str, Any]:
    thing = step.thing
    return {
        "way": "back" if step.is_answer else "there",
        "step": step.name,
        "verdict": step.verdict.value,
        "reason": step.reason,
        "resource": None if thing is None else {"type": thing.kind, "id": thing.id or None, "name": thing.name},
        "detail": step.detail,
        "advice": step.advice,
    }
