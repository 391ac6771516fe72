"""Which addresses a subnet with an ACL covers."""

from alcor.dataplane.network_acls import SubnetAcl

IPV4_SUBNET = SubnetAcl(4, 0x0A000100, 0xFFFFFF00)
IPV6_SUBNET = SubnetAcl(6, 0x20010DB8 << 96, 0xFFFFFFFFFFFFFFFF << 64)


def test_a_subnet_covers_its_own_addresses() -> None:
    assert IPV4_SUBNET.covers(bytes((10, 0, 1, 0)))
    assert IPV4_SUBNET.covers(bytes((10, 0, 1, 255)))
    assert not IPV4_SUBNET.covers(bytes((10, 0, 0, 255)))
    assert IPV6_SUBNET.covers(bytes.fromhex("20010db8") + bytes(11) + b"\x01")
    assert not IPV6_SUBNET.covers(bytes.fromhex("20010db9") + bytes(12))


def test_a_subnet_covers_no_address_of_the_other_version() -> None:
    anywhere = (SubnetAcl(4, 0, 0), SubnetAcl(6, 0, 0))
    assert [each.covers(bytes(4)) for each in anywhere] == [True, False]
    assert [each.covers(bytes(16)) for each in anywhere] == [False, True]
