"""Quality of service: policies, their rules, and what has them."""
