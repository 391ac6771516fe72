"""``alcor node``: see how hosts do, and say which may join a region, and which may no longer."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import click

from alcor.cli.controller_api import CONTROLLER, ask, new_console

_EPILOG = """\b
Examples:
  alcor node list
  alcor node list --state degraded --state down
  alcor node list --json
  alcor node show host-7
  alcor node join-token host-7
  alcor node revoke host-7
  alcor node list --controller http://10.0.0.1:9696

\b
A controller with Keystone wants a token of an administrator, in OS_TOKEN:
  OS_TOKEN=$(openstack token issue -f value -c id) alcor node list

\b
Of several controllers on one database any may be asked. Exit code: 0 when the
controller answered, 1 when it did not.
"""
_STATES = ("up", "degraded", "down")
_PAGE = 1000
_COLUMNS = ("node", "VTEP", "state", "since", "why")


@click.group(epilog=_EPILOG)
def command() -> None:
    """See how hosts do, and say which may join a region, and which may no longer.

    \b
      up        its agent is served, its data plane works, and hosts that probe
                each other on the underlay reach it
      degraded  its data plane does not work, or something is wrong on the
                underlay, with it or on the way to another host
      down      no controller serves its agent; what it runs may go on
    """


@command.command("list", epilog=_EPILOG)
@CONTROLLER
@click.option(
    "--state", "states", type=click.Choice(_STATES), multiple=True, help="Only nodes in this state, or these."
)
@click.option("--json", "as_json", is_flag=True, help="Print what the controller answers, as JSON.")
def list_nodes(controller: str, states: tuple[str, ...], as_json: bool) -> None:
    """List the nodes, in the order of their ids: state, since when, and why."""
    nodes = _nodes(controller, states)
    if as_json:
        click.echo(json.dumps(list(nodes), indent=2))
        return
    rows = [_row(node) for node in nodes]
    _print([_COLUMNS, *rows])


@command.command(epilog=_EPILOG)
@click.argument("host")
@CONTROLLER
@click.option("--json", "as_json", is_flag=True, help="Print what the controller answers, as JSON.")
def show(host: str, controller: str, as_json: bool) -> None:
    """Show one node, HOST being its id."""
    node = ask(controller, "GET", f"/nodes/{quote(host, safe='')}")["host_info"]
    if as_json:
        click.echo(json.dumps(node, indent=2))
        return
    for name, value in node.items():
        if name == "state_reasons":
            for reason in value:
                click.echo(f"{'':20} {reason}")
        elif value not in ("", None):
            click.echo(f"{name.replace('_', ' '):20} {value}")


@command.command("join-token", epilog=_EPILOG)
@click.argument("host")
@CONTROLLER
@click.option("--hours", type=click.IntRange(1, 24 * 365), default=24, show_default=True, metavar="N",
              help="How long the token is good for.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print the token only.")
def join_token(host: str, controller: str, hours: int, quiet: bool) -> None:
    """Make a token with which HOST gets its first certificate, and print what to write to its agent's file.

    HOST is the node's id. The token replaces one that was made before, and is good for one key: that of the agent that
    shows it first.
    """
    made = ask(controller, "POST", f"/nodes/{quote(host, safe='')}/join-token", json={"hours": hours})["join_token"]
    if quiet:
        click.echo(made["token"])
        return
    click.echo(f"# for host {host}, until {made['expires_at']}")
    click.echo(f'[trust]\ntoken = "{made["token"]}"\nauthority = "{made["authority"]}"')


@command.command(epilog=_EPILOG)
@click.argument("host")
@CONTROLLER
def revoke(host: str, controller: str) -> None:
    """Refuse all certificates and tokens that HOST has, at once and on all controllers.

    Its workloads' traffic goes on as it is. To have the host back, make it another token.
    """
    ask(controller, "POST", f"/nodes/{quote(host, safe='')}/revoke")
    click.echo(f"Host {host} is refused from now on.")


def _nodes(controller: str, states: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    marker: dict[str, str] = {}
    while True:
        question = {"limit": str(_PAGE), "sort_key": "node_id", "sort_dir": "asc", "state": list(states), **marker}
        page = ask(controller, "GET", "/nodes", params=question)["nodeInfos"]
        yield from page
        if len(page) < _PAGE:
            return
        marker = {"marker": page[-1]["node_id"]}


def _row(node: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        node["node_id"],
        node["local_ip"],
        node["state"],
        node["state_since"] or "-",
        "; ".join(node["state_reasons"]) or "-",
    )


def _print(rows: list[tuple[str, ...]]) -> None:
    console = new_console()
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{value:{width}}" for value, width in zip(row, widths, strict=True))
        console.print("  ".join(cells).rstrip(), markup=False, soft_wrap=True)
