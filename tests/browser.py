"""A real browser for tests: Chromium without a window, driven through its DevTools pipe.

Nothing but the browser is needed: the protocol is JSON, a zero byte after each message.
https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless",
    "--no-sandbox",  # root has none; the pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--no-default-browser-check",
    "--remote-debugging-pipe",
)
_PATIENCE_S = 60.0


class BrowserError(AssertionError):
    """The browser did not do what it was told, or did not answer in time."""


class Browser:
    """One window with one page."""

    def __init__(self, process: int, to_browser: int, from_browser: int) -> None:
        self.process = process
        self.complaints: list[str] = []  # what stands in the console, and scripts that threw
        self.requests: list[str] = []  # addresses that were asked for
        self._to, self._from = to_browser, from_browser
        self._buffer = b""
        self._n_sent = 0
        self._session: str | None = None
        self._loaded = False
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        attached = self._send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._send(f"{domain}.enable")

    def open(self, page: str) -> None:
        """Loads *page*, an address or a file's `as_uri()`."""
        self._loaded = False
        found = self._send("Page.navigate", url=page)
        if "errorText" in found:
            raise BrowserError(f"{page}: {found['errorText']}")
        deadline = time.monotonic() + _PATIENCE_S
        while not self._loaded:
            self._handle(self._receive(deadline))

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """The window's size in pixels, and what the person prefers."""
        self._send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._send("Emulation.setEmulatedMedia", features=[scheme])

    def run(self, script: str) -> Any:
        """The value of the expression *script* in the page; a promise is waited for."""
        found = self._send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise BrowserError(f"{script}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def click(self, selector: str) -> None:
        """A click of the mouse into the middle of the element."""
        place = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', inline: 'center'});"
            "const r = e.getBoundingClientRect();"
            "return {x: r.x + r.width / 2, y: r.y + r.height / 2}; })()"
        )
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self._send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def type(self, text: str) -> None:
        """*text* into what has the focus."""
        self._send("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """A key by its name (`Enter`, `ArrowDown`, `/`)."""
        codes = {"Enter": 13, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "Tab": 9}
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = codes.get(key, 0)
        down = {"type": "keyDown" if text else "rawKeyDown", "text": text}
        for event in (down, {"type": "keyUp"}):
            self._send("Input.dispatchKeyEvent", key=key, windowsVirtualKeyCode=code, **event)

    def picture(self, target: Path) -> None:
        """What the window shows, as a PNG."""
        found = self._send("Page.captureScreenshot", format="png")
        target.write_bytes(base64.b64decode(found["data"]))

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        self._n_sent += 1
        message: dict[str, Any] = {"id": self._n_sent, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            received = self._receive(deadline)
            if received.get("id") == message["id"]:
                if "error" in received:
                    raise BrowserError(f"{method}: {received['error']}")
                result: dict[str, Any] = received["result"]
                return result
            self._handle(received)

    def _receive(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(deadline - time.monotonic(), 0))
            chunk = os.read(self._from, 1 << 20) if ready else b""
            if not chunk:
                raise BrowserError("the browser does not answer")
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))

    def _handle(self, event: dict[str, Any]) -> None:
        method, params = event.get("method"), event.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.consoleAPICalled":
            words = [str(argument.get("value")) for argument in params["args"]]
            self.complaints.append(f"console.{params['type']}: {' '.join(words)}")
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(f"thrown: {params['exceptionDetails']['text']}")
        elif method == "Log.entryAdded":
            self.complaints.append(f"{params['entry']['level']}: {params['entry']['text']}")


def find_browser() -> str | None:
    """The program, if this computer has one."""
    return next((path for path in map(shutil.which, _NAMES) if path), None)


@contextmanager
def open_browser(profile: Path) -> Iterator[Browser]:
    """A browser of its own that keeps what it writes in the folder *profile*.

    Without one, the test is skipped on a laptop and fails in CI.
    """
    program = find_browser()
    if program is None:
        text = "no Chromium on this computer; on Debian: apt-get install chromium"
        pytest.fail(text) if os.environ.get("CI") else pytest.skip(text)
    here_to, there_from = _pipe()
    there_to, here_from = _pipe()
    process = os.posix_spawn(
        program,
        [program, *_FLAGS, f"--user-data-dir={profile}"],
        {**os.environ, "HOME": str(profile)},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, here_to, 3),
            (os.POSIX_SPAWN_DUP2, here_from, 4),
            (os.POSIX_SPAWN_OPEN, 2, str(profile / "stderr"), os.O_CREAT | os.O_WRONLY, 0o600),
        ],
        setpgroup=0,
    )
    os.close(here_to)
    os.close(here_from)
    try:
        yield Browser(process, there_from, there_to)
    finally:
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(there_from)
        os.close(there_to)


def _pipe() -> tuple[int, int]:
    """Ends to read and to write, with numbers above those that the browser expects."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]
