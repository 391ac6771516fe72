"""Runs ``openstack`` commands one after the other in one process: starting Python anew for each would take a second.

Reads the arguments of a command as a JSON list a line; answers the exit status and the output, as JSON.
"""

import contextlib
import io
import json
import sys

from openstackclient.shell import OpenStackShell


def run(arguments: list[str]) -> tuple[int, str, str]:
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            status = OpenStackShell().run(arguments)
        except SystemExit as error:
            status = int(error.code or 0)
    return status, output.getvalue(), errors.getvalue()


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
