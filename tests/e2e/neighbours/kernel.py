"""What a workload's kernel is told of addresses, its own and those of neighbours."""

from alcor.testbed.workload import INTERFACE, Workload


def be_sure_of_neighbours(workload: Workload) -> None:
    """Have it ask nobody again, for an hour, who has an address that it knows."""
    for version in ("ipv4", "ipv6"):
        setting = f"net.{version}.neigh.{INTERFACE}.base_reachable_time_ms=3600000"
        workload.namespace.run("sysctl", "-qw", setting)


def add_address(workload: Workload, address: str, length: str) -> None:
    """Give it an address in a prefix of so many bits, for use at once."""
    no_detection = ("nodad",) if ":" in address else ()
    workload.namespace.ip("address", "add", f"{address}/{length}", "dev", INTERFACE, *no_detection)
