"""``alcor agent``: run the control agent of a host, or look inside a running one."""

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

import click

from alcor.agent.settings import SAMPLE, AgentSettings, SettingsError, load_settings

_CONFIG = click.option(
    "--config",
    "-c",
    "config",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The agent's configuration file.",
)
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class _Agent(click.Group):
    """Shows a configuration file at the end of --help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("A configuration file"):
            for line in SAMPLE.splitlines():
                formatter.write(f"  {line}\n" if line else "\n")


@click.group(cls=_Agent, name="agent", invoke_without_command=True, no_args_is_help=True)
@click.option(
    "--config", "-c", "config", type=click.Path(dir_okay=False, path_type=Path), help="Run with this configuration."
)
@click.pass_context
def command(context: click.Context, config: Path | None) -> None:
    """Run the control agent of one host, or look inside a running one.

    The agent keeps a connection to a controller, takes the host's goal state from it, makes the data plane follow,
    answers the ARP and DHCP of the host's workloads, and reports how the ports do. It keeps the goal state on disk
    and works without a controller. Stopping or restarting it does not disturb traffic.

    \b
        alcor agent --config FILE           run until SIGTERM or Ctrl-C
        alcor agent status --config FILE    is it connected, and what does it have?
        alcor agent ports  --config FILE    the host's ports: UP, DOWN or FAILED, and why
        alcor agent flows  --config FILE    what the data plane holds, with names
    """
    if context.invoked_subcommand is None:
        if config is None:
            raise click.UsageError("give --config FILE to run an agent, or a command to look inside one")
        _run(_load(config))


@command.command()
@_CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(config: Path, as_json: bool) -> None:
    """Show how a running agent does: its controller, its revision, what it holds and what it counted."""
    values = _ask(_load(config), "status")
    if as_json:
        click.echo(json.dumps(values, indent=2))
        return
    for name, value in values.items():
        if name not in ("counters", "network_config_managers"):
            text = ", ".join(value) if isinstance(value, list) else value
            click.echo(f"{name.replace('_', ' '):20} {text if text != '' else '-'}")
    for manager in values["network_config_managers"]:
        vnis = ", ".join(map(str, manager["vnis"])) or "-"
        click.echo(f"Network Config Manager {manager['address']}  {manager['state']}  answers for VNIs {vnis}")
    for name, value in values["counters"].items():
        click.echo(f"  {name:32} {value}")


@command.command()
@_CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ports(config: Path, as_json: bool) -> None:
    """List the host's ports: UP with interface and data plane ready, DOWN without interface, or FAILED and why.

    Below each stand its security groups and the network ACLs of its subnets, by their ids.
    """
    values = _ask(_load(config), "ports")
    if as_json:
        click.echo(json.dumps(values, indent=2))
        return
    for port in values:
        addresses = " ".join(port["fixed_ips"])
        line = (
            f"{port['id']}  {port['state']:7}  vni {port['vni']}  {port['mac_address']}  {addresses}  {port['reason']}"
        )
        click.echo(line.rstrip())
        groups = ", ".join(port["security_groups"]) or "none: nothing passes"
        click.echo(f"  security groups  {groups if port['port_security'] else 'not asked: port security is off'}")
        if port["network_acls"]:
            click.echo(f"  network ACLs     {', '.join(port['network_acls'])}")


@command.command()
@_CONFIG
def flows(config: Path) -> None:
    """Print what the data plane holds, table by table, with names instead of numbers."""
    for line in _ask(_load(config), "flows"):
        click.echo(line)


def _load(config: Path) -> AgentSettings:
    try:
        return load_settings(config)
    except SettingsError as error:
        raise click.ClickException(f"{error}\n\n'alcor agent --help' shows a configuration file.") from error


def _run(settings: AgentSettings) -> None:
    import uvloop

    from alcor.agent.agent import run_agent

    logging.basicConfig(level=settings.log_level.upper(), format=_FORMAT, stream=sys.stderr)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run_agent(settings))
    except (SettingsError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _ask(settings: AgentSettings, page: str) -> Any:
    import httpx

    path = settings.socket_path()
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), timeout=60) as client:
            response = client.get(f"http://agent/{page}")
    except httpx.TransportError as error:
        raise click.ClickException(
            f"no agent answers at {path} ({error}). Is it running? Start it with: alcor agent --config FILE"
        ) from error
    if response.status_code != 200:
        raise click.ClickException(response.text.strip())
    return response.json()
