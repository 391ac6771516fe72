"""What happens to simulated hosts, in numbers."""

import msgspec


class Counts(msgspec.Struct, array_like=True):
    """What has happened to the hosts of a fleet so far, and how many are connected now."""

    connected: int = 0
    welcomes: int = 0
    up_to_date: int = 0  # connected hosts that have applied a goal state, or had nothing to apply, since their welcome
    goal_states: int = 0
    snapshots: int = 0
    gaps: int = 0
    neighbours: int = 0  # forwarding entries put
    removed: int = 0  # ports that hosts had and have no more
    ports: int = 0  # that hosts have now
    cut: int = 0  # hosts whose connections were to be cut
    lost: int = 0  # hosts that lost their connection
    refused: int = 0  # hosts ended by the controller
    asking: int = 0  # hosts with a stream to the Network Config Manager now
    answered: int = 0  # peers that were asked for
    absent: int = 0  # addresses that were asked for and that nobody has
    news: int = 0  # heard of peers after they were asked for
