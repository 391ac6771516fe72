"""What a controller takes of the processor while nobody asks it anything.

python -m benchmarks.idle [--database sqlite|postgresql] [--seconds S]

On PostgreSQL it looks for what other controllers have written, many times a second; an SQLite file is its own.
"""

import argparse
import os
import time
from pathlib import Path

from benchmarks.controller import run_controller
from benchmarks.setting import setting
from tests.databases import DATABASES

_SETTLES_SECONDS = 5.0  # after the start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=DATABASES, help="only this one (default both)")
    parser.add_argument("--seconds", type=float, default=20.0, help="each measurement lasts (default %(default)s)")
    arguments = parser.parse_args()
    print(setting())
    for database in [arguments.database] if arguments.database else DATABASES:
        with run_controller(database) as controller:
            time.sleep(_SETTLES_SECONDS)
            before = _processor_seconds(controller.process)
            time.sleep(arguments.seconds)
            taken = _processor_seconds(controller.process) - before
        print(f"{database}: {taken / arguments.seconds:.2%} of a processor", flush=True)


def _processor_seconds(process: int) -> float:
    """What a process has taken so far, of its own and in the kernel (proc(5))."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
