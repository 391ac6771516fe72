"""Following the change log for ever, through a database that is away and entries that were trimmed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from alcor.store.change_log import LogTrimmed

log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0


class Following:
    """Of one reader of the log."""

    def __init__(
        self,
        read_on: Callable[[], Awaitable[bool]],
        wait: Callable[[], Awaitable[None]],
        reload: Callable[[], Awaitable[None]],
        revision: Callable[[], int],
    ) -> None:
        """``read_on`` takes in what there is and returns whether there was anything; ``wait`` returns when there may be
        more; ``reload`` begins anew from the tables. ``revision`` is the position taken in last.
        """
        self.trouble = ""
        """Why the log is not followed at the moment; empty when it is."""
        self._read_on, self._wait, self._reload, self._revision = read_on, wait, reload, revision

    async def run(self) -> None:
        """Go on for ever."""
        is_good = True
        while True:
            try:
                if not is_good:
                    await self._reload()
                    is_good = True
                came = await self._read_on()
                self.trouble = ""
                if not came:
                    await self._wait()
            except LogTrimmed as error:
                self.trouble = f"{error} after revision {self._revision()}: reading everything anew"
                log.warning("%s", self.trouble)
                is_good = False
            except SQLAlchemyError as error:
                self.trouble = f"the change log cannot be read and is tried again: {str(error).splitlines()[0]}"
                log.error("%s", self.trouble)
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:
                self.trouble = (
                    f"an entry after revision {self._revision()} could not be taken in: reading everything anew"
                )
                log.exception("%s", self.trouble)
                is_good = False
                await asyncio.sleep(_RETRY_SECONDS)
