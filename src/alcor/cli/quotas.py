"""The option of ``alcor controller`` that says how many resources a project may have."""

from collections.abc import Iterable, Mapping

import click

from alcor.services.quota import NEUTRONS_DEFAULTS, RESOURCES, UNLIMITED

option = click.option(
    "--quota", metavar="RESOURCE=NUMBER", multiple=True, show_envvar=True,
    show_default="with --auth keystone Neutron's, "
                 + " ".join(f"{resource}={NEUTRONS_DEFAULTS[resource]}" for resource in RESOURCES
                            if resource in NEUTRONS_DEFAULTS) + "; without, any number of each",
    help="How many of a resource a project may have for which nothing else is set through the API; -1 for any number. "
         "Once for each resource. Give all controllers the same.",
)  # fmt: skip
"""Takes what ``default_limits`` reads."""


def default_limits(callers_are_known: bool, given: Iterable[str]) -> Mapping[str, int]:
    """The limits that hold where nothing is set: Neutron's where callers show who they are, and what is given.

    Raises click.UsageError.
    """
    limits = dict(NEUTRONS_DEFAULTS) if callers_are_known else {}
    for each in given:
        resource, _, number = each.partition("=")
        if resource not in RESOURCES:
            raise click.UsageError(f"--quota {each}: the resource is one of {', '.join(RESOURCES)}")
        limits[resource] = _limit(number)
    return limits


def _limit(text: str) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise click.UsageError(f"--quota: '{text}' is not a number") from error
    if number < UNLIMITED:
        raise click.UsageError("--quota: say how many, or -1 for any number")
    return number
