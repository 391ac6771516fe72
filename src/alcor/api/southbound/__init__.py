"""What operators ask of the southbound side, and tell it."""
