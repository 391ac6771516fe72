"""Who speaks on a connection: certificates, what both ends make of them, and how hosts come by theirs."""
