"""How far a host is with what it was given: from what waits for it and what it has not acknowledged."""

from alcor.channels.fast_path.sent_times import SentTimes
from alcor.channels.interface import Delivery
from alcor.channels.outbox import Outbox


def owed_since(outbox: Outbox, sent: SentTimes) -> float | None:
    """See HostConnection: what was sent had waited before what waits now."""
    since = sent.waited_since()
    return outbox.waiting_since if since is None else since


def delivery(outbox: Outbox, sent: SentTimes) -> Delivery:
    """See HostConnection."""
    return Delivery(
        acknowledged_revision=sent.acknowledged_revision,
        sent_revision=outbox.sent_revision,
        unacknowledged=sent.count(),
        waiting=outbox.waiting(),
        waiting_items=outbox.waiting_items,
    )
