"""What can go wrong with a scalability test."""


class ScaleError(RuntimeError):
    """The test cannot be run or go on; the message says what to do."""
