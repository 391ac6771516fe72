"""How the agent comes by its certificate, keeps it and renews it."""
