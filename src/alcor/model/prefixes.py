"""Sets of addresses written as prefixes, all of one IP version: the fewest that make up the set, in order. Pure."""

import ipaddress
from collections.abc import Iterable, Sequence

from alcor.model import number_ranges
from alcor.model.address_plan import Network
from alcor.model.number_ranges import Range


def parsed(prefixes: Iterable[str]) -> list[Network]:
    """Prefixes as texts have them."""
    return [ipaddress.ip_network(prefix) for prefix in prefixes]


def merged(prefixes: Sequence[Network]) -> list[Network]:
    """The same addresses."""
    return _prefixes(prefixes, _ranges(prefixes))


def less(prefixes: Sequence[Network], others: Sequence[Network]) -> list[Network]:
    """The addresses that are in none of the others."""
    return _prefixes(prefixes, number_ranges.difference(_ranges(prefixes), _ranges(others)))


def common(prefixes: Sequence[Network], others: Sequence[Network]) -> list[Network]:
    """The addresses that are in the others, too."""
    ranges = _ranges(prefixes)
    return _prefixes(prefixes, number_ranges.difference(ranges, number_ranges.difference(ranges, _ranges(others))))


def _ranges(prefixes: Iterable[Network]) -> list[Range]:
    return number_ranges.normalised((int(each.network_address), int(each.broadcast_address)) for each in prefixes)


def _prefixes(alike: Sequence[Network], ranges: Iterable[Range]) -> list[Network]:
    found: list[Network] = []
    for first, last in ranges:
        if alike[0].version == 4:
            found += ipaddress.summarize_address_range(ipaddress.IPv4Address(first), ipaddress.IPv4Address(last))
        else:
            found += ipaddress.summarize_address_range(ipaddress.IPv6Address(first), ipaddress.IPv6Address(last))
    return found
