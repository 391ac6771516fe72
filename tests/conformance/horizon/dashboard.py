"""Horizon as somebody has it before them: pages, tables with what can be done to their rows, forms, and messages."""

import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from tests.conformance.horizon.browser import Browser, Element, Refused
from tests.keystone.keystone import Account

_PATIENCE_SECONDS = 30
_POLL_SECONDS = 0.1
_READY = "return document.readyState === 'complete' && (!window.jQuery || jQuery.active === 0)"
# What a page says of how things went: messages, and what forms find wrong in them.
_SAID = """
const shown = element => element.offsetParent !== null;
const said = selector => [...document.querySelectorAll(selector)].filter(shown).map(each => each.textContent.trim());
const good = said('.messages .alert-success, .messages .alert-info');
const bad = said('.alert-danger, .alert-warning, .has-error .help-block, .has-error .error, .errorlist li');
return [good, bad];
"""
_FORGET_MESSAGES = "document.querySelectorAll('.messages .alert').forEach(each => each.remove())"
_ACTION = re.compile(r"(?P<table>.+?)__(?:row_.+__)?action_(?P<action>.+)")
Value = str | bool | Sequence[str]


class Failed(AssertionError):
    """What was asked of Horizon did not come to be; the message says what is seen instead."""


class Dashboard:
    """Horizon, for whoever has logged in."""

    def __init__(self, browser: Browser, url: str, project_id: str, done: set[str]) -> None:
        self.browser = browser
        self.project_id = project_id
        self._url = url
        self._done = done  # where what is done in tables is noted

    def log_in(self, account: Account) -> None:
        """Be somebody, in their project."""
        self.browser.open(f"{self._url}/auth/login/?next=/project/networks/")
        self.fill(username=account.user, password=account.password)
        self.browser.find_all("//button[@id='loginBtn']")[0].click()
        self._settle()

    def open(self, path: str) -> None:
        """Go to a page."""
        self.browser.open(self._url + path)
        self._settle()

    def tab(self, label: str) -> None:
        """Turn to one of the page's tabs."""
        self.click(f"//ul[contains(@class, 'nav-tabs')]//a[normalize-space()='{label}']")
        self._settle()

    def press(self, label: str) -> None:
        """Press one of the page's buttons by what stands on it: for a form that opens, or another page."""
        self.click(f"//a[{_labeled(label)}] | //button[{_labeled(label)}]")
        self._settle()

    def act(self, table: str, row: str, action: str) -> None:
        """Choose what is done to a row, which is named by its id or by what it shows as its name."""
        place = _row(table, row)
        wanted = f"{place}//a[{_labeled(action)}] | {place}//button[{_labeled(action)}]"
        if not any(each.is_shown for each in self.browser.find_all(wanted)):
            self.click(f"{place}//a[contains(@class, 'dropdown-toggle')]")
        self.click(wanted)
        self._settle()

    def choose(self, table: str, *rows: str) -> None:
        """Check the boxes of rows, for what is done to several at once."""
        for row in rows:
            self.click(f"{_row(table, row)}/td[contains(@class, 'multi_select_column')]//label")

    def follow(self, text: str) -> None:
        """Follow a link in the page, by its text."""
        self.click(f"//div[@id='content_body']//a[{_labeled(text)}]")
        self._settle()

    def step(self, label: str) -> None:
        """Turn to a step of the form by its name."""
        self.click(f"//ul[contains(@class, 'nav')]//a[@data-toggle='tab' and {_labeled(label)}]")

    def click(self, xpath: str) -> None:
        """Click at a place in the page, when it has come."""

        def click() -> None:
            shown = [each for each in self.browser.find_all(xpath) if each.is_shown]
            if not shown:
                raise Refused(f"there is no {xpath}")
            name, place = shown[-1].attribute("id"), self.browser.url
            shown[-1].click()
            self._note(name, place)

        self._patiently(click)

    def _note(self, name: str, place: str) -> None:
        """Note what is done in a table, which names its buttons and links so, by dashboard, table and action."""
        if found := _ACTION.fullmatch(name):
            self._done.add(f"{urlsplit(place).path.split('/')[1]}.{found['table']}.{found['action']}")

    def wait_for(self, xpath: str) -> list[Element]:
        """What is at a place in the page, when it has come, seen or not."""
        self._until(lambda: self.browser.find_all(xpath), f"there is no {xpath}")
        return self.browser.find_all(xpath)

    def add_member(self, label: str) -> None:
        """Move something from a form's list of what there is to that of what is wanted."""
        self.click(f"//ul[contains(@class, 'available_members')]//ul[.//*[{_labeled(label)}]]//a")

    def note(self, what: str) -> None:
        """Note what is done on a page of a dashboard's panel."""
        self._done.add(".".join([*urlsplit(self.browser.url).path.split("/")[1:3], what]))

    def fill(self, **fields: Value) -> None:
        """Say something in fields of the form: text, whether a box is checked, or what is chosen."""
        for name, value in fields.items():
            self._patiently(partial(self._fill, name, value))

    def next(self) -> None:
        """Go on to the next step of a form."""
        self.click("//button[contains(@class, 'button-next')]")

    def submit(self, message: str) -> None:
        """Send the form, and wait for this message."""
        self.click("//*[@type='submit' and contains(@class, 'btn-primary')]")
        self.told(message)

    def confirm(self, message: str) -> None:
        """Say yes to what is asked, and wait for this message."""
        self.click("//div[contains(@class, 'modal-footer')]//a[contains(@class, 'btn-danger')]")
        self.told(message)

    def told(self, message: str) -> None:
        """Wait for a message that has this in it. Raises Failed when anything bad is said."""

        def is_told() -> bool:
            good, bad = self.browser.run(_SAID)
            if bad:
                raise Failed(f"not {message!r}, but: {_joined(bad)}")
            return any(message in each for each in good)

        self._until(is_told, f"nobody said {message!r}")
        self._settle()
        self.browser.run(_FORGET_MESSAGES)

    def sees(self, *texts: str) -> None:
        """Wait until the page shows all of this."""

        def missing() -> list[str]:
            shown = self.browser.run("return document.body.innerText")
            return [each for each in texts if each not in shown]

        self._until(lambda: not missing(), lambda: f"it does not show {_joined(missing())}")

    def _fill(self, name: str, value: Value) -> None:
        field = self._field(name)
        kind = field.property("type")
        if isinstance(value, bool):
            if field.property("checked") != value:
                label = field.find_all(f"../label[@for='{field.attribute('id')}']")
                (label[0] if label else field).click()
        elif kind == "select-multiple":
            for option in field.find_all("./option"):
                if (option.text in value) != option.property("selected"):
                    option.click()
        elif kind == "select-one":
            _choose(field, str(value))
        else:
            field.type(str(value))

    def _field(self, name: str) -> Element:
        """Of several, as in a form above a page, the last that is seen; those that the theme hides count, too."""
        found = self.browser.find_all(
            f"//*[self::input or self::select or self::textarea][@name='{name}' or @id='{name}']"
        )
        if not found:
            raise Refused(f"there is no field {name}")
        return ([each for each in found if each.is_shown] or found)[-1]

    def _patiently(self, act: Callable[[], None]) -> None:
        """Do something that may have to wait for the page: for an element to appear, or for another to go away."""
        refusals: list[str] = []

        def is_done() -> bool:
            try:
                act()
            except Refused as refused:
                refusals.append(str(refused))
                return False
            return True

        self._until(is_done, lambda: refusals[-1])

    def _settle(self) -> None:
        """Wait until the page has come, and see that nothing is wrong on it."""
        self._until(lambda: self.browser.run(_READY), "the page does not come to rest")
        _, bad = self.browser.run(_SAID)
        if bad := bad + self.browser.complaints():
            raise Failed(f"{self.browser.url} says {_joined(bad)}")

    def _until(self, condition: Callable[[], Any], otherwise: str | Callable[[], str]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                reason = otherwise if isinstance(otherwise, str) else otherwise()
                raise Failed(f"{reason}, at {self.browser.url}")
            time.sleep(_POLL_SECONDS)


def _choose(field: Element, label: str) -> None:
    """Choose in a list, which Horizon's theme shows as a button with a menu: the list itself is out of sight."""
    menu = field.find_all("../ul/li/a")
    if menu and not field.is_shown and not menu[0].is_shown:
        field.find_all("../button")[0].click()
    place = "../ul/li/a" if menu and not field.is_shown else "./option"
    wanted = field.find_all(f"{place}[{_labeled(label)} or @value='{label}' or @data-select-value='{label}']")
    if not wanted:
        offered = [each.text for each in field.find_all(place)]
        raise Refused(f"{field.attribute('name')} does not offer {label!r}, but {_joined(offered)}")
    wanted[0].click()


def _row(table: str, row: str) -> str:
    return f"//table[@id='{table}']/tbody/tr[@data-object-id='{row}' or @data-display='{row}']"


def _labeled(label: str) -> str:
    return f"normalize-space()='{label}'"


def _joined(texts: Sequence[str]) -> str:
    return "; ".join(" ".join(each.split()) for each in texts)
