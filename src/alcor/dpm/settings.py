"""What operators choose of a Data Plane Manager."""

import msgspec

from alcor.channels.topic_beats import USUAL_LONGEST


class DpmSettings(msgspec.Struct, frozen=True):
    """How the Data Plane Manager behaves."""

    host_grace: float = 15.0  # seconds a host may be away before its ports go DOWN
    kept_log_entries: int = 100_000
    trim_interval: float = 300.0  # seconds
    moves_per_second: int = 100  # hosts that are let go when others serve fewer
    holds_everything: bool = True  # or only what concerns the hosts served
    probe_interval: float = 10.0  # seconds between two probes of one host by another; 0 for none
    probe_bytes: int = 1500  # of the largest IP packets that should pass between hosts
    topic_interval: int = USUAL_LONGEST  # seconds between two messages of a topic of the message queue at most, about
