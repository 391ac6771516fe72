"""Whom the host asks for names that are not of its VPCs."""

import ipaddress

import msgspec


class DnsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [dns]. Without ``resolvers`` those are asked that the host's /etc/resolv.conf names at the time."""

    resolvers: tuple[str, ...] = ()

    def problem(self) -> str | None:
        """What is wrong with them, and what to write instead."""
        for address in self.resolvers:
            try:
                ipaddress.ip_address(address)
            except ValueError:
                return f'dns.resolvers: "{address}" must be an IP address, as "192.0.2.53"'
        return None
