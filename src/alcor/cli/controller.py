"""``alcor controller``: run a controller."""

import os
from pathlib import Path
from typing import Any

import click
import uvloop

from alcor.channels.topic_beats import USUAL_LONGEST
from alcor.cli import compute, identity, quotas
from alcor.cli import trust_options as trust
from alcor.cli.above import above, number_or_never
from alcor.controller import logs
from alcor.controller.controller import run_controller
from alcor.controller.settings import ROLES, ControllerError, ControllerSettings
from alcor.model.choices import (
    DEFAULT_HOSTS_PER_GROUP,
    DEFAULT_QUEUE_ABOVE,
    DEFAULT_QUEUE_GROUPS_ABOVE,
    DEFAULT_UNDERLAY_MTU,
    LEAST_UNDERLAY_MTU,
    MOST_HOSTS_PER_GROUP,
    Choices,
)
from alcor.model.programming import DEFAULT_ON_DEMAND_ABOVE

_EPILOG = """\b
Examples:
  alcor controller
      API at http://127.0.0.1:9696, agents at 127.0.0.1:9697, everything kept
      in an SQLite file in the data directory
  alcor controller --listen 0.0.0.0:9696 --southbound 0.0.0.0:9697
      reachable from other machines
  alcor controller --database postgresql+psycopg://alcor@db/alcor
      one of several controllers that share a PostgreSQL database
  alcor controller --role ncm --southbound 10.0.0.7:9697 --database …
      a process that only answers hosts, and holds its share of the VPCs
  alcor controller --message-queue pulsar://10.0.0.1:6650/alcor/region \\
          --message-queue cell-2=pulsar://10.2.0.1:6650/alcor/region …
      hosts of cell-2 have a message queue of their own
  ALCOR_KEYSTONE_PASSWORD=… alcor controller --auth keystone \\
          --keystone-url https://keystone:5000/v3
      callers show tokens of Keystone, and may what the policy lets them

\b
Then, from another terminal:
  curl http://127.0.0.1:9696/readyz
  openstack --os-auth-type none --os-endpoint http://127.0.0.1:9696 network list
"""


def _default_data_directory() -> Path:
    state_home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path("/var/lib/alcor") if os.geteuid() == 0 else Path(state_home) / "alcor"


@click.command(epilog=_EPILOG, context_settings={"auto_envvar_prefix": "ALCOR", "show_default": True})
@click.option("--listen", metavar="ADDRESS", default="127.0.0.1:9696", show_envvar=True,
              help="Where the API listens: HOST:PORT or unix:PATH.")  # fmt: skip
@click.option("--southbound", metavar="ADDRESS", default="127.0.0.1:9697", show_envvar=True,
              help="Where control agents connect: HOST:PORT or unix:PATH.")  # fmt: skip
@click.option("--database", metavar="URL", default="", show_envvar=True,
              show_default="alcor.db in the data directory",
              help="sqlite:////absolute/path.db or postgresql+psycopg://user:password@host/name. "
                   "Created and brought up to date by itself.")  # fmt: skip
@click.option("--data-directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
              default=_default_data_directory, show_envvar=True,
              show_default="/var/lib/alcor for root, else ~/.local/state/alcor",
              help="Where the controller keeps its files; made when missing.")  # fmt: skip
@click.option("--host-grace", metavar="SECONDS", type=click.FloatRange(min=1), default=15.0, show_envvar=True,
              help="How long a host may be away before its ports go DOWN.")  # fmt: skip
@click.option("--digest-interval", metavar="SECONDS", type=click.IntRange(min=0), default=600, show_envvar=True,
              help="About how often each host says a digest of what it has; one that does not have what it should "
                   "gets everything anew. 0 for never.")  # fmt: skip
@click.option("--probe-interval", metavar="SECONDS", type=click.FloatRange(min=0, max=3600), default=10.0,
              show_envvar=True, help="How often each host probes a few others on the underlay, so that those which do "
                                     "not reach each other are known. 0 for never.")  # fmt: skip
@click.option("--stop-seconds", metavar="SECONDS", type=click.FloatRange(min=0), default=5.0, show_envvar=True,
              help="Over how long hosts are sent on to other controllers, if there are any, when this one is stopped.",
              )  # fmt: skip
@click.option("--on-demand-above", metavar="PORTS", type=click.IntRange(min=0), default=DEFAULT_ON_DEMAND_ABOVE,
              show_envvar=True, help="Bound ports of a VPC above which hosts are no longer told of all its ports, but "
                                     "ask for those that their workloads speak to. "
                                     "Give all controllers the same.")  # fmt: skip
@click.option("--underlay-mtu", metavar="BYTES", type=click.IntRange(LEAST_UNDERLAY_MTU, 65_535),
              default=DEFAULT_UNDERLAY_MTU, show_envvar=True,
              help="The largest packets that pass between hosts; those of networks are smaller by what a tunnel adds. "
                   "Give all controllers the same.")  # fmt: skip
@click.option("--hosts-per-group", metavar="HOSTS", type=click.IntRange(1, MOST_HOSTS_PER_GROUP),
              default=DEFAULT_HOSTS_PER_GROUP, show_envvar=True,
              help="How many hosts the message queue reaches by one topic. Give all controllers the same.")  # fmt: skip
@click.option("--message-queue", metavar="[CELL=]URL", multiple=True, show_envvar=True,
              help="A message queue beside the streams to hosts: pulsar://HOST:PORT/TENANT/NAMESPACE, public/default "
                   "when no namespace is named. Once for each cell that has one of its own, and once without a cell "
                   "for all others; with blanks between them in the environment. Give all controllers the same.",
              )  # fmt: skip
@click.option("--queue-above", metavar="PORTS", type=number_or_never, show_envvar=True,
              show_default=f"{DEFAULT_QUEUE_ABOVE} with a message queue",
              help="Bound ports of a VPC that is told ahead above which what changes is published for all its hosts "
                   "at once, by the message queue; none for never. Give all controllers the same.")  # fmt: skip
@click.option("--queue-groups-above", metavar="PORTS", type=number_or_never, show_envvar=True,
              show_default=f"{DEFAULT_QUEUE_GROUPS_ABOVE} with a message queue",
              help="Bound ports of a security group above which what changes of its rules is published for all its "
                   "hosts at once, by the message queue; none for never. Give all controllers the same.")  # fmt: skip
@click.option("--topic-interval", metavar="SECONDS", type=click.IntRange(5, 3600), default=USUAL_LONGEST,
              show_envvar=True,
              help="How long a topic of which nothing changes may go without a message. Shorter, hosts notice earlier "
                   "that nobody publishes; longer, brokers have less to do. Give all controllers the same.",
              )  # fmt: skip
@quotas.option
@click.option("--role", "roles", metavar="ROLE", type=click.Choice(sorted(ROLES)), multiple=True,
              default=sorted(ROLES), show_envvar=True,
              help="What this process does, once for each: api serves the API, dpm serves hosts with goal states, ncm "
                   "answers hosts that ask about VPCs on demand. Any number of processes of each share a PostgreSQL "
                   "database; a dpm or ncm alone holds only its share of the VPCs.")  # fmt: skip
@click.option("--advertise", metavar="ADDRESS", default="", show_envvar=True,
              show_default="the southbound address, of a process with no role but ncm",
              help="Where hosts reach this process to ask: HOST:PORT or unix:PATH. Hosts are told by those that serve "
                   "them. Without any such address they ask the controllers that they are configured with.",
              )  # fmt: skip
@trust.options
@identity.options
@compute.options
@click.option("--log-level", type=click.Choice(logs.LEVELS), default="info", show_envvar=True,
              help="Lines to standard error from this level up.")  # fmt: skip
def command(
    listen: str,
    southbound: str,
    database: str,
    data_directory: Path,
    host_grace: float,
    digest_interval: int,
    probe_interval: float,
    stop_seconds: float,
    on_demand_above: int,
    underlay_mtu: int,
    hosts_per_group: int,
    message_queue: tuple[str, ...],
    queue_above: int | str | None,
    queue_groups_above: int | str | None,
    topic_interval: int,
    quota: tuple[str, ...],
    roles: tuple[str, ...],
    advertise: str,
    secure_southbound: bool | None,
    enrolment: str,
    authority_secret_file: Path | None,
    certificate_hours: float,
    return_days: float,
    topic_key_hours: float,
    compute_events: bool | None,
    compute_url: str,
    compute_region: str,
    log_level: str,
    **who_callers_are: Any,
) -> None:
    """Run a controller: the API, the managers and the Data Plane Manager.

    It serves OpenStack's Neutron API and Alcor's own, keeps everything in its
    database, and tells every host's control agent what to do. It stops in
    order on Ctrl-C or SIGTERM; hosts keep forwarding packets meanwhile.
    """
    from alcor.controller.application import create_application

    logs.configure(log_level)
    message_queues = tuple(filter(None, message_queue))
    has_keystone = who_callers_are["auth"] != "none"
    told = compute.settings(has_keystone, compute_events, compute_url, compute_region)
    settings = ControllerSettings(
        data_directory=data_directory,
        listen=listen,
        southbound=southbound,
        database=database,
        host_grace=host_grace,
        digest_interval=digest_interval,
        probe_interval=probe_interval,
        topic_interval=topic_interval,
        stop_seconds=stop_seconds,
        choices=Choices(
            on_demand_above,
            quotas.default_limits(has_keystone, quota),
            underlay_mtu,
            hosts_per_group,
            queue_above=above(queue_above, DEFAULT_QUEUE_ABOVE if message_queues else None),
            queue_groups_above=above(queue_groups_above, DEFAULT_QUEUE_GROUPS_ABOVE if message_queues else None),
        ),
        compute=told,
        message_queues=message_queues,
        roles=frozenset(roles),
        advertise=advertise,
        secure_southbound=secure_southbound,
        enrolment=enrolment,
        trust=trust.settings(authority_secret_file, certificate_hours, return_days, topic_key_hours),
        identity=identity.settings(**who_callers_are),
    )
    try:
        data_directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"cannot use the data directory {data_directory}: {error.strerror}") from error
    try:
        uvloop.run(run_controller(settings, create_application))
    except ControllerError as error:
        raise click.ClickException(str(error)) from error
