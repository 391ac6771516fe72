"""How the host does, and which hosts it reaches: found out, and told to the controller."""
