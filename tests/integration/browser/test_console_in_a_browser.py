"""The console as a browser shows it: by key alone from the desk to a wave, light and dark, wide and narrow, and on paper."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from integration.browser.devtools import Browser, Page
from integration.browser.pictures import difference, seen
from integration.console.conftest import measure
from made_proposals import served, waiting
from pypdf import PdfReader

from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import Portfolio
from portopt.domain.run import RunStatus
from portopt.questions.wave import put_on_record
from portopt.runs.waves.start import Asked, WaveWish
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

SCREENS = ("", "/propose?p.P-one=on", "/settings", "/waves", "/runs", "/policies", "/packs", "/alerts", "/backtests",
           "/runs/{run}", "/runs/{run}/decide", "/waves/{wave}")  # fmt: skip
CHOSEN = '[...document.querySelectorAll("tbody input:checked")].map((box) => box.name)'
MOST_BYTES = 300_000
KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), "Escape": (27, ""), "ArrowDown": (40, "")}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    made = open_runtime(Settings(home=tmp_path_factory.mktemp("console-in-a-browser")))
    for name, drift in (("P-one", 0.02), ("P-three", 0.09), ("P-two", 0.01)):
        made.portfolios.save(Portfolio(name, name.replace("P-", "Portfolio "), "quality_focused"))
        made.portfolios.declare(Holdings(name, {"AAPL": Decimal(100)}, Decimal(20_000)), "anna")
        measure(made, name, drift=drift)
    return made


@pytest.fixture(scope="module")
def places(runtime: Runtime) -> dict[str, str]:
    """run: of a proposal that waits; wave: of one that nobody carries out."""
    run = waiting(runtime, "P-waiting", n=8, frontier=False)
    now = datetime.now(UTC)
    wave = put_on_record([Asked("P-one")], WaveWish("The month ended", await_approval=True), runtime, now)
    return {"run": run, "wave": wave.wave_id}


@pytest.fixture(scope="module")
def console(runtime: Runtime, places: dict[str, str]) -> Iterator[str]:
    with served(runtime) as address:
        yield f"{address}/console"


def axe_core() -> str:
    """What looks at pages for whoever cannot see them: there in the gate, and wherever the tools were sourced."""
    tool = os.environ.get("PORTOPT_TEST_AXE")
    if tool is None:
        if os.environ.get("CI"):
            pytest.fail("PORTOPT_TEST_AXE names no file: .ci/tools.sh should have brought it")
        pytest.skip("PORTOPT_TEST_AXE is not set: `. .ci/tools.sh` brings axe-core")
    return Path(tool).read_text(encoding="utf-8")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        code, text = KEYS.get(key, (0, key))
        for kind in ("keyDown", "keyUp"):
            said = {"text": text} if text and kind == "keyDown" else {}
            page.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **said)


@pytest.mark.parametrize("width", [1280, 390])
def test_from_the_desk_to_a_wave_by_key_alone(browser: Browser, console: str, width: int) -> None:
    with browser.page(width) as page:
        page.open(console)
        press(page, "j", "x", "j", "j", "x")
        assert page.ask(CHOSEN) == ["p.P-one", "p.P-two"]
        assert page.ask('document.querySelector("[data-chosen]").textContent') == "2"
        press(page, "p")
        page.wait_for('location.pathname === "/console/propose" && document.readyState === "complete"')
        assert page.ask("document.activeElement.name") == "cause"
        press(page, *f"Prices moved {width}", "Enter")
        page.wait_for('location.pathname.startsWith("/console/waves/")')
        assert [said for said in page.complaints() if "404" not in said] == []


@pytest.mark.parametrize("width", [1280, 390])
def test_from_the_desk_to_an_approval_by_key_alone(browser: Browser, console: str, runtime: Runtime, width: int) -> None:
    run_id = waiting(runtime, f"P-zinc-{width}", n=8, frontier=False)
    with browser.page(width) as page:
        page.open(console)
        press(page, "/", *f"zinc-{width}", "ArrowDown", "Enter")
        page.wait_for(f'location.pathname === "/console/runs/{run_id}" && document.readyState === "complete"')
        press(page, "d")
        page.wait_for('location.pathname.endsWith("/decide") && document.readyState === "complete"')
        press(page, "a", "Enter")
        page.wait_for('!document.querySelector("button[value=approve]") && document.readyState === "complete"')
        assert "approved" in page.ask("document.body.innerText")
        assert page.complaints() == []
    assert runtime.runs.get(run_id).status is RunStatus.COMPLETED


def test_what_is_typed_is_found_at_once_and_let_go(browser: Browser, console: str) -> None:
    shown = '[...document.querySelectorAll("tbody tr")].filter((row) => !row.hidden).length'
    with browser.page() as page:
        page.open(console)
        everything = page.ask(shown)
        press(page, "/", *"three")
        assert page.ask(shown) == 1
        press(page, "Escape")
        assert page.ask(shown) == everything
        press(page, "?")
        assert page.ask('document.getElementById("keys").open')


def test_what_changes_is_marked_where_it_stands(browser: Browser, console: str, runtime: Runtime) -> None:
    """And what was chosen stays so, with the focus where it was."""
    with browser.page() as page:
        page.open(console)
        press(page, "j", "x")
        before = page.ask('document.querySelector("tbody").innerText')
        measure(runtime, "P-two", drift=0.07)
        page.wait_for('document.querySelector("tr.changed") !== null')
        assert page.ask('document.querySelector("tr.changed").innerText').split()[:2] == ["Portfolio", "two"]
        assert "+7.0 pp" in page.ask('document.querySelector("tr.changed").innerText')
        assert "+7.0 pp" not in before
        assert page.ask(CHOSEN) == ["p.P-one"]
        assert page.ask('document.activeElement.querySelector("input").name') == "p.P-one"


def test_the_page_is_light_and_asks_nobody_else(browser: Browser, console: str) -> None:
    with browser.page() as page:
        page.open(console)
        size = page.ask("performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize || 0), 0)")
        assert 50_000 < size < MOST_BYTES
        assert [url for url in page.requests() if not url.startswith(console)] == []
        assert page.complaints() == []


def test_on_paper_the_desk_is_its_rows(browser: Browser, console: str) -> None:
    with browser.page() as page:
        page.open(console)
        (sheet,) = PdfReader(io.BytesIO(page.pdf())).pages
        text = " ".join(sheet.extract_text().split())
    assert "Portfolio three" in text
    assert "Group by" not in text


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_screen_looks_as_it_did_has_no_serious_finding_and_does_not_move_sideways(
    browser: Browser, console: str, places: dict[str, str], width: int, scheme: str
) -> None:
    """axe-core and the pictures, on every kind of screen: each width and each scheme."""
    axe, found = axe_core(), {}
    with browser.page(width) as page:
        page.emulate(scheme=scheme)
        for path in SCREENS:
            page.open(console + path.format(**places))
            name = re.sub(r"\W+", "-", path.partition("?")[0].replace("{", "one-")).strip("-") or "desk"
            looks = difference(f"{name}-{width}-{scheme}", seen(page))
            page.ask(axe)
            said = page.ask(
                "axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations"
                ".filter((one) => ['serious', 'critical'].includes(one.impact))"
                ".map((one) => one.id + ': ' + one.nodes[0].html.slice(0, 120)))"
            )
            said += [] if looks is None else [looks]
            said += ["sideways"] if page.ask("document.documentElement.scrollWidth > innerWidth") else []
            if said:
                found[path] = said
        page.open(console)
        page.ask("document.querySelectorAll('link[rel=stylesheet]').forEach((link) => link.remove())")
        assert difference(f"desk-{width}-{scheme}", seen(page), is_good=False), "a desk without its style is another one"
    assert found == {}
