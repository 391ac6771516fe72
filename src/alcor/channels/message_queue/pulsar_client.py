"""The client of Apache Pulsar that all of a process share, whatever they say over the message queue.

It has threads of its own, which come back to the event loop with what they did.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

import pulsar
from pulsar.asyncio import Client, Producer, PulsarException

from alcor.channels.message_queue.address import QueueAddress
from alcor.channels.message_queue.admission import Admission, Count, NotAdmitted
from alcor.channels.trust.credentials import CredentialSource
from alcor.channels.trust.shown_files import ShownFiles

log = logging.getLogger(__name__)

OPEN_SECONDS = 10
"""That the broker has for each step of opening something."""

NOT_OPENED = (TimeoutError, PulsarException, NotAdmitted)
"""What is raised when something cannot be opened; PulsarClient.why says what it means."""

_SILENT = (pulsar.Result.Timeout, pulsar.Result.ConnectError, pulsar.Result.NotConnected)
_FOLLOW_SECONDS = 1.0


class _Closable(Protocol):
    async def close(self) -> None: ...


_Opened = TypeVar("_Opened", bound=_Closable)


class PulsarClient:
    """Connects when it is first used, and again whenever the broker was away.

    It shows brokers what ``credentials`` are when it connects: others that follow on them cut no connection.
    """

    def __init__(
        self, address: QueueAddress, credentials: CredentialSource | None = None, count: Count = lambda _kind: None
    ) -> None:
        """``credentials`` are shown where brokers are reached by TLS; ``count`` is told of refusals, by kind."""
        self.address = address
        self._shown = ShownFiles(credentials) if credentials is not None and address.is_encrypted else None
        self.admission = Admission(address, None if self._shown is None else self._shown.follow, count)
        self.pulsar = Client(address.service, operation_timeout_seconds=OPEN_SECONDS, **self._options())
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_begun = False

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"logger": _logger()}
        if self.address.is_encrypted:
            options["tls_validate_hostname"] = True
        if self._shown is not None:
            options["tls_trust_certs_file_path"] = self._shown.authorities
            options["authentication"] = pulsar.AuthenticationTLS(self._shown.identity, self._shown.identity)
        return options

    async def _keep_following(self, shown: ShownFiles) -> None:
        while True:
            shown.follow()
            await asyncio.sleep(_FOLLOW_SECONDS)

    async def opened(self, opens: Coroutine[Any, Any, _Opened], seconds: float) -> _Opened:
        """What this opens. Raises one of NOT_OPENED; what is opened too late is closed."""
        self._begin()
        opening = asyncio.ensure_future(opens)
        try:
            async with asyncio.timeout(seconds):
                return await self._unless_refused(opening)
        except (TimeoutError, asyncio.CancelledError, NotAdmitted):
            self.start(_close_when_open(opening))
            raise

    async def producer(self, topic: str, **options: Any) -> Producer:
        """One that sends on a topic, however long it takes to open. Raises one of NOT_OPENED."""
        opening = asyncio.ensure_future(self.pulsar.create_producer(topic, batching_enabled=False, **options))
        try:
            return await self._unless_refused(opening)
        except (asyncio.CancelledError, NotAdmitted):
            self.start(_close_when_open(opening))
            raise

    async def _unless_refused(self, opening: "asyncio.Future[_Opened]") -> _Opened:
        """What was opened. Raises NotAdmitted as soon as it is clear that nothing will be."""
        checking = asyncio.create_task(self.admission.check())
        try:
            await asyncio.wait((opening, checking), return_when=asyncio.FIRST_COMPLETED)
            if not opening.done():
                checking.result()
            found = await asyncio.shield(opening)
        finally:
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
        self.admission.answered()
        return found

    async def why(self, error: Exception, topic: str) -> str:
        """What it means that something of a topic could not be opened, and what to do; logged the first time."""
        if isinstance(error, NotAdmitted):
            return str(error)
        if isinstance(error, PulsarException) and error.error() not in _SILENT:
            return self.admission.refusal(error, topic)
        return await self.admission.silence()

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Go on with this until it ends, or the client is closed."""
        self._begin()
        self._run(coroutine)

    def _begin(self) -> None:
        if not self._is_begun:
            self._is_begun = True
            if self._shown is not None:
                self._shown.follow()
                self._run(self._keep_following(self._shown))

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Close all that was opened."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(PulsarException):
            await self.pulsar.close()
        if self._shown is not None:
            self._shown.close()


def _logger() -> Any:
    """What matters is said, once, by whoever opens something: the client says it again at each attempt."""
    if log.isEnabledFor(logging.DEBUG):
        return pulsar.ConsoleLogger(pulsar.LoggerLevel.Warn)
    return pulsar.FileLogger(pulsar.LoggerLevel.Error, os.devnull)


async def _close_when_open(opening: asyncio.Future[_Opened]) -> None:
    with contextlib.suppress(PulsarException):
        await (await opening).close()
