"""The scalability test framework: simulated hosts, load, faults, measurement and reports, around a real controller."""
