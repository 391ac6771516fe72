"""The part of OpenFlow 1.4 the driver speaks, as bytes.

Version 1.4 and not 1.5: it has bundles, and its flow statistics have fixed offsets where 1.5 has a second
type-length-value list in every flow. What 1.4 lacks (moving bits between fields) is an Open vSwitch extension action
in either version.
"""
