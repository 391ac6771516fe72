"""Keeping the certificate of a broker of the message queue: what ``alcor trust keep-certificate`` does."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import click

from alcor.agent.counters import Counters
from alcor.agent.trust.membership import Membership
from alcor.agent.trust.settings import TrustSettings
from alcor.channels.trust.enrolment_client import EnrolmentFailed
from alcor.channels.trust.identity import Kind


def keep(
    directory: Path, controllers: Sequence[str], enrolment: Sequence[str], token_file: str, authority: str, once: bool
) -> None:
    """Keep it in a directory, until this process is stopped; with ``once`` ask for one and end.

    Raises ClickException, saying what to do.
    """
    settings = TrustSettings(secure=True, token_file=token_file, authority=authority, enrolment=tuple(enrolment))
    if (problem := settings.problem(controllers)) is not None:
        raise click.UsageError(problem)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    membership = Membership("", controllers, settings, directory, Counters(), kind=Kind.BROKER)
    try:
        membership.load()
        asyncio.run(membership.ask() if once else membership.run())
    except KeyboardInterrupt:
        return
    except (OSError, EnrolmentFailed) as error:
        raise click.ClickException(str(error)) from error
