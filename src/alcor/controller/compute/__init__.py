"""The compute service (Nova), which is told what happens to the ports of its workloads."""
