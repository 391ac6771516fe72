"""A value for each parameter of the pipeline's rules."""

VALUES = {
    "port": 7,
    "tunnel_port": 1,
    "meter": 7,
    "vni": 70001,
    "mac": 0xFA163E000001,
    "vtep": 0xC0000201,
    "ipv4": 0x0A000000,
    "address": 0x0A000000,
    "largest": 1464,
    "ipv4_mask": 0xFFFFFF00,
    "ipv6": 0xFD << 120 | 1,
    "ipv6_mask": (1 << 128) - 1,
    "router": int.from_bytes(b"router".ljust(16, b".")),
    "network": 0x0A000000,
    "mask": 0xFFFFFF00,
    "next_hop": 0x0A000105,
    "arriving_vni": 70002,
    "arriving_mac": 0xFA163E000002,
}
