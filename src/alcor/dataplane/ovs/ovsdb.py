"""A client of ovsdb-server that keeps a copy of the tables it monitors. RFC 7047; the schema is
ovs-vswitchd.conf.db(5)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from alcor.dataplane.ovs import jsonrpc

_DATABASE = "Open_vSwitch"

Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]
"""Table name → row UUID → column → value as RFC 7047 writes it."""


class OvsdbClient:
    """A live connection. ``tables`` is always whole: it changes by one committed transaction at a time.

    ``on_change`` is called after each change. Methods raise ConnectionError once the connection is lost, and
    jsonrpc.RpcError when ovsdb-server refuses.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.tables: Tables = {}
        self._on_change = on_change
        self._rpc: jsonrpc.JsonRpc | None = None

    async def connect(self, socket: Path, columns: Mapping[str, Sequence[str]]) -> None:
        """Connect and read the columns of these tables, and from now on every change to them. Raises OSError."""
        self._rpc = await jsonrpc.connect(socket, self._notified)
        requests = {table: [{"columns": list(names)}] for table, names in columns.items()}
        first = await self._rpc.call("monitor", _DATABASE, None, requests)
        for table in columns:
            self.tables.setdefault(table, {})
        _update(self.tables, first)

    async def transact(self, operations: Sequence[dict[str, Any]]) -> list[Any]:
        """Carry out operations as one; return their results."""
        results: list[Any] = await self._connection().call("transact", _DATABASE, *operations)
        for result in results:
            if result is not None and "error" in result:
                raise jsonrpc.RpcError(f"ovsdb-server: {result['error']}: {result.get('details', '')}")
        return results

    async def wait_closed(self) -> str:
        """Return once the connection is lost, with the reason."""
        return await self._connection().closed

    async def close(self) -> None:
        """Disconnect."""
        if self._rpc is not None:
            await self._rpc.close()

    def _connection(self) -> jsonrpc.JsonRpc:
        if self._rpc is None:
            raise ConnectionError("not connected to ovsdb-server")
        return self._rpc

    def _notified(self, method: str, parameters: Any) -> None:
        if method == "update":
            for table in parameters[1]:
                self.tables.setdefault(table, {})
            _update(self.tables, parameters[1])
            self._on_change()


def _update(tables: Tables, updates: dict[str, dict[str, dict[str, Row]]]) -> None:
    for table, rows in updates.items():
        for uuid, change in rows.items():
            if "new" in change:
                tables[table].setdefault(uuid, {}).update(change["new"])
            else:
                tables[table].pop(uuid, None)


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
