"""The options of ``alcor controller`` about the compute service (Nova)."""

import click

from alcor.cli.together import together
from alcor.controller.compute.settings import ComputeSettings

options = together(
    click.option("--compute-events/--no-compute-events", default=None, show_envvar=True,
                 show_default="with --auth keystone",
                 help="Tell Nova when ports of its servers are plugged in, changed or gone: it waits for that before "
                      "it starts a server. Give all controllers the same."),
    click.option("--compute-url", metavar="URL", default="", show_envvar=True,
                 show_default="as Keystone's catalog says",
                 help="Nova's API: https://HOST:8774/v2.1. The controller's user must be one who may create external "
                      "events there: with the role service, or admin."),
    click.option("--compute-region", metavar="NAME", default="", show_envvar=True,
                 help="Whose Nova it is, where Keystone's catalog has several regions."),
)  # fmt: skip
"""Gives a command these options; ``settings`` takes what they say."""


def settings(
    has_keystone: bool, compute_events: bool | None, compute_url: str, compute_region: str
) -> ComputeSettings | None:
    """What the options say; None where nobody is told. Raises UsageError, saying what to do."""
    if compute_events is None:
        compute_events = has_keystone
    if not compute_events:
        if compute_url or compute_region:
            raise click.UsageError("--compute-url and --compute-region mean nothing without --compute-events")
        return None
    if not has_keystone:
        raise click.UsageError("--compute-events needs --auth keystone: Nova asks who tells it")
    if compute_url and not compute_url.startswith(("http://", "https://")):
        raise click.UsageError("--compute-url: write https://HOST:8774/v2.1")
    return ComputeSettings(compute_url, compute_region)
