"""A DHCPv4 server for the ports of one host (RFC 2131, 2132, 3396, 3442, 6842). Pure: frames in, frames out."""
