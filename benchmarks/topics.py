"""What a change that many hosts learn alike costs a controller: told to each of them by streams, or published once.

python -m benchmarks.topics [--hosts N ...] [--plot FILE.svg]

Counted is the processor time of compiling a port of a VPC that moves, or a rule of a security group that comes, handing
it to hosts, encoding it, and taking their acknowledgements. What gRPC and the client of the message queue add comes on
top: once for each host, or once.
"""

import argparse
import gc
import time
from collections.abc import Callable
from statistics import median

from alcor.channels.agent_codec import decode_agent_message, encode_agent_message
from alcor.channels.encoding import GoalStateEncoder
from alcor.channels.fast_path.server import HostStream
from alcor.channels.messages import Acknowledgement, Hello
from alcor.channels.topics import TopicChange, encode_change
from alcor.dpm.compiler import Compiled, compile_entry
from alcor.dpm.history import History
from alcor.dpm.loading import load
from alcor.dpm.shared_changes import SharedChanges
from alcor.model.goal_state import GoalStateDelta, Subject
from alcor.model.records import (
    LogEntry,
    NodeRecord,
    PortRecord,
    Record,
    SecurityGroupRecord,
    SecurityRule,
    SubnetRecord,
    VpcRecord,
)
from benchmarks.plot import Plot, add_plot_option
from benchmarks.setting import setting

VPC_ID, SUBNET_ID, GROUP_ID, VNI = b"v" * 16, b"s" * 16, b"g" * 16, 7
_CHANGES = 21
_RULES = 10
_PART_BYTES = 256 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, nargs="+", default=[10, 30, 100, 300, 1000, 3000, 10_000])
    add_plot_option(parser)
    arguments = parser.parse_args()
    here = setting()
    print(here)
    plot = Plot("What a change that many hosts learn costs a controller", "hosts", here)
    for what, subject, changed in (("VPC", VNI, moved_port), ("security group", GROUP_ID, other_rules)):
        for hosts in arguments.hosts:
            streams = cost(hosts, subject, changed, by_topic=False)
            topic = cost(hosts, subject, changed, by_topic=True)
            print(f"{hosts:6,} hosts of a {what}: {streams * 1000:9.3f} ms by streams, {topic * 1000:7.3f} ms by topic")
            plot.add(f"of a {what}, by streams", hosts, streams)
            plot.add(f"of a {what}, by its topic", hosts, topic)
    plot.write(arguments.plot)


def cost(hosts: int, subject: Subject, changed: Callable[[int, int], Record], *, by_topic: bool) -> float:
    """Seconds of processor time for one change, the median of some."""
    told_ahead = subject == VNI
    nodes, ports = [node(number) for number in range(hosts)], map(port, range(hosts))
    model = load(1, (vpc(told_ahead), subnet(), *nodes, other_rules(1, hosts), *ports))
    model.served = {f"host-{number}" for number in range(hosts)}
    for host_id in model.served if by_topic else ():
        model.fed.begin(subject, host_id, 1)
    streams = {host_id: HostStream(Hello(host_id, bytes(16), applied_revision=1)) for host_id in model.served}
    history, published, encoder = History(1), SharedChanges(), GoalStateEncoder()
    gc.freeze()

    def change(position: int) -> None:
        compiled = compile_entry(model, LogEntry(position, (changed(position, hosts),)))
        history.add(position, compiled.deltas)
        publish(compiled, published)
        for host_id, delta in compiled.deltas.items():
            tell(streams[host_id], delta, encoder)

    times = [processor_time(change, position) for position in range(2, 2 + _CHANGES)]
    gc.unfreeze()
    return median(times)


def publish(compiled: Compiled, published: SharedChanges) -> None:
    for subject, shared in compiled.shared.items():
        published.add(subject, shared)
        encode_change(TopicChange(bytes(16), shared))


def tell(stream: HostStream, delta: GoalStateDelta, encoder: GoalStateEncoder) -> None:
    stream.deliver(delta)
    taken = stream.outbox.take(lambda: delta)
    assert taken is not None
    stream.sent.note(taken.revision, 0.0)
    for _ in encoder.parts(taken, _PART_BYTES):
        pass
    decode_agent_message(encode_agent_message(Acknowledgement(taken.revision)))
    stream.sent.seconds_since(taken.revision)


def processor_time(work: Callable[[int], None], argument: int) -> float:
    before = time.process_time()
    work(argument)
    return time.process_time() - before


def moved_port(position: int, hosts: int) -> PortRecord:
    """The first port is on another host."""
    return port(0, host=position % hosts)


def other_rules(position: int, _hosts: int) -> SecurityGroupRecord:
    """The group of all ports has other rules."""
    rules = tuple(SecurityRule(True, False, 6, number, number) for number in range(position, position + _RULES))
    return SecurityGroupRecord(GROUP_ID, True, rules, queued=True)


def vpc(told_ahead: bool) -> VpcRecord:
    return VpcRecord(VPC_ID, VNI, 1450, on_demand=not told_ahead, queued=True)


def subnet() -> SubnetRecord:
    return SubnetRecord(SUBNET_ID, VPC_ID, "10.0.0.0/8", "10.0.0.1", True)


def node(number: int) -> NodeRecord:
    return NodeRecord(f"host-{number}", number + 1, 0xC0A80000 + number)


def port(number: int, host: int | None = None) -> PortRecord:
    fixed_ips = ((SUBNET_ID, (0x0A000002 + number).to_bytes(4)),)
    return PortRecord(
        number.to_bytes(16),
        VPC_ID,
        0xFA163E000000 + number,
        fixed_ips,
        f"host-{number if host is None else host}",
        security_groups=(GROUP_ID,),
    )


if __name__ == "__main__":
    main()
