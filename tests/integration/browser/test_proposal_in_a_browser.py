"""A proposal in a real browser: sliders without a request, trades that are typed, and a decision by keys alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from integration.browser.devtools import Browser, Page
from made_proposals import served, waiting

from portopt.domain.run import RunStatus
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

STEPS = 100
FRAME = 16.0  # milliseconds
WITHIN = 1e-6  # weights


class Served(NamedTuple):
    url: str
    run: str
    runtime: Runtime

    def at(self, path: str = "") -> str:
        return f"{self.url}/console/runs/{self.run}{path}"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    runtime = open_runtime(Settings(home=tmp_path_factory.mktemp("console"), processes=1))
    run = waiting(runtime, "P-browser")
    with served(runtime) as url:
        yield Served(url, run, runtime)


def test_while_a_slider_is_dragged_nothing_is_asked_and_what_is_shown_is_what_is_solved(
    browser: Browser, console: Served
) -> None:
    with browser.page(1280) as page:
        page.open(console.at("/what-if"))
        slider = Slider(page, "limits.max_turnover")
        asked = len(page.requests())
        slider.press()
        for step in range(1, STEPS + 1):
            slider.drag(step / STEPS)
        page.wait_for("document.getElementById('shown').classList.contains('preview')")
        assert [url for url in page.requests()[asked:] if "/static/" not in url] == []
        frames = page.ask("performance.getEntriesByName('preview').map((one) => one.duration)")
        assert len(frames) > 3
        assert sorted(frames)[len(frames) // 2] <= FRAME
        preview = weights_of(page)
        value = page.ask(f"document.querySelector('{slider.element}').value")
        slider.release()
        page.wait_for("document.getElementById('shown').classList.contains('certified')")
        solved = weights_of(page)
        assert solved.keys() == preview.keys()
        assert max(abs(solved[asset] - preview[asset]) for asset in solved) <= WITHIN
        assert max(abs(solved[asset] - stands) for asset, stands in stands_of(page).items()) > 1e-3
        moved = float(page.ask("new URLSearchParams(location.search).get('move.limits.max_turnover')"))
        assert moved == pytest.approx(float(value), abs=1e-3)
        page.ask("history.back()")
        page.wait_for("document.getElementById('shown')?.textContent === 'stands'")
        assert page.complaints() == []
        assert all(url.startswith(console.url) for url in page.requests())


def test_beyond_the_range_the_slider_waits_for_the_service(browser: Browser, console: Served) -> None:
    with browser.page(390) as page:
        page.open(console.at("/what-if"))
        page.ask("{const s = document.querySelector('[name=\"move.limits.max_weight\"]'); s.value = s.min;"
                 "s.dispatchEvent(new Event('input', {bubbles: true}))}")  # fmt: skip
        page.wait_for("document.querySelector('.slider.past') !== null")
        assert "beyond the range" in page.ask("document.getElementById('shown').textContent")
        assert page.ask("document.documentElement.scrollWidth") <= 390


def test_a_trade_that_is_typed_is_solved_around_and_undone(browser: Browser, console: Served) -> None:
    document: Any = console.runtime.runs.get(console.run).document
    asset = next(row["asset_id"] for row in document["proposal"] if row["side"] == "buy")
    with browser.page(1280) as page:
        page.open(console.at("/edit"))
        page.ask(f"document.getElementById('typed-{asset}').focus()")
        page.call("Input.insertText", text="none")
        press(page, "Enter")
        page.wait_for("document.querySelector('.sum .certified') !== null")
        assert "gives up" in page.ask("document.querySelector('.sum strong').textContent")
        assert page.ask("location.search") == f"?pin.{asset}=none"
        page.ask("document.activeElement.blur()")
        press(page, "u")
        page.wait_for("location.search === '' && document.querySelector('.sum .certified') === null")
        assert page.complaints() == []


def test_an_edit_that_is_saved_is_proposed_and_approved_with_a_reason(console: Served) -> None:
    run = waiting(console.runtime, "P-saved", n=6, frontier=False)
    document: Any = console.runtime.runs.get(run).document
    asset = next(row["asset_id"] for row in document["proposal"] if row["side"])
    with httpx.Client(base_url=f"{console.url}/console/runs/", timeout=60) as client:

        def sent(path: str, **form: str) -> httpx.Response:
            page = client.get(path).text
            hidden = dict(re.findall(r'name="(csrf|key|choice)" value="([^"]*)"', page))
            return client.post(path.partition("?")[0], data={**hidden, **form})

        assert sent(f"{run}/edit?pin.{asset}=none", what="save", name="without it").status_code == 303
        page = client.get(f"{run}/alternatives").text
        assert "without it" in page
        made = sent(f"{run}/alternatives", what="propose", hours="24", choice=re.findall(r'"choice" value="([^"]*)"', page)[-1])
        new = made.headers["location"].rpartition("/")[2]
        assert "an edit" in client.get(new).text
        assert sent(f"{new}/decide", decision="approve").status_code == 422
        assert sent(f"{new}/decide", decision="approve", reason="liquidity", note="too thin").status_code == 303
    assert console.runtime.runs.status(new) is RunStatus.COMPLETED
    assert console.runtime.runs.status(run) is RunStatus.SUPERSEDED


def test_from_the_proposal_to_its_approval_by_keys_alone(browser: Browser, console: Served) -> None:
    run = waiting(console.runtime, "P-keys", n=6)
    with browser.page(390) as page:
        page.open(f"{console.url}/console/runs/{run}")
        page.wait_for("document.querySelectorAll('.strip label').length >= 2")
        press(page, "j")
        assert page.ask("document.activeElement.matches('[data-rows] > tr')")
        assert page.ask("document.documentElement.scrollWidth") <= 390
        press(page, "d")
        page.wait_for("document.querySelector('button[value=approve]') !== null && document.readyState === 'complete'")
        press(page, "a")
        assert page.ask("document.activeElement.value") == "approve"
        press(page, "Enter")
        page.wait_for("location.pathname.endsWith('/decide') === false && document.readyState === 'complete'")
        assert console.runtime.runs.status(run) is RunStatus.COMPLETED
        page.wait_for("document.getElementById('said').textContent === 'Approved.'")
        page.ask("document.getElementById('frontier').scrollIntoView()")
        page.wait_for("document.querySelector('#frontier .main-svg') !== null")
        assert page.complaints() == []
        assert all(url.startswith(console.url) for url in page.requests())


class Slider:
    """A range input that is dragged with the mouse, from what stands to nine tenths of the way to where its range ends."""

    def __init__(self, page: Page, path: str) -> None:
        self.page, self.element = page, f'[name="move.{path}"]'
        place = page.ask(
            f"(() => {{ const s = document.querySelector('{self.element}'), r = s.getBoundingClientRect(),"
            "m = JSON.parse(s.form.dataset.slopes).moves.find((one) => 'move.' + one.path === s.name),"
            "x = (v) => r.left + 8 + (v - s.min) / (s.max - s.min) * (r.width - 16);"
            "const end = m.value + 0.9 * (m.high - m.value);"
            "return JSON.stringify({ y: r.top + r.height / 2, from: x(m.value), to: x(end) }) })()"
        )
        self.place = json.loads(place)

    def press(self) -> None:
        self._mouse("mousePressed", self.place["from"])

    def drag(self, part: float) -> None:
        self._mouse("mouseMoved", self.place["from"] + part * (self.place["to"] - self.place["from"]))

    def release(self) -> None:
        self._mouse("mouseReleased", self.place["to"])

    def _mouse(self, kind: str, x: float) -> None:
        self.page.call("Input.dispatchMouseEvent", type=kind, x=x, y=self.place["y"], button="left", buttons=1, clickCount=1)


def weights_of(page: Page) -> dict[str, float]:
    return columns_of(page, "[...row.querySelectorAll('[data-weight]')][0].value")


def stands_of(page: Page) -> dict[str, float]:
    return columns_of(page, "row.querySelectorAll('data')[1].value")


def columns_of(page: Page, cell: str) -> dict[str, float]:
    rows = f"[...document.querySelectorAll('.weights [data-rows] tr')].map((row) => [row.cells[0].textContent, Number({cell})])"
    return dict(page.ask(rows))


def press(page: Page, key: str) -> None:
    text = "\r" if key == "Enter" else key
    code = 13 if key == "Enter" else ord(key.upper())
    page.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text, windowsVirtualKeyCode=code)
    page.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)
