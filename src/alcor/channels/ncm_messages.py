"""What an agent and a Network Config Manager tell each other, as plain values already checked.

News about neighbours travel as goal-state deltas that hold only VTEPs and neighbours.
"""

import msgspec


class NcmHello(msgspec.Struct, frozen=True):
    """Who asks."""

    host_id: str
    boot_id: bytes  # 16 random bytes, new at each start of the agent


class NcmWelcome(msgspec.Struct, frozen=True):
    """Who answers, and how long answers hold (seconds)."""

    ncm_id: str
    lease: int = 60
    absence: int = 5  # that something is not there


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


Questions = dict[int, VpcQuestions]
"""What is asked, by VNI."""
