"""Ways from a controller to the control agents of hosts, behind one small interface."""
