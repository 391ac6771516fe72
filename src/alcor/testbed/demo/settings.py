"""What a demo is told."""

import msgspec


class DemoSettings(msgspec.Struct, frozen=True):
    """How large, where the API listens (HOST:PORT), and whether it stays when everything was shown."""

    hosts: int = 3
    workloads: int = 12
    listen: str = "127.0.0.1:9696"
    keep: bool = False
