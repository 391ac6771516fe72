"""An agent's questions for names over gRPC, and what becomes of those that are not answered."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from alcor.channels.fast_path.engine import keep_engine
from alcor.channels.fast_path.name_client import NameClient
from alcor.channels.fast_path.ncm_server import NcmService
from alcor.channels.fast_path.options import Keepalive
from alcor.channels.ncm_interface import AskingHost, NotAnswered
from alcor.channels.ncm_messages import NameAnswer, NameQuestion, NcmWelcome, Questions

ANSWER = NameAnswer((bytes(4), bytes(16)), "web")


class Manager:
    """Answers, or does not."""

    error: Exception | None = None

    def __init__(self) -> None:
        self.asked_for: list[NameQuestion] = []

    def asked(self, host: AskingHost, questions: Questions) -> None:
        raise AssertionError("nobody asks so")

    async def resolve(self, question: NameQuestion) -> NameAnswer:
        self.asked_for.append(question)
        if self.error is not None:
            raise self.error
        return ANSWER


@pytest.fixture
async def client() -> AsyncIterator[NameClient]:
    client = NameClient()
    yield client
    await client.close()


@pytest.fixture
async def manager(directory: Path) -> AsyncIterator[Manager]:
    keep_engine()
    manager = Manager()
    server = grpc.aio.server(options=Keepalive().options())
    server.add_generic_rpc_handlers((NcmService(NcmWelcome("n"), manager).handler(),))
    server.add_insecure_port(f"unix:{directory}/n")
    await server.start()
    yield manager
    await server.stop(0)


@pytest.mark.parametrize("about", ["web", bytes(4), bytes(16)])
async def test_a_question_and_its_answer_arrive(
    client: NameClient, manager: Manager, directory: Path, about: str | bytes
) -> None:
    question = NameQuestion("host-1", 7, about)
    assert await client.resolve(f"unix:{directory}/n", question, 10) == ANSWER
    assert manager.asked_for == [question]


@pytest.mark.parametrize(
    ("error", "is_final"),
    [(NotAnswered("no", is_final=True), True), (NotAnswered("later"), False), (RuntimeError("a fault"), False)],
)
async def test_why_there_is_no_answer_arrives(
    client: NameClient, manager: Manager, directory: Path, error: Exception, is_final: bool
) -> None:
    manager.error = error
    with pytest.raises(NotAnswered) as refused:
        await client.resolve(f"unix:{directory}/n", NameQuestion("host-1", 7, "web"), 10)
    assert refused.value.is_final == is_final


async def test_a_manager_that_is_away_does_not_answer(client: NameClient, manager: Manager, directory: Path) -> None:
    for number in range(12):
        with pytest.raises(NotAnswered) as refused:
            await client.resolve(f"unix:{directory}/absent-{number}", NameQuestion("host-1", 7, "web"), 10)
        assert not refused.value.is_final
    assert await client.resolve(f"unix:{directory}/n", NameQuestion("host-1", 7, "web"), 10) == ANSWER
    assert await client.resolve(f"unix:{directory}/n", NameQuestion("host-1", 7, "web"), 10) == ANSWER


async def test_a_question_that_cannot_be_is_refused(client: NameClient, manager: Manager, directory: Path) -> None:
    with pytest.raises(NotAnswered):
        await client.resolve(f"unix:{directory}/n", NameQuestion("", 7, "web"), 10)
    assert manager.asked_for == []
