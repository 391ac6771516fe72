"""Where Nova's metadata service is, and what it knows this host by."""

from urllib.parse import urlsplit

import msgspec


class MetadataSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table [metadata]. Without ``url`` workloads are told that there is no metadata service.

    ``shared_secret`` is Nova's ``metadata_proxy_shared_secret``. ``ca_file`` has the certificates that an https
    service is trusted by, where they are not the system's.
    """

    url: str = ""
    shared_secret: str = ""
    ca_file: str = ""

    def problem(self) -> str | None:
        """What is wrong with them, and what to write instead."""
        if not self.url:
            return None
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            return f'metadata.url = "{self.url}" must be as "http://192.0.2.10:8775"'
        if not self.shared_secret:
            return "metadata.shared_secret is missing: write Nova's metadata_proxy_shared_secret"
        return None
