"""What an agent and a Network Config Manager tell each other, as plain values already checked.

News about neighbours travel as goal-state deltas that hold only VTEPs and neighbours.
"""

from typing import TypeVar

import msgspec

Item = TypeVar("Item")

DEFAULT_QUESTIONS_PER_SECOND = 20_000


class NcmHello(msgspec.Struct, frozen=True):
    """Who asks."""

    host_id: str
    boot_id: bytes  # 16 random bytes, new at each start of the agent


class NcmWelcome(msgspec.Struct, frozen=True):
    """Who answers, how long answers hold (seconds), and how much a host may ask."""

    ncm_id: str
    lease: int = 60
    absence: int = 5  # that something is not there
    questions_per_second: int = DEFAULT_QUESTIONS_PER_SECOND  # in the long run


class VpcQuestions(msgspec.Struct):
    """Who has these addresses of a VPC, and where are these MACs?"""

    ipv4: set[int] = set()
    ipv6: set[bytes] = set()
    macs: set[int] = set()

    def count(self) -> int:
        """How many questions these are."""
        return len(self.ipv4) + len(self.ipv6) + len(self.macs)

    def add(self, more: "VpcQuestions") -> None:
        """Ask these, too."""
        self.ipv4 |= more.ipv4
        self.ipv6 |= more.ipv6
        self.macs |= more.macs

    def take(self, most: int) -> "VpcQuestions":
        """Remove some and return them, MACs first."""
        macs = _take(self.macs, most)
        ipv4 = _take(self.ipv4, most - len(macs))
        return VpcQuestions(ipv4, _take(self.ipv6, most - len(macs) - len(ipv4)), macs)


class NameQuestion(msgspec.Struct, frozen=True):
    """Who has a name in a VPC (within its domain, in lower case), or what whoever has an address (packed) is called."""

    host_id: str
    vni: int
    about: str | bytes


class NameAnswer(msgspec.Struct, frozen=True):
    """The addresses of the ports with the name, or the name of the port with the address; empty for none."""

    addresses: tuple[bytes, ...] = ()
    name: str = ""


def _take(items: set[Item], most: int) -> set[Item]:
    return {items.pop() for _ in range(min(most, len(items)))}


Questions = dict[int, VpcQuestions]
"""What is asked, by VNI."""
