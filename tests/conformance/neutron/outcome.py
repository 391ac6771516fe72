"""What became of the tests, and how it is put together."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

PASSED, FAILED, SKIPPED, EXCLUDED = "passed", "failed", "skipped", "excluded"
STATUSES = (PASSED, FAILED, SKIPPED, EXCLUDED)
_TOLD = {"success": PASSED, "xfail": PASSED, "fail": FAILED, "uxsuccess": FAILED, "skip": SKIPPED}
_OF_CLASS = re.compile(r"(?P<method>setUpClass|tearDownClass) \((?P<class>[\w.]+)\)")
_LOG_LINES = 40  # the last of a test's log


class Outcome(msgspec.Struct, frozen=True):
    """What became of one test, and the first line of the reason."""

    test: str
    status: str
    reason: str = ""
    details: str = ""  # of a failure: its traceback, and the requests it made


def class_of(test: str) -> str:
    """The class of a test: its name without the method and the attributes in brackets."""
    return test.partition("[")[0].rpartition(".")[0]


def family_of(test: str) -> str:
    """The kind of resource that a test is about, by the name of its module."""
    return class_of(test).split(".")[-2].removeprefix("test_").removesuffix("_negative")


def outcomes(chosen: Iterable[str], told: Iterable[Mapping[str, Any]]) -> list[Outcome]:
    """One outcome for each chosen test, and one for each class that failed to clean up.

    What befell the setting-up of a class befell all its tests.
    """
    of_tests: dict[str, Outcome] = {}
    of_classes: dict[str, Outcome] = {}
    cleaning: list[Outcome] = []
    for outcome in map(_outcome, told):
        of_class = _OF_CLASS.match(outcome.test)
        if of_class is None:
            of_tests[outcome.test] = outcome
        elif of_class["method"] == "setUpClass":
            of_classes[of_class["class"]] = outcome
        elif outcome.status == FAILED:
            name = f"{of_class['class']}.{of_class['method']}"
            cleaning.append(msgspec.structs.replace(outcome, test=name))
    return [of_tests.get(test) or _of_class(test, of_classes) for test in chosen] + cleaning


def _outcome(told: Mapping[str, Any]) -> Outcome:
    status = _TOLD.get(told["status"], FAILED)
    details: Mapping[str, str] = told["details"]
    if status == PASSED:
        return Outcome(told["id"], status)
    if status == SKIPPED:
        return Outcome(told["id"], status, details.get("reason", "").strip())
    traceback = details.get("traceback") or "\n".join(details.values())
    log = "\n".join(text for name, text in details.items() if name.startswith("pythonlogging"))
    requests = "\n".join(log.splitlines()[-_LOG_LINES:])
    return Outcome(told["id"], status, first_line(traceback), f"{traceback}\n{requests}")


def _of_class(test: str, of_classes: Mapping[str, Outcome]) -> Outcome:
    found = of_classes.get(class_of(test))
    if found is None or found.status == PASSED:
        return Outcome(test, FAILED, "it was not run to its end")
    return Outcome(test, found.status, found.reason, found.details)


def first_line(traceback: str) -> str:
    """What a traceback ends with: the last exception's first line, and the answer's details where there are any."""
    lines = traceback.rpartition("Traceback (most recent call last)")[2].splitlines()[1:]
    said = [line for line in lines if line and not line.startswith(" ")]
    if not said:
        return traceback.strip().splitlines()[-1] if traceback.strip() else ""
    more = [line for line in said[1:] if line.startswith("Details:")][:1]
    return " ".join([said[0], *more])


def counts(found: Iterable[Outcome]) -> Counter[str]:
    """How many tests have each status."""
    return Counter(outcome.status for outcome in found)


def by_family(found: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes of each family, in alphabetical order."""
    families: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in found:
        families[family_of(outcome.test)].append(outcome)
    return dict(sorted(families.items()))
