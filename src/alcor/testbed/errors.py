"""What can go wrong on the way to a testbed."""


class TestbedError(RuntimeError):
    """The testbed cannot be set up or go on; the message says what is missing and what to do."""

    __test__ = False  # no class of tests, whatever its name looks like
