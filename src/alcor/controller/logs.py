"""Log lines on standard error: time (UTC), level, where, what."""

import logging
import sys
import time

LEVELS = ("debug", "info", "warning", "error")


def configure(level: str) -> None:
    """Log to standard error from this level up."""
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for library in ("alembic", "grpc", "asyncio"):
        logging.getLogger(library).setLevel(logging.WARNING)
