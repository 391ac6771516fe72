"""A data plane driver starts no process: a rule installed by a process of its own costs a thousand times as much."""

import ast
from pathlib import Path

import pytest

import alcor.dataplane

SOURCES = sorted(Path(alcor.dataplane.__file__).parent.rglob("*.py"))
STARTERS = {"subprocess", "system", "popen", "Popen", "fork", "posix_spawn", "create_subprocess_exec", "pty"}


def names(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {part for alias in node.names for part in alias.name.split(".")}
            found |= set((getattr(node, "module", None) or "").split("."))
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_source_of_a_driver_starts_a_process(path: Path) -> None:
    assert not names(path.read_text()) & STARTERS


def test_a_source_that_does_would_be_found() -> None:
    for source in (
        "import subprocess",
        "from os import system",
        "import asyncio; asyncio.create_subprocess_exec('ip')",
    ):
        assert names(source) & STARTERS
