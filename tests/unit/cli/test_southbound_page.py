"""The page of ``alcor southbound status``: nothing is cut from plain lines, and what blocks is named."""

import io
from typing import Any

import pytest
from rich.console import Console

from alcor.cli.southbound_page import age, blocked_by, print_page

LONG = "a-host-with-a-name-that-is-much-longer-than-any-terminal-is-wide.in-a-region.in-a-cloud.example.org"


def status(**changes: Any) -> dict[str, Any]:
    quiet = {
        "controller_id": "this",
        "trouble": "",
        "change_log": {"head": 12, "compiled": 12, "lag_entries": 0, "lag_seconds": 0.0},
        "nodes": 3, "ports": 1500, "vpcs": 2, "on_demand_vpcs": 1, "connected_hosts": 3,
        "topics": {"vpcs": 0, "security_groups": 0, "turns": 0, "hosts": 0, "fallen_back": {}, "lag_seconds": 0.0},
        "pending": {"count": 0, "oldest_seconds": 0.0, "hosts": []},
        "failed": {"count": 0, "ports": []},
        "unconnected": {"count": 0, "more": False, "hosts": []},
        "relayed": {"count": 0, "hosts": []},
        "controllers": [{"id": "this", "hosts": 3, "silent_seconds": 1, "ncm_address": ""}],
        "ncm": {"learned": 5, "answers": 4, "absences": 3, "refusals": 2, "over_budget": 1, "changes": 0},
    }  # fmt: skip
    return quiet | changes


def pending(**changes: Any) -> dict[str, Any]:
    host = {
        "host_id": LONG, "seconds": 300.0, "acknowledged_revision": 7, "sent_revision": 9, "unacknowledged": 2,
        "waiting": "nothing", "waiting_items": 0,
    }  # fmt: skip
    return host | changes


BLOCKED = status(
    trouble="the change log cannot be read",
    pending={"count": 30, "oldest_seconds": 300.0, "hosts": [pending()]},
    failed={
        "count": 1,
        "ports": [{"host_id": LONG, "port_id": "p" * 36, "reason": "[red]full[/red]", "since": 0, "attempts": 9}],
    },
    unconnected={"count": 1000, "more": True, "hosts": [{"host_id": "never", "lost_at": None}]},
    relayed={"count": 1, "hosts": [{"host_id": "led", "relay": "leader"}]},
    controllers=[
        {"id": "this", "hosts": 3, "silent_seconds": 1, "ncm_address": ""},
        {"id": "other", "hosts": 4, "silent_seconds": 2, "ncm_address": "ncm-2:9697"},
    ],
)


def shown(found: dict[str, Any], *, terminal: bool) -> str:
    console = Console(
        file=io.StringIO(), force_terminal=terminal, width=200 if terminal else 80, highlight=False, color_system=None
    )
    print_page(console, found)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_quiet_controller_is_a_few_lines() -> None:
    lines = shown(status(), terminal=False).splitlines()
    assert "compiled to 12: 0 changes behind" in lines[2]
    assert "10 questions" in lines[-1]
    assert len(lines) == 9


def test_a_controller_that_answers_no_hosts_says_nothing_of_questions() -> None:
    assert "question" not in shown(status(ncm={}), terminal=False)


def test_topics_are_shown_with_who_reads_them_and_who_does_not() -> None:
    topics = {"vpcs": 3, "security_groups": 0, "turns": 2, "hosts": 1200, "fallen_back": {"nothing is heard": 4},
              "lag_seconds": 7.0}  # fmt: skip
    plain = " ".join(shown(status(topics=topics), terminal=False).split())
    assert "3 VPCs, 2 of them published from here; 1,200 hosts read what is published" in plain
    assert "changes wait for 7.0 s; fell back 4: nothing is heard" in plain
    groups = topics | {"vpcs": 0, "security_groups": 1}
    assert "1 security group, 2 of them published" in " ".join(shown(status(topics=groups), terminal=False).split())
    both = topics | {"security_groups": 2}
    assert "3 VPCs and 2 security groups, 2 of them" in " ".join(shown(status(topics=both), terminal=False).split())
    assert "by topic" not in shown(status(), terminal=True)


def queue(address: str, **changes: Any) -> dict[str, Any]:
    usual = {
        "address": address, "cells": ["cell-1", "cell-2"], "other_cells": False, "hosts": 1200,
        "hosts_of_other_cells": 3, "trouble": "", "refused": {}, "topics": 40, "turns": 17, "lag_seconds": 0.0,
    }  # fmt: skip
    return usual | changes


def test_one_message_queue_is_a_line() -> None:
    one = {"hosts": 1, "trouble": "the broker is away", "refused": {"not_trusted": 2}, "queues": [queue("pulsar://a")]}
    page = shown(status(message_queue=one), terminal=False)
    assert "by queue     1 host; the broker is away, 2 not trusted" in page
    assert "pulsar://a" not in page


def test_several_message_queues_are_shown_with_their_cells_and_what_keeps_hosts_from_them() -> None:
    away = queue("pulsar://b", cells=[], other_cells=True, hosts=0, trouble="the broker is away", lag_seconds=7.0)
    two = {"hosts": 1200, "trouble": "…", "refused": {}, "queues": [queue("pulsar://a"), away]}
    page = shown(status(message_queue=two), terminal=False)
    assert "1,200 hosts; 1 of 2 message queues connected" in page
    lines = [" ".join(line.split()) for line in page.splitlines()]
    assert "pulsar://a cell-1, cell-2 1,200 3 40 17 none" in lines
    assert "pulsar://b all others 0 3 40 17 the broker is away; changes wait for 7.0 s" in lines


def test_a_controller_that_only_answers_hosts_says_what_it_holds() -> None:
    found = {
        "controller_id": "this", "trouble": "", "head": 12, "taken_in": 10, "lag_seconds": 3.0, "nodes": 3, "vpcs": 2,
        "ports": 2000, "vpcs_coming": 1, "hosts_waiting": 5, "managers": ["ncm-1:9697", "ncm-2:9697"],
        "ncm": {"learned": 5, "answers": 4, "absences": 3, "refusals": 2, "over_budget": 1, "changes": 0},
    }  # fmt: skip
    page = shown(found, terminal=False)
    assert "taken in to 10: 2 changes behind, the oldest for 3.0 s" in page
    assert "2 VPCs on demand, 1 more being read; 2,000 ports, 3 nodes" in page
    assert "5 hosts for a VPC" in page
    assert "ncm-1:9697 (this one), ncm-2:9697" in page


def test_plain_lines_are_complete() -> None:
    page = shown(BLOCKED, terminal=False)
    assert "ncm-2:9697" in page
    assert f"{LONG}  5 min  7             9         the host: 2 goal states not acknowledged" in page
    assert f"{LONG}  {'p' * 36}" in page
    assert "9         [red]full[/red]" in page
    assert "(1 of 30)" in page
    assert "more than 1,000 hosts" in page
    assert "this (this one)  3      1.0 s ago" in page
    assert not set("│┃━") & set(page)


def test_a_terminal_gets_frames_around_the_same() -> None:
    page = shown(BLOCKED, terminal=True)
    for words in (LONG, "the host: 2 goal states not acknowledged", "the change log cannot be read", "[red]full[/red]"):
        assert words in page
    assert "┃" in page


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (pending(), "the host: 2 goal states not acknowledged"),
        (pending(waiting="delta", waiting_items=4000), "not acknowledged, then 4,000 to change"),
        (pending(unacknowledged=0, waiting="snapshot"), "its turn to be sent: a snapshot"),
        (pending(unacknowledged=1), "the host: 1 goal state not"),
        (pending(unacknowledged=0), "nothing any more"),
    ],
)
def test_who_blocks_is_named(host: dict[str, Any], words: str) -> None:
    assert words in blocked_by(host)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (59.6, "60 s"), (300, "5 min"), (7200, "2 h"), (86400 * 3, "3 days")],
)
def test_ages_have_the_unit_that_suits_them(seconds: float, words: str) -> None:
    assert age(seconds) == words
