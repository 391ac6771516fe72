"""The Open vSwitch driver.

``openflow/`` and ``jsonrpc`` speak the protocols, ``pipeline`` says what a switch does, ``endpoint_flows`` fills it
in for a port, ``switch`` prepares the bridges, ``tunnel_neighbours`` keeps the way to other hosts known, ``driver``
puts them together.
"""
