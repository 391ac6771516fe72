"""From rules to flows: each rule is compiled once, each flow of it is its bytes with the values written in."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple

from alcor.dataplane.ovs.cookies import DIGEST_MASK
from alcor.dataplane.ovs.openflow.actions import Meter, write_instructions
from alcor.dataplane.ovs.openflow.fields import FIELDS
from alcor.dataplane.ovs.openflow.flows import add_flow, delete_flow, modify_flow
from alcor.dataplane.ovs.openflow.template import Template, TemplateWriter
from alcor.dataplane.ovs.pipeline import RULES
from alcor.dataplane.ovs.tables import PRIORITIES_OF_A_BIT, Match, Rule

DIGEST_BYTES = 6


class CompiledRule(NamedTuple):
    """A rule as bytes with places for its parameters."""

    rule: Rule
    identity: bytes  # table and priority, and how long it stays if not for ever
    template: Template  # match and instructions
    match_length: int  # of the match with its padding
    idle_seconds: int  # after which a flow that meets no packet goes by itself; 0 for never

    def flow(self, values: Mapping[str, int], prefix: int = 0) -> "Flow":
        """The flow with these values, about a prefix of so many bits.

        Raises KeyError for a missing value, OverflowError for one that does not fit.
        """
        return Flow(self, self.template.render(values), self.rule.priority + prefix * PRIORITIES_OF_A_BIT)


class Flow(NamedTuple):
    """A flow the switch should have."""

    compiled: CompiledRule
    body: bytes
    priority: int

    def digest(self) -> int:
        """48 bits that stand for all the flow says: table, priority, time-out, match and instructions."""
        identity = self.compiled.identity
        if self.priority != self.compiled.rule.priority:
            identity = identity[:1] + self.priority.to_bytes(2, "big") + identity[3:]
        data = blake2b(identity + self.body, digest_size=DIGEST_BYTES).digest()
        return int.from_bytes(data, "big")

    def addition(self, cookie: int) -> bytes:
        """The flow-mod that installs it."""
        rule = self.compiled.rule
        return add_flow(cookie, rule.table.number, self.priority, self.body, self.compiled.idle_seconds)

    def repetition(self) -> bytes:
        """The flow-mod that says once more what it does, to one that is there."""
        return modify_flow(self.compiled.rule.table.number, self.priority, self.body)

    def removal(self) -> bytes:
        """The flow-mod that removes it, but not another flow that has taken its place since."""
        return delete_flow(self.compiled.rule.table.number, self.priority, self.match(), self.digest(), DIGEST_MASK)

    def removal_of_any(self) -> bytes:
        """The flow-mod that removes the flow at its place, whatever that does."""
        return delete_flow(self.compiled.rule.table.number, self.priority, self.match())

    def match(self) -> bytes:
        """The match as flow-mods carry it."""
        return self.body[: self.compiled.match_length]


Pipeline = dict[Rule, CompiledRule]


def compile_pipeline(metered: bool, idle_seconds: int) -> Pipeline:
    """All rules. Without meters in the switch, the rules that would use one do without."""
    return {rule: compile_rule(rule, metered, idle_seconds) for rule in RULES}


def single_flow(rule: Rule, values: Mapping[str, int]) -> "Flow":
    """The flow of a rule made for it alone: one that says more than the pipeline's rule with its table and priority.

    Raises as CompiledRule.flow does.
    """
    return compile_rule(rule, metered=True, idle_seconds=0).flow(values)


def host_flows(pipeline: Pipeline, values: Mapping[str, int]) -> Iterator[Flow]:
    """The flows that every host has once, whatever its ports: their rules are about nothing but these values of it."""
    for compiled in pipeline.values():
        if compiled.template.parameters <= values.keys():
            yield compiled.flow(values)


def compile_rule(rule: Rule, metered: bool, idle_seconds: int) -> CompiledRule:
    """One rule as a template."""
    writer = TemplateWriter()
    _write_match(writer, rule.matches)
    match_length = len(writer)
    write_instructions(writer, [step for step in rule.actions if metered or not isinstance(step, Meter)])
    identity = bytes([rule.table.number]) + rule.priority.to_bytes(2, "big")
    if not rule.idles:
        return CompiledRule(rule, identity, writer.finish(), match_length, 0)
    return CompiledRule(rule, identity + idle_seconds.to_bytes(2, "big"), writer.finish(), match_length, idle_seconds)


def _write_match(writer: TemplateWriter, matches: tuple[Match, ...]) -> None:
    writer.write(b"\x00\x01\x00\x00")
    for match in matches:
        field = FIELDS[match.field]
        writer.write(field.header(match.mask is not None))
        writer.write_value(match.value, field.width)
        if match.mask is not None:
            writer.write_value(match.mask, field.width)
    writer.set_length(2, len(writer))
    writer.pad()
