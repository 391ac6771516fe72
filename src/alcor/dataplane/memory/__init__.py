"""A data plane that lives in memory: for tests and simulation."""
