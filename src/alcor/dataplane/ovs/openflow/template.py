"""Bytes with holes: the same message many times, differing in a few values.

A flow differs from the next of its kind in an address or two. Its bytes are laid out once, with the place of every
value remembered; each further flow is a copy with the values written in.
"""

from collections.abc import Mapping

Value = int | str
"""A number, or the name of the parameter whose number goes here."""


class Template:
    """Finished bytes with the places of the parameters."""

    __slots__ = ("_places", "image", "parameters")

    def __init__(self, image: bytes, places: tuple[tuple[int, int, str], ...]) -> None:
        self.image = image
        self._places = places
        self.parameters = frozenset(name for _, _, name in places)

    def __len__(self) -> int:
        return len(self.image)

    def render(self, values: Mapping[str, int]) -> bytes:
        """The bytes with every parameter's value in place.

        Raises KeyError when a parameter has no value, OverflowError when a value does not fit its field.
        """
        buffer = bytearray(self.image)
        for start, end, name in self._places:
            buffer[start:end] = values[name].to_bytes(end - start, "big")
        return bytes(buffer)


class TemplateWriter:
    """Builds a template from front to back."""

    def __init__(self) -> None:
        self._image = bytearray()
        self._places: list[tuple[int, int, str]] = []

    def __len__(self) -> int:
        return len(self._image)

    def write(self, data: bytes) -> None:
        """Append bytes that are always the same."""
        self._image += data

    def write_value(self, value: Value, width: int) -> None:
        """Append a big-endian number of ``width`` bytes, or leave room for a parameter."""
        if isinstance(value, str):
            self._places.append((len(self._image), len(self._image) + width, value))
            value = 0
        self._image += value.to_bytes(width, "big")

    def pad(self, multiple: int = 8) -> None:
        """Append zeros up to the next multiple."""
        self._image += bytes(-len(self._image) % multiple)

    def set_length(self, offset: int, length: int) -> None:
        """Write a 16-bit length into bytes written earlier."""
        self._image[offset : offset + 2] = length.to_bytes(2, "big")

    def finish(self) -> Template:
        """The template."""
        return Template(bytes(self._image), tuple(self._places))
