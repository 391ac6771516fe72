"""HTTP: Neutron's API and Alcor's own over the same services, health and metrics. Thin: parse, call, render."""
