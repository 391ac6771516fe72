"""Every host is probed by several, all by as many, and few probe others when hosts come and go."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from alcor.dpm.probe_rings import FAR, NEAR, VPCS, ProbeRings

regions = st.sets(st.integers(0, (1 << 31) - 1), min_size=1, max_size=80)
hours = st.integers(0, 1 << 20)


def rings_of(indexes: set[int], hour: int) -> ProbeRings:
    return ProbeRings(((index, f"host-{index}") for index in indexes), hour)


@given(regions, hours)
def test_a_host_probes_a_few_others_and_never_itself(indexes: set[int], hour: int) -> None:
    rings = rings_of(indexes, hour)
    for index in indexes:
        chosen = rings.targets(index)
        assert len(set(chosen)) == len(chosen)
        assert index not in chosen
        assert set(chosen) <= indexes
        assert min(NEAR, len(indexes) - 1) <= len(chosen) <= NEAR + FAR


@given(regions, hours)
def test_every_host_is_probed_by_about_as_many_as_it_probes(indexes: set[int], hour: int) -> None:
    rings = rings_of(indexes, hour)
    probed = Counter(target for index in indexes for target in rings.targets(index))
    least = min(NEAR, len(indexes) - 1)
    assert all(least <= probed[index] <= NEAR + FAR for index in indexes)


@given(regions, hours, st.data())
def test_a_host_that_goes_changes_what_its_neighbours_probe_and_nothing_else(
    indexes: set[int], hour: int, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(sorted(indexes)))
    before, after = rings_of(indexes, hour), rings_of(indexes - {gone}, hour)
    changed = [each for each in indexes - {gone} if before.targets(each) != after.targets(each)]
    assert len(changed) <= NEAR + FAR
    assert all(gone in before.targets(each) for each in changed)


@given(st.sets(st.integers(0, 1 << 31), min_size=20, max_size=80), hours)
def test_another_hour_has_hosts_probe_others(indexes: set[int], hour: int) -> None:
    one, other = rings_of(indexes, hour), rings_of(indexes, hour + 1)
    assert not one.is_like(other)
    assert any(one.targets(index) != other.targets(index) for index in indexes)


@given(regions, hours, st.data())
def test_hosts_of_a_vpc_are_each_probed_by_one_more_of_it(indexes: set[int], hour: int, data: st.DataObject) -> None:
    members = data.draw(st.lists(st.sampled_from(sorted(indexes)), min_size=1, max_size=20, unique=True))
    rings = rings_of(indexes, hour)
    within = Counter(target for each in members for target in set(rings.targets(each, [members])) & set(members))
    assert all(within[each] >= 1 for each in members) or len(members) == 1
    assert all(len(rings.targets(each, [members])) <= NEAR + FAR + VPCS for each in members)


@given(regions, hours)
def test_hosts_are_known_by_their_indexes(indexes: set[int], hour: int) -> None:
    rings = rings_of(indexes, hour)
    assert {index: rings.host_id(index) for index in indexes} == {index: f"host-{index}" for index in indexes}
    assert rings.host_id(max(indexes) + 1) is None
    assert rings.host_id(-1) is None
