"""``alcor trace --live``: what the data plane of this host would do, beside what the controller says."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from alcor.agent.settings import SettingsError, load_settings
from alcor.model.resources.port_trace import PORT_TRACE
from alcor.trace.question import asked_packet
from alcor.trace.wire import ip_packet

_FORWARDED = ("delivered", "tunnelled", "served")
_BEYOND_HOST = ("receiver", "network ACL of receiver's subnet", "security groups of receiver")


class Compared(NamedTuple):
    """What the data plane would do, in words, and whether the controller says so: None where that cannot be told."""

    words: str
    agree: bool | None


def ask_agent(config: Path, port_id: str, body: Mapping[str, Any], source: str) -> Any:
    """What the agent with this configuration says of the packet. Raises ClickException saying what to do."""
    import httpx

    try:
        path = load_settings(config).socket_path()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    packet = ip_packet(asked_packet(PORT_TRACE.check_create({**body, "from": source})))
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), timeout=60) as client:
            answer = client.get("http://agent/trace", params={"port": port_id, "packet": packet.hex()})
    except httpx.TransportError as error:
        raise click.ClickException(
            f"no agent answers at {path} ({error}): --live asks the agent of this host, as its user"
        ) from error
    if answer.status_code != 200:
        raise click.ClickException(f"this host's agent: {answer.text.strip()}; --live is for the sender's host")
    return answer.json()


def compared(steps: Sequence[Mapping[str, Any]], fate: Mapping[str, Any]) -> Compared:
    """What the data plane would do with a packet, beside the steps of its trace.

    Of a packet that goes to another host the data plane says nothing beyond the tunnel.
    """
    outcome = fate["outcome"]
    there = [step for step in steps if step["way"] == "there"]
    if outcome == "tunnelled":
        there = [step for step in there if step["step"] not in _BEYOND_HOST]
    stops = any(step["verdict"] == "stops" for step in there)
    agree = None if outcome == "asked" else (outcome in _FORWARDED) is not stops
    return Compared(_words(fate), agree)


def _words(fate: Mapping[str, Any]) -> str:
    where = f" ({fate['where']})" if fate["where"] else ""
    match fate["outcome"]:
        case "delivered":
            return f"delivers it to port {fate['port_id']} on this host{where}"
        case "tunnelled":
            return f"sends it to the tunnel end point {fate['vtep']}{where}"
        case "served":
            return f"hands it to the host's own services{where}"
        case "asked":
            return f"asks the agent what becomes of it{where}"
        case _:
            return f"drops it{where}"
