"""Tells what becomes of each test while it happens: subunit in, a line of JSON for each test out.

Run by the Python that the suites are installed for.
"""

import json
import sys
from typing import Any

import subunit
import testtools


def _tell(test: dict[str, Any]) -> None:
    if test["status"] not in ("exists", "inprogress"):
        start, end = test["timestamps"]
        seconds = (end - start).total_seconds() if start and end else 0.0
        details = {name: content.as_text() for name, content in test["details"].items()}
        told = {"id": test["id"], "status": test["status"], "seconds": seconds, "details": details}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    result = testtools.StreamToDict(_tell)
    result.startTestRun()
    subunit.ByteStreamToStreamResult(sys.stdin.buffer, non_subunit_name="output").run(result)
    result.stopTestRun()
