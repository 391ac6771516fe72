"""``alcor trace``: what becomes of a packet that a workload sends, step by step, and what to change where it ends."""

import json
import sys
import uuid
from pathlib import Path
from typing import Any

import click

from alcor.cli.controller_api import CONTROLLER, ask

_EPILOG = """\b
Examples:
  alcor trace web-1 --to 10.0.2.7
  alcor trace web-1 --to 10.0.2.7 --proto tcp --port 443
  alcor trace 0198c2f0-6a51-7d0e-9f7e-3c1d2b4a5e6f --to fd00::7 --proto udp --port 53
  alcor trace firewall --from 192.0.2.9 --to 10.0.2.7 --json
  alcor trace web-1 --to 10.0.2.7 --live --config /etc/alcor/agent.toml
  alcor trace web-1 --to 10.0.2.7 --live -c /etc/alcor/agent.toml -r host-2.sock

\b
A controller with Keystone wants a token, in OS_TOKEN:
  OS_TOKEN=$(openstack token issue -f value -c id) alcor trace web-1 --to 10.0.2.7

\b
Exit code: 0 when the packet passes, 1 when it does not, 2 when that cannot be
told, when controller and data plane disagree, or when the question cannot be
answered.
"""
_EXIT_CODES = {"passes": 0, "stops": 1, "unknown": 2}
_CANNOT_TELL = 2
_VERDICTS = {"passes": "It passes.", "stops": "It does not pass.", "unknown": "Whether it passes cannot be told."}
_COLOURS = {"passes": "green", "stops": "red", "unknown": "yellow"}
_PORT = click.IntRange(1, 65535)
_OF_ICMP = click.IntRange(0, 255)


@click.command(epilog=_EPILOG)
@click.argument("port")
@click.option("--to", required=True, metavar="ADDRESS", help="The IPv4 or IPv6 address it is sent to.")
@click.option("--proto", "protocol", default="icmp", show_default=True, metavar="NAME",
              help="The protocol: icmp, tcp, udp, sctp, another's name, or a number.")  # fmt: skip
@click.option("--port", "to_port", type=_PORT, metavar="N", help="The port it is sent to (tcp, udp, sctp).")
@click.option("--from", "source", metavar="ADDRESS", help="The address it is sent from, when not the port's first.")
@click.option("--source-port", type=_PORT, metavar="N", help="The port it is sent from.")
@click.option("--icmp-type", type=_OF_ICMP, metavar="N", help="Of ICMP; an echo request when not given.")
@click.option("--icmp-code", type=_OF_ICMP, metavar="N", help="Of ICMP.")
@click.option("--live", is_flag=True, help="Ask the hosts' data planes, too.")
@click.option("--config", "-c", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="For --live: the configuration file, or the socket, of the agent of the sender's host.")  # fmt: skip
@click.option("--receiver-config", "-r", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="For --live: the same of the receiver's host.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print what the controller answers, as JSON.")
@CONTROLLER
def command(
    port: str,
    to: str,
    protocol: str,
    to_port: int | None,
    source: str | None,
    source_port: int | None,
    icmp_type: int | None,
    icmp_code: int | None,
    live: bool,
    config: Path | None,
    receiver_config: Path | None,
    as_json: bool,
    controller: str,
) -> None:
    """Ask why the workload of PORT can or cannot reach an address.

    PORT is the id or the name of the sender's port. The controller follows a packet through all that it knows: states
    of ports, allowed addresses, security groups, routers and routes; and what answers it back. Each line is a decision,
    with the resource that decides. It looks at what is to be.

    What is, --live asks the data planes of the sender's host and, if it is named, of the receiver's, by the local
    sockets of the agents there: no controller can ask agents. Run it on the sender's host; ssh -L brings the socket of
    another host's agent here. It says where a data plane and the controller disagree.
    """
    if live is not (config is not None):
        raise click.UsageError("--live and --config FILE go together: it asks the agent of the sender's host")
    if receiver_config is not None and not live:
        raise click.UsageError("--receiver-config FILE goes with --live")
    packet = {"to": to, "protocol": protocol, "port": to_port, "from": source, "source_port": source_port}
    packet |= {"icmp_type": icmp_type, "icmp_code": icmp_code}
    body = {name: value for name, value in packet.items() if value is not None}
    try:
        found = ask(controller, "POST", f"/v2.0/ports/{_port_id(controller, port)}/trace", json=body)["trace"]
        if config is not None:
            from alcor.cli.live_trace import asked_live

            found["live"] = asked_live(config, receiver_config, found, body)
    except click.ClickException as error:
        error.show()
        sys.exit(_CANNOT_TELL)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        show(found)
    disagree = any(each["agree"] is False for _, each in _live(found))
    sys.exit(_CANNOT_TELL if disagree else _EXIT_CODES[found["verdict"]])


def _live(found: Any) -> list[tuple[str, Any]]:
    """What the data planes say that were asked, by whose host they are of."""
    sender = found.get("live")
    if sender is None:
        return []
    return [("sender", sender)] + ([("receiver", sender["receiver"])] if "receiver" in sender else [])


def show(trace: Any) -> None:
    """The trace for people: a line for each step, and below it what decides it."""
    if trace["packet"]:
        click.echo(trace["packet"])
    widest = max(len(step["step"]) for step in trace["steps"])
    way = "there"
    for step in trace["steps"]:
        if step["way"] != way:
            way = step["way"]
            click.echo("  the answer:")
        verdict = click.style(f"{step['verdict']:7}", _COLOURS[step["verdict"]])
        click.echo(f"  {verdict}  {step['step']:{widest}}  {step['reason']}")
        for line in _below(step):
            click.echo(f"  {'':7}  {'':{widest}}  {line}")
    click.echo(click.style(_VERDICTS[trace["verdict"]], _COLOURS[trace["verdict"]]))
    for role, live in _live(trace):
        click.echo(f"The data plane of the {role}'s host {live['words']}.")
        click.echo(live["sentence"])


def _below(step: Any) -> list[str]:
    """What decides a step, and what to do about it."""
    lines = []
    if resource := step["resource"]:
        kind = resource["type"].replace("_", " ")
        named = f"{resource['name']} ({resource['id']})" if resource["name"] else resource["id"]
        detail = f": {step['detail']}" if step["detail"] else ""
        lines.append(f"{kind} {named}{detail}" if resource["id"] else f"a {kind} that you are not shown")
    if step["advice"]:
        lines.append(f"to do: {step['advice']}")
    return lines


def _port_id(controller: str, port: str) -> str:
    """The id of a port by its id or name. Raises ClickException when there is none, or several."""
    try:
        return str(uuid.UUID(port))
    except ValueError:
        found = ask(controller, "GET", "/v2.0/ports", params={"name": port, "fields": "id"})["ports"]
    if not found:
        raise click.ClickException(f"there is no port called {port}")
    if len(found) > 1:
        ids = "".join(f"\n  {each['id']}" for each in found)
        raise click.ClickException(f"there are several ports called {port}; name one by its id:{ids}")
    return str(found[0]["id"])
