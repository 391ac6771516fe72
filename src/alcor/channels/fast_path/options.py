"""What both ends of a fast-path stream set on gRPC."""

from typing import Any, Final

import grpc
import msgspec

CONNECT_METHOD = "/alcor.southbound.v1.GoalStates/Connect"
CONNECT_MANY_METHOD = "/alcor.southbound.v1.GoalStates/ConnectMany"
ASK_METHOD = "/alcor.southbound.v1.NetworkConfig/Ask"
RESOLVE_METHOD = "/alcor.southbound.v1.NetworkConfig/Resolve"
RENEW_METHOD = "/alcor.southbound.v1.Trust/Renew"
END_OF_STREAM: Final[Any] = grpc.aio.EOF  # type: ignore[attr-defined]

MAXIMUM_MESSAGE_BYTES = 16 * 1024 * 1024
"""Parts of goal states are far smaller; complete port reports of large hosts are not cut."""

WINDOW_BYTES = 256 * 1024
"""How much a peer may send ahead of what is read: little, so that back-pressure reaches the sender's outbox soon."""

HOSTS_LIMIT = 65_536
"""Hosts on one stream that speaks for many."""

GOAL_STATES_AHEAD = 4
"""Goal states that a host on such a stream is sent before it has taken the first of them."""


class Keepalive(msgspec.Struct, frozen=True):
    """How a dead peer is noticed: a silent connection is probed and given up without an answer. For a host's end."""

    interval: float = 10.0  # seconds without traffic before a probe
    timeout: float = 5.0  # seconds to wait for its answer

    def options(self) -> list[tuple[str, int]]:
        """As gRPC channel arguments, of either end."""
        return [
            ("grpc.keepalive_time_ms", int(self.interval * 1000)),
            ("grpc.keepalive_timeout_ms", int(self.timeout * 1000)),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.http2.min_ping_interval_without_data_ms", int(self.interval * 500)),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", int(self.interval * 500)),
            ("grpc.http2.max_ping_strikes", 0),
            ("grpc.http2.bdp_probe", 0),
            ("grpc.http2.lookahead_bytes", WINDOW_BYTES),
            ("grpc.max_receive_message_length", MAXIMUM_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAXIMUM_MESSAGE_BYTES),
        ]


CONTROLLERS_KEEPALIVE = Keepalive(interval=15.0)
"""For the controller's end: hosts notice first that they are cut off, and may be led back by a neighbour in time."""
