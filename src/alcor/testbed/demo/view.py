"""What a demo prints: live where the terminal can, the same in plain lines where it cannot."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

_FRAMES_A_SECOND = 12
_MOST_EXAMPLES = 5


class View:
    """Scenes with their promises. Remembers the promises that did not hold."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.held = 0
        self.broken: list[str] = []

    def scene(self, title: str) -> None:
        """Begin a new part."""
        self.console.print()
        self.console.print(Text(title, style="bold cyan"), soft_wrap=True)

    def say(self, text: str) -> None:
        """A line of explanation."""
        self.console.print(Text(f"  {text}"), soft_wrap=True)

    def show(self, renderable: RenderableType) -> None:
        """A table or another renderable."""
        self.console.print(renderable)

    def kept(self, promise: str) -> None:
        """A promise held."""
        self.held += 1
        self.console.print(Text.assemble(("  ✓ ", "bold green"), promise), soft_wrap=True)

    def promise(self, promise: str, counterexamples: Sequence[str]) -> None:
        """A promise that held unless something was seen that contradicts it."""
        if not counterexamples:
            self.kept(promise)
            return
        more = f" and {len(counterexamples) - _MOST_EXAMPLES} more" if len(counterexamples) > _MOST_EXAMPLES else ""
        broken = f"{promise}: not so, {'; '.join(counterexamples[:_MOST_EXAMPLES])}{more}"
        self.broken.append(broken)
        self.console.print(Text.assemble(("  ✗ ", "bold red"), (broken, "red")), soft_wrap=True)

    @contextlib.contextmanager
    def live(self, render: Callable[[], RenderableType]) -> Iterator[None]:
        """Show something that changes; where the terminal cannot, once, at the end."""
        if self.console.is_terminal:
            with Live(get_renderable=render, console=self.console, refresh_per_second=_FRAMES_A_SECOND):
                yield
        else:
            yield
            self.console.print(render())
