"""The digest a controller keeps of each host is that of the snapshot it would send, whatever has happened."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from alcor.dpm.compiler import compile_entry
from alcor.dpm.digests import host_digest
from alcor.dpm.read_model import ReadModel
from alcor.model.digest import Digest, digest_of
from alcor.model.records import LogEntry
from tests.unit.dpm.cloud import HOSTS, Cloud
from tests.unit.dpm.histories import entries
from tests.unit.dpm.test_compiler import NODES, SUBNET, VPC, fresh, port, transaction


@settings(max_examples=200, deadline=None)
@given(entries, st.randoms(use_true_random=False), st.integers(1, 2))
def test_the_digest_of_a_host_is_that_of_its_snapshot(
    batches: list[list[tuple[object, ...]]], shuffle: random.Random, repetitions: int
) -> None:
    cloud, model = Cloud(), ReadModel()
    for position, batch in enumerate(batches, 1):
        records = [record for operation in batch for record in transaction(cloud, operation, shuffle)]
        for _ in range(repetitions):
            compile_entry(model, LogEntry(position, tuple(records)))
        for host_id in HOSTS:
            assert host_digest(model, host_id) == digest_of(fresh(model, host_id))


def test_a_new_port_elsewhere_changes_what_a_host_should_know() -> None:
    model = ReadModel()
    compile_entry(model, LogEntry(1, (VPC, SUBNET, *NODES, port(0, 0))))
    before = host_digest(model, HOSTS[0])
    compile_entry(model, LogEntry(2, (port(1, 1),)))
    assert before.differences(host_digest(model, HOSTS[0])) == ["vteps", "neighbours"]


def test_a_host_that_is_no_node_should_have_nothing() -> None:
    assert host_digest(ReadModel(), HOSTS[0]) == Digest()
