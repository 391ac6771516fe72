"""The Open vSwitch driver.

``openflow/`` and ``jsonrpc`` speak the protocols. ``pipeline`` says what a switch does, ``endpoint_flows`` fills it in
for a port, ``programmer`` brings the switch to it. ``database`` prepares the bridge and watches its interfaces,
``tunnel_neighbours`` keeps the way to other hosts known, ``driver`` puts them together.
"""
