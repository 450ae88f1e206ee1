"""A real Chromium, driven over its DevTools protocol: only what these tests ask of it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
ANSWER_SECONDS = 60.0


def chromium_program() -> str:
    """Where Chromium is. Without one the tests skip; the gate, which installs one, fails instead."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is not None:
        return found
    why = f"no Chromium in PATH (looked for {', '.join(PROGRAMS)}); `. .ci/services.sh` installs it"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


class Page:
    """One tab. What it says on its console and asks of the network is kept from the first moment."""

    def __init__(self, address: str, context: str) -> None:
        self.context = context
        self.socket = connect(address, max_size=None, open_timeout=ANSWER_SECONDS)
        self.sent = 0
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its answer; events that arrive in between are kept."""
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv(timeout=ANSWER_SECONDS))
            if message.get("id") == self.sent:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self.events.append(message)

    def resize(self, width: int, height: int = 900, scale: float = 1.0) -> None:
        """A screen of that many CSS pixels; below 500 a telephone's."""
        mobile = width < 500
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile)

    def emulate(self, *, media: str = "", scheme: str = "light") -> None:
        self.call("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url: str) -> None:
        """Go there and wait until it is loaded."""
        loaded = self.count("Page.loadEventFired")
        failure = self.call("Page.navigate", url=url).get("errorText")
        assert failure is None, f"{url}: {failure}"
        while self.count("Page.loadEventFired") == loaded:
            self.events.append(json.loads(self.socket.recv(timeout=ANSWER_SECONDS)))

    def count(self, method: str) -> int:
        return sum(event["method"] == method for event in self.events)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str, seconds: float = 30.0) -> Any:
        """Ask until the answer is true, and give it."""
        end = time.monotonic() + seconds
        while not (value := self.ask(expression)):
            if time.monotonic() > end:
                pytest.fail(f"never true: {expression}; the page says: {self.ask('document.body.innerText')[:2000]}")
            time.sleep(0.25)
        return value

    def requests(self) -> list[str]:
        """Every address that was asked for; data: and blob: addresses are in the page itself."""
        urls = [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(("data:", "blob:"))]

    def complaints(self) -> list[str]:
        """Console errors and warnings, uncaught exceptions, entries of the browser's own log."""
        self.ask("1")  # whatever was on its way is here before the answer
        said = []
        for event in self.events:
            told = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                said.append(json.dumps(told["exceptionDetails"]))
            elif event["method"] == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
                said.append(told["entry"]["text"])
            elif event["method"] == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
                said.append(json.dumps(told["args"]))
        return said

    def pdf(self) -> bytes:
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def picture(self, path: Path) -> None:
        """The whole page as a PNG, for a person to look at."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))


class Browser:
    """A running Chromium with an empty profile of its own."""

    def __init__(self, address: str) -> None:
        self.host = address.split("/")[2]
        self.socket = connect(address, open_timeout=ANSWER_SECONDS)
        self.sent = 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        while (message := json.loads(self.socket.recv(timeout=ANSWER_SECONDS))).get("id") != self.sent:
            continue
        assert "error" not in message, f"{method}: {message['error']}"
        return message["result"]

    @contextmanager
    def page(self, width: int = 1280) -> Iterator[Page]:
        """A new tab that shares nothing with the others."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        page = Page(f"ws://{self.host}/devtools/page/{target}", context)
        page.resize(width)
        try:
            yield page
        finally:
            page.socket.close()
            self.call("Target.disposeBrowserContext", browserContextId=context)


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Chromium from the start to the end of the block."""
    command = [chromium_program(), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with (profile / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        browser = Browser(_address(profile, process))
        yield browser
        browser.socket.close()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _address(profile: Path, process: subprocess.Popen[bytes]) -> str:
    """The browser writes its port and path into its profile once it listens."""
    told, end = profile / "DevToolsActivePort", time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if told.exists() and len(lines := told.read_text().split()) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.1)
    pytest.fail(f"Chromium did not start: {(profile / 'chromium.log').read_text(errors='replace')[-2000:]}")
