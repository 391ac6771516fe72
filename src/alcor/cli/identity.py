"""The options of ``alcor controller`` that say who its callers are, and what they may."""

import os
from pathlib import Path
from typing import Any

import click

from alcor.api.identity.settings import DEFAULT_CACHE_SECONDS, IdentitySettings, KeystoneSettings
from alcor.cli.together import together

_PASSWORD = "ALCOR_KEYSTONE_PASSWORD"
_FILE = click.Path(dir_okay=False, path_type=Path)

options = together(
    click.option("--auth", type=click.Choice(["none", "keystone"]), default="none", show_envvar=True,
                 help="How callers show who they are: with a token of Keystone, or, for development, not at all: then "
                      "everybody may everything."),
    click.option("--keystone-url", metavar="URL", default="", show_envvar=True,
                 help="Keystone, as the controller and its clients reach it: https://HOST:5000/v3."),
    click.option("--keystone-user", metavar="NAME", default="alcor", show_envvar=True,
                 help="The controller's own user there: one who may validate tokens: with the role service, or admin. "
                      f"Its password is read from {_PASSWORD} or a file, never from the command line."),
    click.option("--keystone-password-file", metavar="FILE", type=_FILE, show_envvar=True,
                 help="The file that holds the password of that user, and nothing else."),
    click.option("--keystone-project", metavar="NAME", default="service", show_envvar=True,
                 help="The project in which that user works."),
    click.option("--keystone-domain", metavar="NAME", default="Default", show_envvar=True,
                 help="The domain of that user and that project."),
    click.option("--keystone-cache-seconds", metavar="SECONDS", type=click.IntRange(min=0),
                 default=DEFAULT_CACHE_SECONDS, show_envvar=True,
                 help="How long a token is believed without asking again: so much later one that was revoked is "
                      "refused."),
    click.option("--policy-file", metavar="FILE", type=_FILE, show_envvar=True,
                 help="Rules that override the built-in ones by name, in YAML, as oslo.policy and Neutron write them. "
                      "Read again when it changed."),
)  # fmt: skip
"""Gives a command these options; ``settings`` takes what they say."""


def settings(
    auth: str,
    keystone_url: str,
    keystone_user: str,
    keystone_password_file: Path | None,
    keystone_project: str,
    keystone_domain: str,
    keystone_cache_seconds: int,
    policy_file: Path | None,
) -> IdentitySettings:
    """What the options say. Raises UsageError or ClickException, saying what to do."""
    if auth == "none":
        if keystone_url or policy_file:
            raise click.UsageError("--keystone-url and --policy-file mean nothing without --auth keystone")
        return IdentitySettings()
    if not keystone_url.startswith(("http://", "https://")) or not keystone_url.rstrip("/").endswith("/v3"):
        raise click.UsageError("--auth keystone needs --keystone-url https://HOST:5000/v3")
    keystone = KeystoneSettings(
        url=keystone_url.rstrip("/"),
        user=keystone_user,
        password=_password(keystone_password_file),
        project=keystone_project,
        domain=keystone_domain,
        cache_seconds=keystone_cache_seconds,
    )
    return IdentitySettings(keystone, policy_file)


def _password(path: Path | None) -> str:
    if path is None:
        password = os.environ.get(_PASSWORD, "")
        if not password:
            raise click.UsageError(f"--auth keystone needs the password in {_PASSWORD} or --keystone-password-file")
        return password
    try:
        return path.read_text().rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise click.ClickException(f"cannot read the password from {path}: {_reason(error)}") from error


def _reason(error: Any) -> str:
    return getattr(error, "strerror", None) or str(error)
