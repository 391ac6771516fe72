"""The agent's part in the rescue path: being relayed by a neighbour, and relaying for neighbours."""
