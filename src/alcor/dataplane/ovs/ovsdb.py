"""A client of ovsdb-server that keeps a copy of the tables it monitors. RFC 7047; the schema is
ovs-vswitchd.conf.db(5)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from alcor.dataplane.ovs import jsonrpc

_DATABASE = "Open_vSwitch"

Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]
"""Table name → row UUID → column → value as RFC 7047 writes it."""


class _Change(msgspec.Struct):
    """What became of a row: its columns, or nothing when it is gone."""

    new: Row | None = None


_Updates = dict[str, dict[str, _Change]]
_Notification = tuple[Any, _Updates]


class OvsdbClient:
    """A live connection. ``tables`` is always whole: it changes by one committed transaction at a time.

    ``on_change`` is called after each change, and when the connection is lost. Methods raise ConnectionError from then
    on, and jsonrpc.RpcError when ovsdb-server refuses.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.tables: Tables = {}
        self._on_change = on_change
        self._rpc: jsonrpc.JsonRpc | None = None
        self._early: list[_Updates] | None = []  # updates that came before the tables they change; then None

    async def connect(self, socket: Path, columns: Mapping[str, Sequence[str]]) -> None:
        """Connect and read the columns of these tables, and from now on every change to them. Raises OSError."""
        self._rpc = await jsonrpc.connect(socket, self._notified)
        self._rpc.closed.add_done_callback(lambda _: self._on_change())
        requests = {table: [{"columns": list(names)}] for table, names in columns.items()}
        try:
            first: _Updates = _checked(await self._rpc.call("monitor", _DATABASE, None, requests), _Updates)
        except BaseException:
            await self._rpc.close()
            raise
        self.tables = {table: {} for table in columns}
        early, self._early = self._early or [], None
        for updates in (first, *early):
            _update(self.tables, updates)

    async def transact(self, operations: Sequence[dict[str, Any]]) -> list[Any]:
        """Carry out operations as one; return their results."""
        answer = await self._connection().call("transact", _DATABASE, *operations)
        results: list[Any] = _checked(answer, list[dict[str, Any] | None])
        for result in results:
            if result is not None and "error" in result:
                raise jsonrpc.RpcError(f"ovsdb-server: {result['error']}: {result.get('details', '')}")
        return results

    def lost(self) -> str | None:
        """Why the connection is lost; None while it is not."""
        closed = self._connection().closed
        return closed.result() if closed.done() else None

    async def close(self) -> None:
        """Disconnect."""
        if self._rpc is not None:
            await self._rpc.close()

    def _connection(self) -> jsonrpc.JsonRpc:
        if self._rpc is None:
            raise ConnectionError("not connected to ovsdb-server")
        return self._rpc

    def _notified(self, method: str, parameters: Any) -> None:
        if method != "update":
            return
        _, updates = _checked(parameters, _Notification)
        if self._early is not None:
            self._early.append(updates)
            return
        _update(self.tables, updates)
        self._on_change()


def _checked(answer: Any, kind: Any) -> Any:
    """The answer as a value of this type. Raises RpcError when it is none."""
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:
        raise jsonrpc.RpcError(f"ovsdb-server does not speak RFC 7047: {error}") from error


def _update(tables: Tables, updates: _Updates) -> None:
    for table, rows in updates.items():
        for uuid, change in rows.items():
            if change.new is not None:
                tables.setdefault(table, {}).setdefault(uuid, {}).update(change.new)
            else:
                tables.get(table, {}).pop(uuid, None)


def members(value: Any) -> list[Any]:
    """The members of a set column; a column that holds one value stands for itself. UUIDs become text."""
    if isinstance(value, list) and len(value) == 2 and value[0] == "set":
        return [_plain(member) for member in value[1]]
    return [_plain(value)]


def mapping(value: Any) -> dict[str, str]:
    """The content of a map column of strings."""
    return dict(value[1])


def map_value(content: dict[str, str]) -> list[Any]:
    """A map as RFC 7047 writes it."""
    return ["map", sorted([key, value] for key, value in content.items())]


def _plain(value: Any) -> Any:
    return value[1] if isinstance(value, list) and value[:1] == ["uuid"] else value
