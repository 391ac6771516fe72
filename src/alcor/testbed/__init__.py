"""Real hosts on one machine: network namespaces, a data plane and a control agent in each."""
