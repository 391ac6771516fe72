"""``alcor southbound``: see what a controller's southbound side does and what blocks it, and have ports tried again."""

import json
import time
from typing import Any

import click

from alcor.cli.controller_api import CONTROLLER, ask, new_console

_EPILOG = """\b
Examples:
  alcor southbound status
  alcor southbound status --watch
  alcor southbound status --json --limit 1000
  alcor southbound retry host-7
  alcor southbound retry host-7 0198c2f0-6a51-7d0e-9f7e-3c1d2b4a5e6f
  alcor southbound status --controller http://10.0.0.1:9696

\b
A controller with Keystone wants a token of an administrator, in OS_TOKEN:
  OS_TOKEN=$(openstack token issue -f value -c id) alcor southbound status

\b
Of several controllers on one PostgreSQL, each answers for the hosts that are
connected to it. Exit code: 0 when the controller answered and did what was
asked, 1 when it did not.
"""
_WATCH_SECONDS = 2.0


@click.group(epilog=_EPILOG)
def command() -> None:
    """See what a controller's southbound side does and what blocks it, and have ports tried again.

    Southbound is the way from a change in the database to the hosts: the change is compiled, what it means for each
    host is sent to the host's agent, the agent programs the data plane and acknowledges.
    """


@command.command(epilog=_EPILOG)
@CONTROLLER
@click.option("--limit", type=click.IntRange(0, 1000), default=20, show_default=True, metavar="N",
              help="Name so many hosts or ports of each kind, the oldest first.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print what the controller answers, as JSON.")
@click.option("--watch", is_flag=True, help="Show it anew every two seconds until Ctrl-C.")
def status(controller: str, limit: int, as_json: bool, watch: bool) -> None:
    """Show how far the southbound side is, and what blocks it.

    \b
      change log    how far compiling is behind what was committed
      pending       hosts that have not acknowledged all they were given
      failed        ports that their hosts could not program, and why
      unconnected   hosts with ports that are connected to no controller
      on demand     what hosts of large VPCs asked for
    """
    if as_json and watch:
        raise click.UsageError("--json and --watch do not go together")
    if as_json:
        click.echo(json.dumps(_status(controller, limit), indent=2))
    elif watch:
        _watch(controller, limit)
    else:
        from alcor.cli.southbound_page import print_page

        print_page(new_console(), _status(controller, limit))


@command.command(epilog=_EPILOG)
@click.argument("host")
@click.argument("port", required=False)
@CONTROLLER
def retry(host: str, port: str | None, controller: str) -> None:
    """Have HOST try again at once to program PORT, or all ports it could not program.

    HOST is the node's id, PORT the port's. Hosts try again by themselves, but ever less often: this is for when the
    reason is gone. A port that works is programmed anew, which does not disturb its traffic.
    """
    body = {"host_id": host} if port is None else {"host_id": host, "port_id": port}
    given = ask(controller, "POST", "/southbound/retry", json=body)["port_ids"]
    if not given:
        click.echo(f"Host {host} has no port that it could not program.")
        return
    click.echo(f"Host {host} was given {len(given)} of its ports again:")
    for port_id in given:
        click.echo(f"  {port_id}")
    click.echo("What became of them: alcor southbound status")


def _watch(controller: str, limit: int) -> None:
    """A controller that goes away meanwhile is waited for."""
    from rich.live import Live
    from rich.text import Text

    from alcor.cli.southbound_page import print_page, rendered

    console = new_console()
    found = _status(controller, limit)
    try:
        if not console.is_terminal:
            while True:
                print_page(console, found)
                time.sleep(_WATCH_SECONDS)
                console.print()
                found = _status(controller, limit)
        with Live(rendered(found), console=console, auto_refresh=False, screen=True) as live:
            while True:
                time.sleep(_WATCH_SECONDS)
                try:
                    live.update(rendered(_status(controller, limit)), refresh=True)
                except click.ClickException as error:
                    live.update(Text(error.message, "red"), refresh=True)
    except KeyboardInterrupt:
        return


def _status(controller: str, limit: int) -> Any:
    found = ask(controller, "GET", "/southbound/status", params={"limit": limit})
    if "controller_id" not in found:
        raise click.ClickException(f"what answers at {controller} is no controller")
    return found
