"""Whether something that may be in vain is worth another attempt. Pure."""

_MOST_LEFT_OUT = 15


class Attempts:
    """After the second failure in a row one attempt is left out, then three, seven, and at most fifteen each time."""

    def __init__(self) -> None:
        self._failures = 0
        self._left_out = 0  # since the last attempt

    def is_worthwhile(self) -> bool:
        """Whether it is to be attempted now; asked once for each attempt that could be made."""
        if self._left_out >= min((1 << max(self._failures - 1, 0)) - 1, _MOST_LEFT_OUT):
            self._left_out = 0
            return True
        self._left_out += 1
        return False

    def succeeded(self) -> None:
        """The next attempt is made at once."""
        self._failures = 0

    def failed(self) -> None:
        """It was in vain."""
        self._failures += 1
