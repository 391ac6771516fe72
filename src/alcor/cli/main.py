"""``alcor``: one command, its subcommands loaded only when asked for, so that --help is quick."""

import importlib

import click

from alcor import __version__

_COMMANDS = {
    "controller": "Run a controller: API, managers, Data Plane Manager.",
    "agent": "Run the control agent of one host, or look inside a running one.",
    "demo": "Run a small cloud on this machine and show that it works.",
    "southbound": "See what a controller tells hosts and what blocks it; have ports tried again.",
    "node": "See how hosts do; say which may join, and which may no longer.",
    "trust": "See the authority that certificates are of, and have another one made.",
    "trace": "Ask why one workload can or cannot reach another.",
    "scale": "Test how it scales, with simulated hosts, load and faults.",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"alcor.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="alcor")
def main() -> None:
    """Alcor, a cloud-native SDN control plane: VPCs, subnets and ports behind Neutron's API, real packets below."""
