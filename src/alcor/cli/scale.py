"""``alcor scale``: the scalability test framework."""

import asyncio
import io
import sys
from pathlib import Path

import click

from alcor.cli.above import number_or_never

_EPILOG = """\b
Examples:
  alcor scale list
  alcor scale run smoke
  alcor scale run million-hosts --hosts 100000 --report report/
  alcor scale run big-vpc --database postgresql+psycopg://alcor@db/alcor
  alcor scale run message-queue --message-queue pulsar://10.0.0.1:6650/public/scale
  alcor scale run ./mine.toml --controller http://10.0.0.1:9696 --southbound 10.0.0.1:9697

\b
A scenario is a TOML file: hosts, and steps that create load or faults.
docs/scale-testing.md says what the steps are; those that come with Alcor
are good examples.
"""


@click.group(epilog=_EPILOG, context_settings={"show_default": True})
def command() -> None:
    """Test how Alcor scales: simulated hosts by the million, load, faults, and a report.

    Simulated hosts speak the real southbound protocol to a real controller, many of them in a process and on a
    connection; they have no data plane and say that ports are up after a time of your choice. Everything else is as it
    is in production: the REST API, the database, the change log, the goal states, the acknowledgements.
    """


@command.command("list")
def list_() -> None:
    """Show the scenarios that come with Alcor."""
    from alcor.scale import scenario

    names = scenario.names()
    width = max(map(len, names))
    for name in names:
        click.echo(f"{name:{width}}  {scenario.read(name).description}")


@command.command(epilog=_EPILOG)
@click.argument("scenario")
@click.option("--hosts", type=click.IntRange(min=1), metavar="N", help="This many hosts, whatever the scenario says.")
@click.option("--processes", type=click.IntRange(min=1), metavar="N", help="Spread the hosts over so many processes.")
@click.option("--vpcs", type=click.IntRange(min=1), metavar="N", help="VPCs of each step that creates ports.")
@click.option("--ports", type=click.IntRange(min=1), metavar="N", help="Ports of each VPC, or ports to change.")
@click.option("--clients", type=click.IntRange(min=1), metavar="N", help="Clients of the API at the same time.")
@click.option("--at-once", type=click.IntRange(min=1), metavar="N", help="Ports, or nodes, in one request.")
@click.option("--rate", type=click.FloatRange(min=0), metavar="N", help="Requests a second; 0 for as many as go.")
@click.option("--iterations", type=click.IntRange(min=1), metavar="N", help="Rounds of steps that go round.")
@click.option("--peers", type=click.IntRange(min=1), metavar="N", help="Peers that each host asks for.")
@click.option("--changes", type=click.IntRange(min=1), metavar="N", help="Changes of steps that many hosts hear of.")
@click.option("--channel", type=click.Choice(["fast", "queue", "both"]), metavar="CHANNEL",
              help="How hosts are told, whatever the scenario says: fast, queue or both.")  # fmt: skip
@click.option("--queue-above", metavar="PORTS", type=number_or_never,
              help="What the controller is told that is started: a number, or none.")  # fmt: skip
@click.option("--queue-groups-above", metavar="PORTS", type=number_or_never, help="Likewise.")
@click.option("--timeout", type=click.FloatRange(min=1), metavar="SECONDS", help="Patience of each step.")
@click.option("--report", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write report.html and report.json there; made when missing.")  # fmt: skip
@click.option("--database", metavar="URL", default="", show_default="a new SQLite file, removed in the end",
              help="An empty database for the controller that is started, like "
                   "postgresql+psycopg://user:password@host/name. What the scenario creates stays in it.")  # fmt: skip
@click.option("--controller", metavar="URL", default="", show_default="one that is started and removed",
              help="A controller that runs already, like http://10.0.0.1:9696. What the scenario creates "
                   "stays in it.")  # fmt: skip
@click.option("--southbound", metavar="ADDRESS", default="", help="Where that controller listens for agents.")
@click.option("--secure/--insecure", default=None, show_default="secure, if that is not on this machine",
              help="Whether hosts and controllers show each other certificates.")  # fmt: skip
@click.option("--message-queue", metavar="URL", default="", show_default="a broker that is started and removed",
              help="A message queue for hosts that use one, like pulsar://10.0.0.1:6650/public/scale; that of the "
                   "controller, when --controller names one.")  # fmt: skip
def run(
    scenario: str,
    hosts: int | None,
    processes: int | None,
    report: Path | None,
    database: str,
    controller: str,
    southbound: str,
    secure: bool | None,
    message_queue: str,
    channel: str | None,
    queue_above: int | str | None,
    queue_groups_above: int | str | None,
    **values: int | float | None,
) -> None:
    """Run SCENARIO: one of those that come with Alcor, or a TOML file.

    Exit code: 0 when everything became what it should, 1 when something did not, 130 after Ctrl-C.
    """
    import uvloop
    from rich.console import Console

    from alcor.scale import scenario as scenarios
    from alcor.scale.errors import ScaleError
    from alcor.scale.machine import machine
    from alcor.scale.report.page import write_report
    from alcor.scale.runner import Target, run_scenario
    from alcor.scale.watching import Watcher

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 shows ? for what it cannot show
    watcher = Watcher(Console(highlight=False, soft_wrap=not sys.stdout.isatty()))
    try:
        chosen = scenarios.override(
            scenarios.read(scenario), hosts, processes, channel, queue_above, queue_groups_above, **values
        )
        name = Path(scenario).stem
        watcher.begin(name, chosen.description, machine())
        if report is not None:
            report.mkdir(parents=True, exist_ok=True)
        target = Target(database, controller, southbound, message_queue, secure)
        outcome = uvloop.run(run_scenario(name, chosen, target, watcher))
        if report is not None:
            write_report(outcome, report)
            click.echo(f"Report: {report / 'report.html'}")
    except (ScaleError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        click.echo("\nInterrupted; everything is removed.", err=True)
        sys.exit(130)
    sys.exit(0 if outcome.passed else 1)
