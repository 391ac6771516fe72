"""The copy of ovsdb-server's tables is what ovsdb-server says, whenever it says it."""

import json
from pathlib import Path
from typing import Any

import pytest

from alcor.dataplane.ovs.jsonrpc import RpcError
from alcor.dataplane.ovs.ovsdb import OvsdbClient, map_value, mapping, members
from tests.unit.dataplane.ovs.test_jsonrpc import echo, server

COLUMNS = {"Bridge": ("name",), "Port": ("name",)}


def update(bridges: dict[str, Any]) -> bytes:
    return json.dumps({"id": None, "method": "update", "params": [None, {"Bridge": bridges}]}).encode()


def result(message: dict[str, Any], content: Any) -> bytes:
    return json.dumps({"id": message["id"], "result": content, "error": None}).encode()


FIRST = {"Bridge": {"u1": {"new": {"name": "one"}}, "u2": {"new": {"name": "two"}}}}


async def test_an_update_right_behind_the_tables_changes_them(tmp_path: Path) -> None:
    changes = {"u1": {"new": {"name": "renamed"}, "old": {"name": "one"}}, "u2": {"old": {"name": "two"}}}

    async with server(tmp_path, lambda message: result(message, FIRST) + update(changes)) as socket:
        client = OvsdbClient(lambda: None)
        await client.connect(socket, COLUMNS)
        assert client.tables == {"Bridge": {"u1": {"name": "renamed"}}, "Port": {}}
        await client.close()


async def test_each_later_update_is_told(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    def answer(message: dict[str, Any]) -> bytes:
        if message["method"] == "monitor":
            return result(message, FIRST)
        return update({"u1": {"old": {}}}) + update({"u3": {"new": {"name": "three"}}}) + result(message, [{}])

    async with server(tmp_path, answer) as socket:
        client = OvsdbClient(lambda: seen.append({uuid: dict(row) for uuid, row in client.tables["Bridge"].items()}))
        await client.connect(socket, COLUMNS)
        await client.transact([])
        assert seen == [{"u2": {"name": "two"}}, {"u2": {"name": "two"}, "u3": {"name": "three"}}]
        await client.close()


async def test_a_refused_transaction_says_why(tmp_path: Path) -> None:
    def answer(message: dict[str, Any]) -> bytes:
        if message["method"] == "monitor":
            return result(message, {})
        return result(message, [{}, None, {"error": "constraint violation", "details": "two of a name"}])

    async with server(tmp_path, answer) as socket:
        client = OvsdbClient(lambda: None)
        await client.connect(socket, COLUMNS)
        with pytest.raises(RpcError, match="constraint violation: two of a name"):
            await client.transact([{"op": "insert"}])
        await client.close()


async def test_a_lost_connection_is_told_and_the_tables_stay(tmp_path: Path) -> None:
    lost: list[str | None] = []
    replies = iter((FIRST, None))

    def answer(message: dict[str, Any]) -> bytes:
        content = next(replies)
        return b"" if content is None else result(message, content)

    async with server(tmp_path, answer) as socket:
        client = OvsdbClient(lambda: lost.append(client.lost()))
        await client.connect(socket, COLUMNS)
        with pytest.raises(ConnectionError):
            await client.transact([])
        assert lost == ["the other side closed the connection"]
        assert client.tables["Bridge"].keys() == {"u1", "u2"}
        await client.close()


@pytest.mark.parametrize("tables", [7, [], {"Bridge": 7}, {"Bridge": {"u1": 7}}, {"Bridge": {"u1": {"new": 7}}}])
async def test_tables_that_are_none_are_refused(tmp_path: Path, tables: Any) -> None:
    async with server(tmp_path, lambda message: result(message, tables)) as socket:
        client = OvsdbClient(lambda: None)
        with pytest.raises(RpcError, match="RFC 7047"):
            await client.connect(socket, COLUMNS)


async def test_an_update_that_is_none_ends_the_connection(tmp_path: Path) -> None:
    def answer(message: dict[str, Any]) -> bytes:
        return result(message, FIRST) if message["method"] == "monitor" else b'{"method": "update", "params": [7]}'

    async with server(tmp_path, answer) as socket:
        client = OvsdbClient(lambda: None)
        await client.connect(socket, COLUMNS)
        with pytest.raises(ConnectionError, match="RFC 7047"):
            await client.transact([])
        await client.close()


async def test_a_server_that_answers_no_monitor_leaves_nothing_open(tmp_path: Path) -> None:
    async with server(tmp_path, lambda message: echo(message) if message["method"] != "monitor" else b"") as socket:
        with pytest.raises(ConnectionError):
            await OvsdbClient(lambda: None).connect(socket, COLUMNS)


@pytest.mark.parametrize(
    ("column", "content"),
    [
        (7, [7]),
        (["set", []], []),
        (["set", [1, 2]], [1, 2]),
        (["uuid", "u1"], ["u1"]),
        (["set", [["uuid", "u1"], ["uuid", "u2"]]], ["u1", "u2"]),
    ],
)
def test_the_members_of_a_set_column(column: Any, content: list[Any]) -> None:
    assert members(column) == content


def test_a_map_comes_back_as_it_was() -> None:
    assert mapping(map_value({"b": "2", "a": "1"})) == {"a": "1", "b": "2"}
