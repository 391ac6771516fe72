"""``make beside``: Neutron itself and this controller are asked the same, and have to answer alike."""

import itertools
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from tests.conformance import options
from tests.conformance.beside.differences import Excuse, differences, excuses
from tests.conformance.beside.lists import listed
from tests.conformance.beside.requests import ABSENT, APT, KINDS, ODD, SET_UP, Kind
from tests.conformance.beside.sides import ALCOR, CALLERS, NEUTRON, Answer, Request, Side, run_sides

Sides = Mapping[str, Side]


@options.suite
def main(regex: str, database: str, output: Path) -> None:
    """Start both with one Keystone, and say where their answers differ that nobody has given a reason for."""
    output.mkdir(parents=True, exist_ok=True)
    started, known = time.monotonic(), excuses()
    asked, excused, found = 0, Counter[str](), 0
    with run_sides(output, database) as sides, (output / "beside.log").open("w") as log:
        for request, answers in _asked(sides, regex):
            asked += 1
            for difference in differences(answers[NEUTRON], answers[ALCOR]):
                excuse = _excuse(known, request, difference)
                log.write(f"{'known' if excuse else 'DIFFERS'} {request}\n    {difference}\n")
                if excuse:
                    excused[excuse.reason] += 1
                else:
                    found += 1
                    click.echo(f"{str(request)[:200]}\n    {difference[:400]}")
    for reason, times in excused.most_common():
        click.echo(f"{times:6} {reason}")
    click.echo(f"{asked} requests, {found} differences and {excused.total()} known ones; "
               f"{time.monotonic() - started:.0f} s; the log is {output}/beside.log")  # fmt: skip
    raise SystemExit(bool(found or not asked))


def _excuse(known: Sequence[Excuse], request: Request, difference: str) -> Excuse | None:
    return next((each for each in known if each.covers(request, difference)), None)


def _asked(sides: Sides, regex: str) -> Iterator[tuple[Request, dict[str, Answer]]]:
    """Each request that is compared, and what both answer."""
    for name, caller, path, body in SET_UP:
        yield from _compared(sides, Request(caller, "POST", f"/{path}", body), name)
    kinds = [each for each in KINDS if re.search(regex, each.name)]
    for kind, caller in itertools.product(kinds, CALLERS):  # while both have what was set up, and nothing else
        yield from listed(sides, kind, caller)
    for kind in kinds:
        for caller in CALLERS:
            yield from _shown(sides, kind, caller)
            for attribute in kind.attributes.split():
                for value in ODD if caller == "admin" else APT:
                    yield from _made(sides, kind, caller, attribute, value)
                if kind.made:
                    yield from _changed(sides, kind, caller, attribute)


def _shown(sides: Sides, kind: Kind, caller: str) -> Iterator[tuple[Request, dict[str, Answer]]]:
    absent = f"/{kind.path}/{ABSENT}"
    for method, path in (("GET", f"/{kind.made}"), ("GET", absent), ("DELETE", absent)):
        if path != "/":
            yield from _compared(sides, Request(caller, method, path))


def _made(
    sides: Sides, kind: Kind, caller: str, attribute: str, value: Any
) -> Iterator[tuple[Request, dict[str, Answer]]]:
    request = Request(caller, "POST", f"/{kind.path}", {kind.name: kind.body | {attribute: value}})
    yield from _compared(sides, request, "new")
    for side in sides.values():
        side.forget(f"/{kind.path}/{{new}}", "new")


def _changed(sides: Sides, kind: Kind, caller: str, attribute: str) -> Iterator[tuple[Request, dict[str, Answer]]]:
    before = {side: sides[side].shown(f"/{kind.made}", kind.name).get(attribute) for side in sides}
    for value in (*ODD, *APT):
        request = Request(caller, "PUT", f"/{kind.made}", {kind.name: {attribute: value}})
        for _, answers in _compared(sides, request):
            yield request, answers
            for side in (side for side, answer in answers.items() if answer.status == 200):
                sides[side].ask(Request("admin", "PUT", f"/{kind.made}", {kind.name: {attribute: before[side]}}))


def _compared(sides: Sides, request: Request, name: str = "") -> Iterator[tuple[Request, dict[str, Answer]]]:
    yield request, {side: sides[side].ask(request, name) for side in (NEUTRON, ALCOR)}


if __name__ == "__main__":
    main()
