"""What a Network Config Manager sees of a channel: hosts that ask, and that it can send news to.

Everything here is called on one event loop, and returns at once but for what is awaited.
"""

from typing import Protocol

from alcor.channels.ncm_messages import NameAnswer, NameQuestion, NcmHello, Questions
from alcor.model.goal_state import GoalStateDelta


class NotAnswered(Exception):
    """A host's question for a name; the message says why, ``is_final`` whether another manager would say the same."""

    def __init__(self, reason: str, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


class AskingHost(Protocol):
    """A host whose agent is connected. A host that comes back is another one."""

    @property
    def hello(self) -> NcmHello:
        """What the agent said of itself."""

    @property
    def connected(self) -> bool:
        """False once the stream has ended: what it had learned is forgotten."""

    def end(self) -> None:
        """End the stream: the host comes back and asks anew."""

    def deliver(self, news: GoalStateDelta) -> None:
        """Send VTEPs and neighbours after all that was delivered before. The news belong to the channel then."""


class NcmListener(Protocol):
    """The Network Config Manager's side of a channel."""

    def asked(self, host: AskingHost, questions: Questions) -> None:
        """A host asks."""

    async def resolve(self, question: NameQuestion) -> NameAnswer:
        """A host asks for a name. Raises NotAnswered."""
