"""News of a learned MAC address is old while it is being programmed, and new from then on."""

from alcor.dataplane.ovs.renewals import Renewals

VNI, MAC, OTHER = 70001, 0xFA163E000001, 0xFA163E000002


def test_news_is_old_until_the_renewal_ends() -> None:
    renewals = Renewals()
    with renewals.begin({VNI: {MAC: 1}}) as renewal:
        assert renewals.cover(VNI, MAC)
        assert not renewals.cover(VNI, OTHER) and not renewals.cover(VNI + 1, MAC)
        renewal.end()
        assert not renewals.cover(VNI, MAC)
    assert not renewals.cover(VNI, MAC)


def test_a_renewal_ends_with_its_block() -> None:
    renewals = Renewals()
    with renewals.begin({VNI: {MAC}}):
        pass
    assert not renewals.cover(VNI, MAC)


def test_renewals_of_the_same_end_each_by_itself() -> None:
    renewals = Renewals()
    with renewals.begin({VNI: {MAC}}):
        with renewals.begin({VNI: {MAC}}):
            pass
        assert renewals.cover(VNI, MAC)
