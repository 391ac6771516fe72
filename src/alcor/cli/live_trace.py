"""``alcor trace --live``: what the data planes of two hosts would do, beside what the controller says."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from alcor.agent.settings import SettingsError, load_settings
from alcor.model.resources.port_trace import PORT_TRACE
from alcor.trace.question import asked_packet
from alcor.trace.wire import ip_packet

_RECEIVER = "receiver"
_PAST_TUNNEL = ("network ACL of receiver's subnet", "security groups of receiver")
_AT_RECEIVER = (_RECEIVER, *_PAST_TUNNEL)
_VTEP = re.compile(r"\(VTEP ([\d.]+)\)")

_AGREED = "That is what the controller says."
_ASKED = "The agent decides about the first packet: send one, and ask again."
_UNKNOWN = "The controller cannot tell."
_DISAGREED = "The controller says otherwise: {}. Does the host follow? alcor agent status and ports tell."

Steps = Sequence[Mapping[str, Any]]
Fate = Mapping[str, Any]


class Compared(NamedTuple):
    """What a data plane would do, in words, and whether the controller says so: None where that cannot be told."""

    words: str
    agree: bool | None
    sentence: str  # the same for people, with what the controller says instead


def asked_live(sender: Path, receiver: Path | None, trace: Mapping[str, Any], body: Mapping[str, Any]) -> Any:
    """What the agents of both hosts say, beside a trace; of the receiver's only where the packet goes to another host.

    An agent is named by its configuration file or its socket. Raises ClickException saying what to do.
    """
    if trace["from"] is None:
        raise click.ClickException("the port has no address to send from: there is nothing to ask the data plane")
    packet = ip_packet(asked_packet(PORT_TRACE.check_create({**body, "from": trace["from"]})))
    fate = _ask(sender, {"port": trace["port_id"], "packet": packet.hex()})
    live = {**fate, **at_sender(trace["steps"], fate)._asdict()}
    if receiver is not None and fate["outcome"] == "tunnelled":
        arriving = _ask(receiver, {"vni": fate["vni"], "frame": fate["frame"]})
        if arriving["host_vtep"] != fate["vtep"]:
            raise click.ClickException(
                f"the packet goes to the tunnel end point {fate['vtep']}, and the agent of {receiver} is that of "
                f"{arriving['host_vtep']}: ask the agent there"
            )
        live["receiver"] = {**arriving, **at_receiver(trace["steps"], arriving)._asdict()}
    return live


def _ask(agent: Path, question: Mapping[str, Any]) -> Any:
    import httpx

    try:
        path = agent if agent.is_socket() else load_settings(agent).socket_path()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), timeout=60) as client:
            answer = client.get("http://agent/trace", params=question)
    except httpx.TransportError as error:
        raise click.ClickException(
            f"no agent answers at {path} ({error}): --live asks the agents of the hosts, as their user"
        ) from error
    if answer.status_code != 200:
        raise click.ClickException(f"the agent at {path}: {answer.text.strip()}; is it that of the right host?")
    return answer.json()


def at_sender(steps: Steps, fate: Fate) -> Compared:
    """What the data plane of the sender's host would do with a packet, beside the steps of its trace.

    Of a packet that goes to another host it says nothing beyond the tunnel.
    """
    leg = _first_leg(steps)
    elsewhere = next((step["detail"] for step in leg if step["step"] == "delivery"), "")
    match fate["outcome"]:
        case "tunnelled" | "delivered" if _is_spread(leg):
            return _forwarded(fate, [step for step in leg if step["step"] not in (*_AT_RECEIVER, "delivery")])
        case "tunnelled":
            here = [step for step in leg if step["step"] not in _AT_RECEIVER]
            return _forwarded(fate, here, "" if _is_way(leg, fate["vtep"]) else _instead(leg, elsewhere))
        case "delivered":
            return _forwarded(fate, leg, f"it goes to another host, {elsewhere}" if elsewhere else _other(leg, fate))
        case "served":
            return _forwarded(fate, leg)
        case _:
            here = [step for step in leg if not elsewhere or step["step"] not in _PAST_TUNNEL]
            return _not_forwarded(fate, here, f"it goes to another host, {elsewhere}" if elsewhere else "it passes")


def at_receiver(steps: Steps, fate: Fate) -> Compared:
    """What the data plane of the receiver's host would do with what comes by tunnel, beside the steps of its trace."""
    leg = _first_leg(steps)
    here = [step for step in leg if step["step"] in _AT_RECEIVER] or leg
    if fate["outcome"] == "delivered":
        return _forwarded(fate, here, "" if _is_spread(leg) else _other(leg, fate))
    return _not_forwarded(fate, here, "it passes")


def _is_spread(leg: Steps) -> bool:
    """Whether the controller follows one of several ways, and the data plane may choose another."""
    return any(step["step"] == "route" and step["verdict"] == "unknown" for step in leg)


def _first_leg(steps: Steps) -> list[Mapping[str, Any]]:
    """The way to the receiver, or to the first workload that is to forward the packet."""
    leg = []
    for step in steps:
        if step["way"] != "there" or step["step"] == "workload":
            break
        leg.append(step)
    return leg


def _is_way(leg: Steps, vtep: str) -> bool:
    """Whether the controller, too, sends it to this tunnel end point; so may one that does not show which."""
    for step in leg:
        if step["step"] == "delivery":
            found = _VTEP.search(step["detail"])
            return found[1] == vtep if found else step["resource"]["id"] is None
    return False


def _instead(leg: Steps, elsewhere: str) -> str:
    """What the controller says of a packet that does not go where a data plane sends it."""
    if elsewhere:
        return f"it goes to another host, {elsewhere}"
    return _stop(leg) or "it does not go to another host"


def _other(leg: Steps, fate: Fate) -> str:
    """Another receiver than the data plane's, where the controller says one."""
    named = (step["resource"] for step in leg if step["step"] == _RECEIVER and step["resource"])
    receiver = next((each["id"] for each in named if each["type"] == "port" and each["id"]), fate["port_id"])
    return "" if receiver == fate["port_id"] else f"port {receiver} receives it"


def _stop(steps: Iterable[Mapping[str, Any]]) -> str:
    """The first step that stops the packet, in words; empty when none does."""
    found = next((step for step in steps if step["verdict"] == "stops"), None)
    return f"it stops at {found['step']}: {found['reason'].removesuffix('.')}" if found else ""


def _forwarded(fate: Fate, steps: Steps, otherwise: str = "") -> Compared:
    if says := _stop(steps) or otherwise:
        return Compared(_words(fate), False, _DISAGREED.format(says))
    return Compared(_words(fate), True, _AGREED)


def _not_forwarded(fate: Fate, steps: Steps, otherwise: str) -> Compared:
    if fate["outcome"] == "asked":
        return Compared(_words(fate), None, _ASKED)
    if _stop(steps):
        return Compared(_words(fate), True, _AGREED)
    if any(step["verdict"] == "unknown" for step in steps):
        return Compared(_words(fate), None, _UNKNOWN)
    return Compared(_words(fate), False, _DISAGREED.format(otherwise))


def _words(fate: Fate) -> str:
    where = f" ({fate['where']})" if fate["where"] else ""
    match fate["outcome"]:
        case "delivered":
            return f"delivers it to port {fate['port_id']}{where}"
        case "tunnelled":
            return f"sends it to the tunnel end point {fate['vtep']}{where}"
        case "served":
            return f"hands it to the host's own services{where}"
        case "asked":
            return f"asks the agent what becomes of it{where}"
        case _:
            return f"drops it{where}"
