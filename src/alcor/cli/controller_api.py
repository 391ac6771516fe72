"""Asking a controller's API, for commands that do."""

import io
import os
import sys
from typing import Any

import click

CONTROLLER = click.option(
    "--controller",
    metavar="URL",
    envvar="ALCOR_CONTROLLER",
    show_envvar=True,
    default="http://127.0.0.1:9696",
    show_default=True,
    help="The controller's API: http://HOST:PORT or unix:PATH.",
)


def new_console() -> Any:
    """Where pages for people are printed."""
    from rich.console import Console

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 shows ? for what it cannot show
    return Console(highlight=False)


def _token() -> dict[str, str]:
    token = os.environ.get("OS_TOKEN")
    return {"X-Auth-Token": token} if token else {}


def ask(controller: str, method: str, path: str, **content: Any) -> Any:
    """What the controller answers. Raises ClickException saying what to do."""
    import httpx

    socket = controller.removeprefix("unix:") if controller.startswith("unix:") else None
    base = "http://controller" if socket else controller.rstrip("/")
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=socket), headers=_token(), timeout=30) as client:
            answer = client.request(method, base + path, **content)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise click.ClickException(
            f"no controller answers at {controller} ({error or type(error).__name__}). "
            "Is it running? Name another with --controller URL, or start one with: alcor controller"
        ) from error
    try:
        found = answer.json()
    except ValueError as error:
        raise click.ClickException(
            f"what answers at {controller} is no controller (HTTP {answer.status_code})"
        ) from error
    if answer.is_success:
        return found
    message = found.get("NeutronError", {}).get("message") if isinstance(found, dict) else None
    raise click.ClickException(message or f"the controller at {controller} answered HTTP {answer.status_code}")
