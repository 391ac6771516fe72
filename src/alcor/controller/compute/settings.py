"""Where the compute service is."""

import msgspec


class ComputeSettings(msgspec.Struct, frozen=True):
    """Where Nova's API is (``https://HOST:8774/v2.1``); without a URL, where Keystone's catalog says.

    ``region`` is which of the catalog's regions, where it has several.
    """

    url: str = ""
    region: str = ""
