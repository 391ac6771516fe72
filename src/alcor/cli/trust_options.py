"""The options of ``alcor controller`` that say whom hosts and controllers trust."""

import os
from pathlib import Path

import click

from alcor.channels.topic_keys import USUAL_EPOCH_SECONDS
from alcor.cli.together import together
from alcor.services.trust.settings import TrustSettings

_SECRET = "ALCOR_AUTHORITY_SECRET"
_LEAST_SECRET = 16  # characters

options = together(
    click.option("--secure-southbound/--insecure-southbound", default=None, show_envvar=True,
                 show_default="secure, unless the southbound address is of this machine only",
                 help="Whether agents and controllers must show each other certificates."),
    click.option("--enrolment", metavar="ADDRESS", default="", show_envvar=True,
                 show_default="the port after the southbound address's",
                 help="Where agents that have no certificate yet come with their tokens: HOST:PORT or unix:PATH."),
    click.option("--authority-secret-file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
                 show_envvar=True, show_default=f"the secret in {_SECRET}, if any",
                 help="Has the secret that the authority's key, and that of topics, are encrypted with in the "
                      "database. "
                      "Give all controllers the same."),
    click.option("--certificate-hours", metavar="HOURS", type=click.FloatRange(min=0.001), default=24.0,
                 show_envvar=True, help="How long certificates hold; agents renew theirs in time. "
                                        "Give all controllers the same."),
    click.option("--return-days", metavar="DAYS", type=click.FloatRange(min=0), default=30.0, show_envvar=True,
                 help="How long after the end of its certificate an agent that was away may still have another; "
                      "then it needs a new token."),
    click.option("--topic-key-hours", metavar="HOURS", type=click.FloatRange(0.001, 168),
                 default=USUAL_EPOCH_SECONDS / 3600, show_envvar=True,
                 help="How long what is published to many hosts is sealed with the same key. A host that has no port "
                      "there any more reads on for that and a quarter at most. Give all controllers the same."),
)  # fmt: skip
"""Gives a command these options; ``settings`` takes what they say."""


def settings(
    secret_file: Path | None, certificate_hours: float, return_days: float, topic_key_hours: float
) -> TrustSettings:
    """What the options say. Raises ClickException, saying what to do."""
    secret = os.environ.get(_SECRET, "").encode()
    if secret_file is not None:
        try:
            secret = secret_file.read_bytes().strip()
        except OSError as error:
            raise click.ClickException(f"cannot read the secret from {secret_file}: {error.strerror}") from error
    if (secret or secret_file is not None) and len(secret) < _LEAST_SECRET:
        raise click.UsageError(f"the authority's secret needs {_LEAST_SECRET} characters: openssl rand -base64 32")
    return TrustSettings(secret, int(certificate_hours * 3600), int(return_days * 86400), topic_key_hours * 3600)
