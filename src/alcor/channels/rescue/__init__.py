"""The rescue path: a host that reaches no controller is reached through a neighbour that does."""
