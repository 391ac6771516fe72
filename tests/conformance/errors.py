"""What the controller failed at."""

import re

import httpx


def server_errors(url: str) -> list[str]:
    """The requests that a controller answered with a 5xx since it started, by what it counts.

    It may have said that it was not ready yet.
    """
    counted = httpx.get(f"{url}/metrics").raise_for_status().text
    counts = re.findall(r'^alcor_api_request_seconds_count\{.*status="5.*', counted, re.MULTILINE)
    return [each for each in counts if 'route="/readyz"' not in each]
