"""What a trace says: steps, each with what decides, and the verdict that follows from them."""

import enum
from collections.abc import Callable, Sequence

import msgspec


class Verdict(enum.Enum):
    """What becomes of the packet, at one step or after all of them."""

    PASSES = "passes"
    STOPS = "stops"
    UNKNOWN = "unknown"  # it depends on what the control plane does not see


class Thing(msgspec.Struct, frozen=True):
    """A resource that decides a step: the one to change."""

    kind: str  # as the API calls it: port, router, security_group, …
    id: str
    name: str = ""


class Step(msgspec.Struct, frozen=True):
    """One decision on the way of a packet.

    ``reason`` tells nothing of any resource; what does is in ``detail``, which goes with ``thing``, and in ``advice``,
    which says what to do where the packet does not pass.
    """

    name: str
    verdict: Verdict
    reason: str
    thing: Thing | None = None
    detail: str = ""
    advice: str = ""
    is_answer: bool = False  # on the way back

    def without_thing(self) -> "Step":
        """The step as told to a caller who is not shown the resource."""
        advice = "It is not of your project: ask whoever owns it, or an administrator." if self.advice else ""
        thing = None if self.thing is None else Thing(self.thing.kind, "")
        return msgspec.structs.replace(self, thing=thing, detail="", advice=advice)


class Trace(msgspec.Struct, frozen=True):
    """All steps, in the order in which a packet comes to them: there, then what answers it back."""

    steps: tuple[Step, ...]

    def verdict(self) -> Verdict:
        """What becomes of the packet: it passes where every step lets it."""
        return worst(self.steps)

    def hiding(self, is_shown: Callable[[Thing], bool]) -> "Trace":
        """The trace without the resources that the caller is not shown."""
        return Trace(
            tuple(each if each.thing is None or is_shown(each.thing) else each.without_thing() for each in self.steps)
        )


def worst(steps: Sequence[Step]) -> Verdict:
    """The verdict of several steps together."""
    found = {step.verdict for step in steps}
    for each in (Verdict.STOPS, Verdict.UNKNOWN):
        if each in found:
            return each
    return Verdict.PASSES


def passes(name: str, reason: str, thing: Thing | None = None, detail: str = "") -> Step:
    """The packet goes on."""
    return Step(name, Verdict.PASSES, reason, thing, detail)


def stops(name: str, reason: str, thing: Thing | None, advice: str, detail: str = "") -> Step:
    """The packet ends here."""
    return Step(name, Verdict.STOPS, reason, thing, detail, advice)


def unknown(name: str, reason: str, thing: Thing | None, advice: str, detail: str = "") -> Step:
    """It cannot be told here."""
    return Step(name, Verdict.UNKNOWN, reason, thing, detail, advice)
