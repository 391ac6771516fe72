"""The switch's side in ovsdb-server: prepared at the start, watched from then on."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from alcor.dataplane.driver import DataPlaneUnavailable
from alcor.dataplane.ovs.jsonrpc import RpcError
from alcor.dataplane.ovs.kernel_datapath import kernel_datapath_available
from alcor.dataplane.ovs.ovsdb import OvsdbClient
from alcor.dataplane.ovs.settings import OvsSettings
from alcor.dataplane.ovs.switch import COLUMNS, Operation, Switch, choose_datapath, read_switch, set_up_operations

_CONFIGURATION_SECONDS = 10.0
_RECONNECT_SECONDS = 0.2
_PAUSE_SECONDS = 1.0  # between two attempts to put the bridge right

log = logging.getLogger(__name__)


class SwitchDatabase:
    """The tables of ovs-vswitchd and the bridge they configure. ``on_change`` is called after each change."""

    def __init__(self, settings: OvsSettings, on_change: Callable[[], None]) -> None:
        self._settings = settings
        self._on_change = on_change
        self._client = OvsdbClient(self._changed)
        self._news = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None
        self._generation = 0
        self._remarks: set[str] = set()
        self.datapath_type = ""
        self.trouble = ""
        """Why changes of the bridge go unnoticed; empty when they do not."""

    async def start(self) -> Switch:
        """Connect, prepare the bridge and the ports that every host has, and return the switch once it has taken them.

        Begins a new generation. Raises OSError when ovsdb-server is not there, DataPlaneUnavailable when the switch
        does not come up.
        """
        await self._connect(self._client)
        bridge = self._settings.integration_bridge
        self.datapath_type = choose_datapath(
            self._client.tables, bridge, self._settings.datapath, kernel_datapath_available()
        )
        self._generation = read_switch(self._client.tables, bridge).generation + 1
        log.info("bridge %s, datapath type %s, generation %d", bridge, self.datapath_type, self._generation)
        try:
            await asyncio.wait_for(self._set_up(), _CONFIGURATION_SECONDS)
        except TimeoutError as error:
            problem = self.switch().problem
            raise DataPlaneUnavailable(
                f"ovs-vswitchd did not take the configuration of bridge {bridge}"
                f" ({problem or 'it does not answer'}): is it running, and is the VTEP address"
                f" {self._settings.vtep_ip} right?"
            ) from error
        except RpcError as error:
            raise DataPlaneUnavailable(f"ovsdb-server refuses the configuration of bridge {bridge}: {error}") from error
        self._watcher = asyncio.create_task(self._keep_prepared())
        return self.switch()

    async def stop(self) -> None:
        """Disconnect; the bridge stays as it is."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        await self._client.close()

    def switch(self) -> Switch:
        """The bridge as the database has it now; as last seen while ovsdb-server is away."""
        return read_switch(self._client.tables, self._settings.integration_bridge)

    async def _connect(self, client: OvsdbClient) -> None:
        await client.connect(Path(self._settings.run_directory) / "db.sock", COLUMNS)

    async def _set_up(self) -> None:
        """Change what must be changed, and wait until ovs-vswitchd has taken it."""
        operations = self._operations()
        if operations:
            results = await self._client.transact(operations)
            wanted = results[-1]["rows"][0]["next_cfg"]
            await self._wait_for(lambda: self._taken_configuration() >= wanted)
        await self._wait_for(lambda: None not in (self.switch().tunnel, self.switch().services))

    def _operations(self) -> list[Operation]:
        return set_up_operations(
            self._client.tables,
            self._settings.integration_bridge,
            self._settings.vtep_ip,
            self.datapath_type,
            max(self._generation, self.switch().generation),  # a later life of the agent may have begun already
        )

    def _taken_configuration(self) -> int:
        return max((int(row["cur_cfg"]) for row in self._client.tables["Open_vSwitch"].values()), default=0)

    async def _wait_for(self, condition: Callable[[], bool]) -> None:
        while not condition():
            if (reason := self._client.lost()) is not None:
                raise ConnectionError(reason)
            self._news.clear()
            await self._news.wait()

    def _changed(self) -> None:
        remarks = set(self.switch().remarks)
        for remark in remarks - self._remarks:
            log.warning("%s", remark)
        self._remarks = remarks
        self._news.set()
        self._on_change()

    async def _keep_prepared(self) -> None:
        """Reconnect whenever ovsdb-server goes away; put right what somebody changed that must not be."""
        while True:
            self._news.clear()
            if (reason := self._client.lost()) is not None:
                self.trouble = f"ovsdb-server is gone: {reason}"
                log.warning("%s", self.trouble)
                await self._reconnect()
                self.trouble = ""
                log.info("connected to ovsdb-server again")
            if self._operations():
                await self._put_right()
            else:
                await self._news.wait()

    async def _reconnect(self) -> None:
        while True:
            await asyncio.sleep(_RECONNECT_SECONDS)
            client = OvsdbClient(self._changed)
            try:
                await self._connect(client)
            except (OSError, RpcError) as error:
                log.debug("ovsdb-server is not back yet: %s", error)
            else:
                self._client = client
                self._changed()
                return

    async def _put_right(self) -> None:
        bridge = self._settings.integration_bridge
        log.warning("bridge %s is not as it must be: setting it up again", bridge)
        try:
            await asyncio.wait_for(self._set_up(), _CONFIGURATION_SECONDS)
        except (OSError, RpcError, TimeoutError) as error:
            log.warning("bridge %s could not be set up: %s", bridge, error or "ovs-vswitchd does not answer")
        await asyncio.sleep(_PAUSE_SECONDS)
