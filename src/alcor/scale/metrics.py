"""What the controller says of itself."""

import re

from alcor.scale.http_client import HttpClient

_LINE = re.compile(rb"^(\w+) ([0-9.e+-]+)$", re.MULTILINE)


async def read_metrics(client: HttpClient) -> dict[str, float]:
    """Its metrics without labels, by name. Raises RequestFailed."""
    page = await client.ask("GET", "/metrics")
    return {name.decode(): float(value) for name, value in _LINE.findall(page)}
