"""What the Open vSwitch driver needs to know of its host."""

from typing import Literal

import msgspec


class OvsSettings(msgspec.Struct, frozen=True):
    """Where Open vSwitch is and how to use it.

    ``run_directory`` holds the sockets of ovsdb-server and ovs-vswitchd. ``vtep_ip`` is the host's tunnel end point.
    ``datapath`` is where packets are forwarded: in the kernel (system) or in ovs-vswitchd (netdev); auto takes the
    kernel where it can. ``punt_rate`` bounds the packets per second each workload may send to the agent.
    ``fragment_rate`` bounds the fragments per second of each workload, and the packets that it may leave unfinished.
    ``connections`` bounds how many connections each workload may have tracked.
    ``service_network`` has the addresses that stand for workloads before the host's own programs.
    ``idle_seconds`` is how long a learned remote stays that nothing is sent to, from 1 to 65535.
    """

    vtep_ip: str
    run_directory: str = "/var/run/openvswitch"
    integration_bridge: str = "br-int"
    datapath: Literal["auto", "system", "netdev"] = "auto"
    punt_rate: int = 200
    fragment_rate: int = 150
    idle_seconds: int = 60
    connections: int = 65536
    service_network: str = "100.64.0.0/12"
