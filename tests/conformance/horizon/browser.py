"""Chromium without a window, as the suite drives it: by the protocol that browsers have for it (W3C WebDriver)."""

import base64
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.processes import answers, free_port, guarded, wait_until_up

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key that the standard gives references to elements
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # tests run as root, and the only pages are Horizon's
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--window-size=1600,2400",  # high enough for forms: what is out of sight cannot be clicked
)
_CAPABILITIES = {
    "browserName": "chrome",
    "goog:chromeOptions": {"args": list(_ARGUMENTS)},
    "goog:loggingPrefs": {"browser": "SEVERE"},
    "unhandledPromptBehavior": "accept",
}


class Refused(Exception):
    """The browser did not do it: there is no such element, or it cannot be clicked."""


class Element:
    """One of a page's elements. It is gone with the page."""

    def __init__(self, browser: "Browser", reference: str) -> None:
        self._browser = browser
        self.reference = reference

    def click(self) -> None:
        """Click in its middle, where it must be to be seen."""
        self._browser.ask("POST", f"/element/{self.reference}/click", {})

    def type(self, text: str) -> None:
        """Type in it, after what it has been emptied of."""
        self._browser.ask("POST", f"/element/{self.reference}/clear", {})
        self._browser.ask("POST", f"/element/{self.reference}/value", {"text": text})

    @property
    def text(self) -> str:
        """What of it is seen."""
        return str(self._browser.ask("GET", f"/element/{self.reference}/text"))

    @property
    def is_shown(self) -> bool:
        """Whether it is seen."""
        return bool(self._browser.ask("GET", f"/element/{self.reference}/displayed"))

    def attribute(self, name: str) -> str:
        """The value of an attribute, empty when it has none."""
        return str(self._browser.ask("GET", f"/element/{self.reference}/attribute/{name}") or "")

    def property(self, name: str) -> Any:
        """The value of a property."""
        return self._browser.ask("GET", f"/element/{self.reference}/property/{name}")

    def find_all(self, xpath: str) -> list["Element"]:
        """What is in it, by a path."""
        return self._browser.find_all(xpath, self)


class Browser:
    """A window of a browser."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=120)
        body = {"capabilities": {"alwaysMatch": _CAPABILITIES}}
        self._path = f"/session/{self._asked('POST', '/session', body)['sessionId']}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One of the protocol's commands. Raises Refused."""
        return self._asked(method, self._path + path, body)

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        self.ask("POST", "/url", {"url": url})

    @property
    def url(self) -> str:
        """Where it is."""
        return str(self.ask("GET", "/url"))

    def find_all(self, xpath: str, within: Element | None = None) -> list[Element]:
        """The elements at a path."""
        place = f"/element/{within.reference}" if within else ""
        found = self.ask("POST", f"{place}/elements", {"using": "xpath", "value": xpath})
        return [Element(self, each[_ELEMENT]) for each in found]

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script in the page returns."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def forget(self) -> None:
        """Be nobody any more, wherever it had logged in."""
        self.ask("DELETE", "/cookie")

    def complaints(self) -> list[str]:
        """What the console has shown as errors since the last time: requests that failed, and scripts."""
        return [str(each["message"]) for each in self.ask("POST", "/se/log", {"type": "browser"})]

    def picture(self, path: Path) -> None:
        """Leave a picture of the page in a file."""
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

    def close(self) -> None:
        """End it."""
        self.ask("DELETE", "")
        self._http.close()

    def _asked(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body).json()["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise Refused(f"{answer['error']}: {str(answer['message']).splitlines()[0]}")
        return answer


@contextlib.contextmanager
def run_browser() -> Iterator[Browser]:
    """A browser of its own, which ends with whoever started it."""
    program = shutil.which("chromedriver")
    if program is None or shutil.which("chromium") is None:
        raise RuntimeError("Chromium is not installed: tools/install-system browser")
    directory = Path(tempfile.mkdtemp(prefix="alcor-browser-", dir="/tmp"))
    port = free_port()
    with guarded([program, f"--port={port}"], directory, environment={"HOME": str(directory)}) as log:
        wait_until_up("the browser", lambda: answers(f"http://127.0.0.1:{port}/status"), log)
        browser = Browser(f"http://127.0.0.1:{port}")
        try:
            yield browser
        finally:
            with contextlib.suppress(httpx.HTTPError, Refused):
                browser.close()
