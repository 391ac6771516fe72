"""``alcor demo``: a small cloud on this machine that shows that it works."""

import asyncio
import io
import sys

import click

_EPILOG = """\b
Examples:
  alcor demo
  alcor demo --keep                         then look inside; Ctrl-C ends it
  alcor demo --hosts 10 --workloads 60
  alcor demo --listen 127.0.0.1:9797        when port 9696 is taken

\b
It needs root, Open vSwitch, and busybox's udhcpc. Nothing has to run
already, nothing of the machine's own network is touched, and nothing is
left when it ends, however it ends. Exit code: 0 when every promise held,
1 when one did not, 130 after Ctrl-C.
"""


@click.command(epilog=_EPILOG, context_settings={"show_default": True})
@click.option("--hosts", type=click.IntRange(1, 30), default=3, help="Hosts: Open vSwitch and an agent each.")
@click.option("--workloads", type=click.IntRange(4, 4000), default=12, help="Workloads, spread over two VPCs.")
@click.option("--listen", metavar="HOST:PORT", default="127.0.0.1:9696", help="Where the API listens.")
@click.option("--keep", is_flag=True, help="Leave it running at the end and say how to look inside.")
def command(hosts: int, workloads: int, listen: str, keep: bool) -> None:
    """Run a small cloud on this machine and show that it works, with real packets.

    It starts a controller, and hosts that are network namespaces with an Open vSwitch and a control agent each. Then
    it creates two VPCs with overlapping addresses through the API, plugs workloads in that get their addresses by
    DHCP, and shows:

    \b
      how long each port takes from the request to ACTIVE
      that every pair inside a subnet can ping, on one host and across hosts
      that the VPCs cannot hear each other
      that an agent can be killed without a packet being lost
      that a workload can move to another host
      that a deleted port is silent
    """
    from rich.console import Console

    from alcor.testbed.demo.demo import run_demo
    from alcor.testbed.demo.settings import DemoSettings
    from alcor.testbed.errors import TestbedError

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 shows ? for what it cannot show
    settings = DemoSettings(hosts=hosts, workloads=workloads, listen=listen, keep=keep)
    try:
        good = asyncio.run(run_demo(settings, Console(highlight=False)))
    except TestbedError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("\nInterrupted; everything is removed.", err=True)
        sys.exit(130)
    sys.exit(0 if good else 1)
