"""A real DHCPv6 client, ISC's dhclient, and what it was told."""

import shlex

from alcor.testbed.workload import INTERFACE, Workload

_PROGRAM_TEXT = """\
#!/bin/sh
case "$reason" in
BOUND6 | RENEW6 | REBIND6)
    if [ -n "$new_ip6_address" ]; then ip -6 address replace "$new_ip6_address/64" dev "$interface"; fi
    ;;
RELEASE6 | STOP6 | EXPIRE6)
    if [ -n "$old_ip6_address" ]; then ip -6 address delete "$old_ip6_address/64" dev "$interface"; fi
    ;;
esac
{
    echo "reason=$reason"
    echo "address=$new_ip6_address"
    echo "name_servers=$new_dhcp6_name_servers"
    echo "search=$new_dhcp6_domain_search"
    echo "lifetime=$new_max_life"
} > "/run/$interface-$CLIENT"
"""
_CONFIGURATION = "send dhcp6.rapid-commit; also request dhcp6.name-servers, dhcp6.domain-search;"


class DhcpClient:
    """The client of one workload."""

    def __init__(self, workload: Workload) -> None:
        self._workload, self._sandbox = workload, workload.namespace.sandbox
        self._place = f"/run/dhclient-{workload.name}"
        for suffix, text in (("script", _PROGRAM_TEXT), ("conf", ""), ("rapid", _CONFIGURATION)):
            path = self._sandbox.outside(f"{self._place}.{suffix}")
            path.write_text(text)
            path.chmod(0o755)

    def run(self, *options: str, configuration: str = "conf") -> dict[str, str]:
        """Run it until it has what it wants, and return what it told its script last. Raises CommandFailed."""
        files = (
            ("-cf", configuration),
            ("-lf", "leases"),
            ("-pf", "pid"),
            ("-sf", "script"),
        )
        arguments = [each for option, suffix in files for each in (option, f"{self._place}.{suffix}")]
        client = f"CLIENT={self._workload.name}"
        command = shlex.join(["dhclient", "-6", "-1", "-e", client, *options, *arguments, INTERFACE])
        self._workload.namespace.run("sh", "-c", f"{command} > {self._place}.log 2>&1", timeout=30)
        told = self._sandbox.outside(f"/run/{INTERFACE}-{self._workload.name}").read_text()
        return {key: value for key, _, value in (line.partition("=") for line in told.splitlines())}
