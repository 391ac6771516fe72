"""The control agent of a host: keeps its goal state, makes the data plane follow it, answers its workloads."""
