"""What ``alcor southbound status`` shows: a page for people, from what the controller answers."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

Status = Mapping[str, Any]


class Section(msgspec.Struct, frozen=True):
    """A table with a title and what to do about it."""

    title: str
    advice: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def print_page(console: Console, status: Status) -> None:
    """The page: with colours and frames on a terminal, else plain lines that nothing is cut from."""
    if console.is_terminal:
        console.print(rendered(status))
        return
    for name, value in summary(status):
        console.print(f"{name:12} {value}", markup=False, soft_wrap=True)
    for section in sections(status):
        console.print(f"\n{section.title}", markup=False, soft_wrap=True)
        for line in _aligned([section.columns, *section.rows]):
            console.print(f"  {line}", markup=False, soft_wrap=True)
        console.print(f"  {section.advice}", markup=False, soft_wrap=True)


def rendered(status: Status) -> Group:
    """The page for a terminal."""
    grid = Table.grid(padding=(0, 2))
    for name, value in summary(status):
        grid.add_row(Text(name, "bold"), Text(value, "red" if name == "trouble" and value != "none" else ""))
    parts: list[Table | Text] = [grid]
    for section in sections(status):
        table = Table()
        for column in section.columns:
            table.add_column(column, overflow="fold")
        for row in section.rows:
            table.add_row(*map(Text, row))
        parts += [Text(), Text(section.title, "bold yellow"), table, Text(section.advice, "dim")]
    return Group(*parts)


def summary(status: Status) -> Iterator[tuple[str, str]]:
    """How it does, a line for each part."""
    if "managers" in status:
        yield from _manager_summary(status)
        return
    change_log, pending, unconnected = status["change_log"], status["pending"], status["unconnected"]
    yield "controller", status["controller_id"]
    yield "trouble", status["trouble"] or "none"
    lag = f"{_count(change_log['lag_entries'], 'change')} behind"
    if change_log["lag_entries"]:
        lag += f", the oldest for {age(change_log['lag_seconds'])}"
    yield "change log", f"at {change_log['head']}, compiled to {change_log['compiled']}: {lag}"
    yield "hosts", f"{status['connected_hosts']:,} connected here, of {_count(status['nodes'], 'node')}"
    longest = f", the longest for {age(pending['oldest_seconds'])}" if pending["count"] else ""
    yield "pending", f"{_count(pending['count'], 'host')} without acknowledgement of all that was given{longest}"
    yield "failed", f"{_count(status['failed']['count'], 'port')} that could not be programmed"
    more = "more than " if unconnected["more"] else ""
    yield "unconnected", f"{more}{_count(unconnected['count'], 'host')} with ports and no controller"
    if status["relayed"]["count"]:
        yield "relayed", f"{_count(status['relayed']['count'], 'host')} led here by others"
    vpcs = f"{_count(status['vpcs'], 'VPC')}, {status['on_demand_vpcs']:,} of them on demand"
    yield "resources", f"{vpcs}; {_count(status['ports'], 'port')}"
    if status["topics"]["vpcs"] or status["topics"]["security_groups"]:
        yield "by topic", _topics(status["topics"])
    if status["ncm"]:
        yield "on demand", _on_demand(status["ncm"])
    if queue := status.get("message_queue"):
        refused = "".join(f", {count:,} {kind.replace('_', ' ')}" for kind, count in sorted(queue["refused"].items()))
        yield "by queue", f"{_count(queue['hosts'], 'host')}; {_connected(queue)}{refused}"


def _connected(queue: Mapping[str, Any]) -> str:
    """Whether hosts can come by the message queue, or by how many of several."""
    queues = queue.get("queues", ())
    if len(queues) <= 1:
        return str(queue["trouble"]) or "connected"
    connected = sum(not each["trouble"] for each in queues)
    return f"{connected:,} of {len(queues):,} message queues connected"


def _topics(topics: Mapping[str, Any]) -> str:
    kinds = {"VPC": topics["vpcs"], "security group": topics["security_groups"]}
    what = " and ".join(_count(number, kind) for kind, number in kinds.items() if number)
    published = f"{what}, {topics['turns']:,} of them published from here"
    read = f"{_count(topics['hosts'], 'host')} {'reads' if topics['hosts'] == 1 else 'read'} what is published"
    reasons = ", ".join(f"{count:,}: {reason}" for reason, count in sorted(topics["fallen_back"].items()))
    lag = f"; changes wait for {age(topics['lag_seconds'])}" if topics["lag_seconds"] else ""
    return f"{published}; {read}{lag}" + (f"; fell back {reasons}" if reasons else "")


def _manager_summary(status: Status) -> Iterator[tuple[str, str]]:
    """Of a controller that only answers hosts."""
    yield "controller", status["controller_id"]
    yield "trouble", status["trouble"] or "none"
    lag = _count(status["head"] - status["taken_in"], "change") + " behind"
    if status["head"] > status["taken_in"]:
        lag += f", the oldest for {age(status['lag_seconds'])}"
    yield "change log", f"at {status['head']}, taken in to {status['taken_in']}: {lag}"
    vpcs = f"{_count(status['vpcs'], 'VPC')} on demand, {status['vpcs_coming']:,} more being read"
    yield "resources", f"{vpcs}; {_count(status['ports'], 'port')}, {_count(status['nodes'], 'node')}"
    yield "waiting", f"{_count(status['hosts_waiting'], 'host')} for a VPC, or for their port in one"
    yield "on demand", _on_demand(status["ncm"])
    yield "answers at", ", ".join(f"{each} (this one)" if not n else each for n, each in enumerate(status["managers"]))


def _on_demand(ncm: Mapping[str, int]) -> str:
    answered, absent, refused, too_many = (ncm[name] for name in ("answers", "absences", "refusals", "over_budget"))
    asked = answered + absent + refused + too_many
    return (
        f"{_count(asked, 'question')}: {answered:,} answered, {absent:,} for what is not there, {refused:,} refused, "
        f"{too_many:,} too many; {_count(ncm['learned'], 'place')} learned"
    )


def sections(status: Status) -> Iterator[Section]:
    """What blocks, where something does; and the other controllers, where there are any."""
    if "managers" in status:
        return
    if hosts := status["pending"]["hosts"]:
        yield Section(
            f"Hosts that have not acknowledged all they were given ({len(hosts)} of {status['pending']['count']:,})",
            "One that stays here: is its agent well? On the host: alcor agent status --config FILE",
            ("host", "for", "has revision", "was sent", "blocked by"),
            [_pending_row(host) for host in hosts],
        )
    if ports := status["failed"]["ports"]:
        yield Section(
            f"Ports that could not be programmed ({len(ports)} of {status['failed']['count']:,})",
            "Hosts try again by themselves, every minute at last. At once: alcor southbound retry HOST [PORT]",
            ("host", "port", "for", "attempts", "reason"),
            [_failed_row(port) for port in ports],
        )
    if hosts := status["unconnected"]["hosts"]:
        yield Section(
            f"Hosts with ports, connected to no controller ({len(hosts)} of {status['unconnected']['count']:,})",
            "Does the agent run on the host, and can it reach a controller?",
            ("host", "lost"),
            [(host["host_id"], _lost(host["lost_at"])) for host in hosts],
        )
    if hosts := status["relayed"]["hosts"]:
        yield Section(
            f"Hosts that reach no controller themselves ({len(hosts)} of {status['relayed']['count']:,})",
            "Their ports work, and changes arrive: mend their way to the controllers",
            ("host", "led here by"),
            [(host["host_id"], host["relay"]) for host in hosts],
        )
    queues = status.get("message_queue", {}).get("queues", ())
    if len(queues) > 1:
        yield Section(
            "Message queues: each is of its cells, whatever becomes of the others",
            "Hosts of another cell: their agents have another message_queue than the cells of their nodes",
            ("queue", "of cells", "hosts", "of another cell", "topics", "published from here", "trouble"),
            [_queue_row(each) for each in queues],
        )
    if len(status["controllers"]) > 1:
        yield Section(
            "Controllers on this database: each speaks for the hosts connected to it",
            "Ask another with --controller URL",
            ("controller", "hosts", "last sign of life", "answers hosts at"),
            [_controller_row(each, status["controller_id"]) for each in status["controllers"]],
        )


def _pending_row(host: Mapping[str, Any]) -> tuple[str, ...]:
    revisions = (str(host["acknowledged_revision"]), str(host["sent_revision"]))
    return (host["host_id"], age(host["seconds"]), *revisions, blocked_by(host))


def blocked_by(host: Mapping[str, Any]) -> str:
    """Whose turn it is, and what waits."""
    waiting = {"delta": f"{host['waiting_items']:,} to change", "snapshot": "a snapshot"}.get(host["waiting"])
    if host["unacknowledged"]:
        blocked = f"the host: {_count(host['unacknowledged'], 'goal state')} not acknowledged"
        return f"{blocked}, then {waiting}" if waiting else blocked
    return f"its turn to be sent: {waiting}" if waiting else "nothing any more"


def _failed_row(port: Mapping[str, Any]) -> tuple[str, ...]:
    reason = port["reason"] or "no reason given"
    return port["host_id"], port["port_id"], _since(port["since"]), f"{port['attempts']:,}", reason


def _queue_row(queue: Mapping[str, Any]) -> tuple[str, ...]:
    cells = ", ".join([*queue["cells"], *(["all others"] if queue["other_cells"] else [])])
    numbers = (queue[name] for name in ("hosts", "hosts_of_other_cells", "topics", "turns"))
    lag = f"changes wait for {age(queue['lag_seconds'])}" if queue["lag_seconds"] else ""
    trouble = "; ".join(filter(None, (queue["trouble"], lag))) or "none"
    return queue["address"], cells, *(f"{number:,}" for number in numbers), trouble


def _controller_row(controller: Mapping[str, Any], this: str) -> tuple[str, ...]:
    mark = " (this one)" if controller["id"] == this else ""
    silent = f"{age(controller['silent_seconds'])} ago"
    return controller["id"] + mark, f"{controller['hosts']:,}", silent, controller["ncm_address"]


def _lost(at: int | None) -> str:
    return "not since this controller runs" if at is None else f"{_since(at)} ago"


def _since(at: float) -> str:
    return age(max(0.0, time.time() - at))


def age(seconds: float) -> str:
    """A time in the unit that suits it."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:,.0f} days"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{value:{width}}" for value, width in zip(row, widths, strict=True)).rstrip()
