"""``alcor trust``: the authority that signs the certificates of hosts and controllers."""

from pathlib import Path
from urllib.parse import quote

import click

from alcor.cli.controller_api import CONTROLLER, ask

_EPILOG = """\b
Examples:
  alcor trust show
  alcor trust rotate
  alcor trust rotate --now
  alcor trust fleet-token load-test
  alcor trust broker-token pulsar-1.example.org pulsar.example.org
  alcor trust keep-certificate /etc/pulsar --southbound 192.0.2.10:9697 --token-file FILE --authority sha256:...
"""


@click.group(epilog=_EPILOG)
def command() -> None:
    """See the authority that certificates are of, and have another one made."""


@command.command(epilog=_EPILOG)
@CONTROLLER
def show(controller: str) -> None:
    """Show the authorities that are trusted: fingerprint, since when each signs, until when it is trusted."""
    found = ask(controller, "GET", "/trust/authorities")["authorities"]
    if not found:
        click.echo("There is none: no controller of this database serves hosts with certificates.")
    for authority in found:
        until = authority["trusted_until"] or "it is replaced"
        click.echo(f"{authority['fingerprint']}  signs from {authority['signs_from']}, trusted until {until}")


@command.command(epilog=_EPILOG)
@CONTROLLER
@click.option("--now", is_flag=True, help="Trust the one before no more, at once: for when its key is stolen.")
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
def rotate(controller: str, now: bool, yes: bool) -> None:
    """Make another authority. It signs once all hosts have heard of it; then the one before is trusted no more.

    With --now all certificates and tokens end at once: controllers end the streams of all hosts, and each host has to
    join anew, with a token that is made after this. Workloads' traffic goes on as it is.
    """
    if now and not yes:
        click.confirm("Every host will have to join anew, with another token. Go on?", abort=True)
    made = ask(controller, "POST", "/trust/authorities", json={"at_once": now})["authority"]
    click.echo(f"{made['fingerprint']}  signs from {made['signs_from']}")


@command.command("fleet-token", epilog=_EPILOG)
@click.argument("name")
@CONTROLLER
def fleet_token(name: str, controller: str) -> None:
    """Make a token for one that speaks for many hosts on one stream, as simulated ones do, and print it."""
    made = ask(controller, "POST", f"/trust/fleets/{name}/join-token")["join_token"]
    click.echo(f'token = "{made["token"]}"\nauthority = "{made["authority"]}"')


@command.command("broker-token", epilog=_EPILOG)
@click.argument("names", nargs=-1, required=True)
@CONTROLLER
def broker_token(names: tuple[str, ...], controller: str) -> None:
    """Make a token for a broker of the message queue that clients reach by these names or addresses, and print it."""
    made = ask(controller, "POST", f"/trust/brokers/{quote(' '.join(names))}/join-token")["join_token"]
    click.echo(f'token = "{made["token"]}"\nauthority = "{made["authority"]}"')


@command.command("keep-certificate", epilog=_EPILOG)
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--southbound",
    "controllers",
    metavar="ADDRESS",
    multiple=True,
    required=True,
    help="Where agents reach a controller: HOST:PORT. May be given more than once.",
)
@click.option(
    "--enrolment",
    metavar="ADDRESS",
    multiple=True,
    help="Where controllers take in new hosts and brokers: by default the ports after those.",
)
@click.option("--token-file", metavar="FILE", default="", help="Has the token; needed until the broker has joined.")
@click.option("--authority", metavar="FINGERPRINT", default="", help="What was printed beside the token.")
@click.option("--once", is_flag=True, help="Get a certificate, or another one, and end.")  # fmt: skip
def keep_certificate(
    directory: Path,
    controllers: tuple[str, ...],
    enrolment: tuple[str, ...],
    token_file: str,
    authority: str,
    once: bool,
) -> None:
    """Keep the certificate of a broker of the message queue in DIRECTORY/trust, and renew it, until it is stopped.

    The broker is to be told of key.pem, certificate.pem and authorities.pem there, which it reads again by itself.
    Run this as the user that the broker runs as.
    """
    from alcor.cli.broker_certificate import keep

    keep(directory, controllers, enrolment, token_file, authority, once)
