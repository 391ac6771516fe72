"""Messages between agents and Network Config Managers, between their plain form and protobuf.

As strict as channels.codec: a value of the right shape or MalformedMessage.
"""

from alcor.channels import checks
from alcor.channels.agent_codec import HOST_ID_CHARACTERS
from alcor.channels.checks import MalformedMessage
from alcor.channels.ncm_messages import (
    DEFAULT_QUESTIONS_PER_SECOND,
    NameAnswer,
    NameQuestion,
    NcmHello,
    NcmWelcome,
    Questions,
    VpcQuestions,
)
from alcor.southbound.v1 import network_config_pb2 as pb

MOST_QUESTIONS = 100_000
"""More in one message is no host's honest need."""

LONGEST_NAME = 255
"""Of a domain name, RFC 1035."""

_LONGEST_SECONDS = 86_400


def encode_hello(hello: NcmHello) -> bytes:
    """A host's first message, as it travels."""
    return pb.HostQuestions(hello=pb.NcmHello(host_id=hello.host_id, boot_id=hello.boot_id)).SerializeToString()


def encode_questions(questions: Questions) -> bytes:
    """Questions, as they travel."""
    vpcs = [
        pb.VpcQuestions(vni=vni, ipv4=asked.ipv4, ipv6=b"".join(asked.ipv6), macs=asked.macs)
        for vni, asked in questions.items()
    ]
    return pb.HostQuestions(questions=pb.Questions(vpcs=vpcs)).SerializeToString()


def decode_host_message(data: bytes) -> NcmHello | Questions:
    """What a host says. Raises MalformedMessage when it says nothing the protocol allows."""
    message = checks.parse(pb.HostQuestions, data)
    match message.WhichOneof("message"):
        case "hello":
            hello = message.hello
            return NcmHello(_host_id(hello.host_id), checks.identifier(hello.boot_id, "boot id"))
        case "questions":
            return _questions(message.questions)
        case _:
            raise MalformedMessage("an empty message, or one of a later version of the protocol")


def _questions(message: pb.Questions) -> Questions:
    questions: Questions = {}
    for vpc in message.vpcs:
        asked = questions.setdefault(checks.vni(vpc.vni), VpcQuestions())
        asked.ipv4.update(vpc.ipv4)
        asked.ipv6.update(checks.split_ipv6(vpc.ipv6, "questions"))
        asked.macs.update(checks.macs(vpc.macs[:], "questions"))
    count = sum(asked.count() for asked in questions.values())
    if count > MOST_QUESTIONS:
        raise MalformedMessage(f"{count} questions in one message; {MOST_QUESTIONS} are allowed")
    return questions


def encode_ncm_welcome(welcome: NcmWelcome) -> bytes:
    """A manager's first message, as it travels."""
    message = pb.NcmWelcome(
        ncm_id=welcome.ncm_id,
        lease_seconds=welcome.lease,
        absence_seconds=welcome.absence,
        questions_per_second=welcome.questions_per_second,
    )
    return pb.NeighbourNews(welcome=message).SerializeToString()


def decode_ncm_welcome(data: bytes) -> NcmWelcome:
    """A manager's first message. Raises MalformedMessage when it is not a welcome."""
    message = checks.parse(pb.NeighbourNews, data)
    if message.WhichOneof("message") != "welcome":
        raise MalformedMessage("the first message of a Network Config Manager must be a welcome")
    welcome = message.welcome
    for seconds in (welcome.lease_seconds, welcome.absence_seconds):
        if not 0 < seconds <= _LONGEST_SECONDS:
            raise MalformedMessage(f"answers hold 1 to {_LONGEST_SECONDS} seconds, not {seconds}")
    budget = welcome.questions_per_second or DEFAULT_QUESTIONS_PER_SECOND
    return NcmWelcome(welcome.ncm_id, welcome.lease_seconds, welcome.absence_seconds, budget)


def encode_name_question(question: NameQuestion) -> bytes:
    """A question for a name or an address, as it travels."""
    message = pb.NameQuestion(host_id=question.host_id, vni=question.vni)
    if isinstance(question.about, str):
        message.name = question.about
    else:
        message.address = question.about
    return message.SerializeToString()


def decode_name_question(data: bytes) -> NameQuestion:
    """What a host asks. Raises MalformedMessage."""
    message = checks.parse(pb.NameQuestion, data)
    host_id, vni = _host_id(message.host_id), checks.vni(message.vni)
    match message.WhichOneof("about"):
        case "name" if 0 < len(message.name) <= LONGEST_NAME:
            return NameQuestion(host_id, vni, message.name)
        case "address":
            return NameQuestion(host_id, vni, _address(message.address))
    raise MalformedMessage("a question for a name must have one, or an address")


def encode_name_answer(answer: NameAnswer) -> bytes:
    """Its answer, as it travels."""
    return pb.NameAnswer(addresses=answer.addresses, name=answer.name).SerializeToString()


def decode_name_answer(data: bytes) -> NameAnswer:
    """What a manager answers. Raises MalformedMessage."""
    message = checks.parse(pb.NameAnswer, data)
    if len(message.name) > LONGEST_NAME:
        raise MalformedMessage(f"a name has at most {LONGEST_NAME} characters")
    return NameAnswer(tuple(map(_address, message.addresses)), message.name)


def _address(packed: bytes) -> bytes:
    if len(packed) not in (4, 16):
        raise MalformedMessage(f"an address has 4 or 16 bytes, not {len(packed)}")
    return packed


def _host_id(text: str) -> str:
    if not 0 < len(text) <= HOST_ID_CHARACTERS:
        raise MalformedMessage(f"a host id has 1 to {HOST_ID_CHARACTERS} characters, not {len(text)}")
    return text
