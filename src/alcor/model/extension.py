"""An extension of Neutron's API, as clients ask for it: it is listed only when it is whole."""

import msgspec


class Extension(msgspec.Struct, frozen=True):
    """An entry of the list of extensions."""

    alias: str
    name: str
    description: str
    updated: str = "2024-01-01T00:00:00-00:00"
    links: tuple[str, ...] = ()
