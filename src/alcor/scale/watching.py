"""Showing a test while it runs: a live line on a terminal, plain lines elsewhere."""

import asyncio
import time

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from alcor.scale.formatting import duration, quantity
from alcor.scale.result import Machine, StepResult
from alcor.scale.run import Run

_REFRESH_SECONDS = 0.2
_LINE_SECONDS = 5.0


class Watcher:
    """Prints to a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def begin(self, name: str, description: str, machine: Machine) -> None:
        """Say what is about to run, and where."""
        where = f"{machine.cores} × {machine.processor}, {machine.memory_gib:g} GiB, load {machine.load:g}"
        self._console.print(f"[bold]{name}[/bold]: {description}")
        self._console.print(f"[dim]{where}, commit {machine.commit}[/dim]")

    async def watch(self, run: Run) -> None:
        """Show how far the step under way is, until cancelled."""
        if self._console.is_terminal:
            with Live(console=self._console, transient=True, auto_refresh=False) as live:
                while True:
                    live.update(_line(run), refresh=True)
                    await asyncio.sleep(_REFRESH_SECONDS)
        while True:
            await asyncio.sleep(_LINE_SECONDS)
            self._console.print(f"  … {_words(run)}")

    def step_began(self, title: str) -> None:
        """A step begins."""
        self._began = time.monotonic()
        self._console.print(f"[bold]▸[/bold] {title}")

    def step_ended(self, result: StepResult) -> None:
        """Show what it found."""
        for figure in result.figures:
            self._console.print(f"    {figure.name}: [bold]{quantity(figure.value, figure.unit)}[/bold]")
        for name, found in result.distributions.items():
            times = ", ".join(
                f"{label} [bold]{duration(value)}[/bold]"
                for label, value in (("p50", found.median), ("p90", found.p90), ("p99", found.p99))
            )
            self._console.print(f"    {name}: {times} ({found.count:,})")
        for problem in result.problems:
            self._console.print("    ✗ ", style="red", end="")
            self._console.print(problem, style="red", markup=False)
        self._console.print(f"    [dim]{duration(result.ended - result.began)}[/dim]")


def _words(run: Run) -> str:
    progress, counts = run.progress, run.fleets.counts
    return (
        f"{progress.title}: {progress.done():,.0f} of {progress.total:,.0f} {progress.unit}; "
        f"{counts.connected:,} hosts connected, {run.tracker.programmed:,} ports programmed, "
        f"{run.requests:,} requests, {duration(run.timeline.now())}"
    )


def _line(run: Run) -> Table:
    table = Table.grid(padding=(0, 1))
    progress = run.progress
    table.add_row("   ", ProgressBar(progress.total or 1, min(progress.done(), progress.total), width=20), _words(run))
    return table
