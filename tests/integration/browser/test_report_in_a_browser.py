"""The offline report as a browser shows it: on a desk, on a telephone, at night, on paper, without scripts."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from integration.browser.conftest import Report
from integration.browser.devtools import Browser, Page
from pypdf import PdfReader
from support import wait_for

from portopt.reports.page import write_report

WIDTHS = (1280, 390)
SECTIONS = [
    "Verdict",
    "Before and after",
    "Trades",
    "Positions now and as proposed",
    "Sectors and asset classes",
    "Scores",
    "Through the history used",
    "Where the risk comes from",
    "Risk in every measure",
    "Limits and their price",
    "Efficient frontier",
    "Certificate",
    "Data",
    "Definitions",
]

# Every text on the page that is seen, with the size of its letters in CSS pixels, its colour and the colour behind it.
SEEN_TEXTS = """(() => {
  const drawn = (e) => { const b = e.getBoundingClientRect(); return b.width > 1 && b.height > 1 && e.checkVisibility(); };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (colour !== "transparent" && !/, 0\\)$/.test(colour)) return colour;
    }
    return "none";
  };
  const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || !drawn(element) || element.closest("script, style, noscript, title, desc")) continue;
    const style = getComputedStyle(element), svg = element instanceof SVGElement;
    const size = parseFloat(style.fontSize) * (svg ? element.getScreenCTM().a : 1);
    texts.push({ text, size, colour: svg ? style.fill : style.color, behind: behind(element) });
  }
  return texts;
})()"""
SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"
BEYOND_THE_EDGE = """[...document.querySelectorAll("body *")].filter((e) => e.checkVisibility())
  .filter((e) => { const b = e.getBoundingClientRect(); return b.width > 1 && (b.right > innerWidth + 0.5 || b.left < -0.5); })
  .map((e) => e.tagName + "." + e.getAttribute("class") + ": " + e.textContent.trim().slice(0, 40))"""
HEADINGS = '[...document.querySelectorAll("section h2")].map((h) => h.innerText.trim())'
LENGTHS = '[...document.querySelectorAll("section > .body")].map((b) => b.innerText.trim().length)'
DRAWINGS = """[...document.querySelectorAll("svg.frontier:not(.history)")].map((s) => s.getBoundingClientRect())
  .filter((b) => b.width > 0 && b.height > 0).map((b) => [b.width, b.height])"""


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two CSS colours, 1 to 21 (WCAG 2.2, relative luminance of sRGB)."""

    def luminance(colour: str) -> float:
        channels = [int(c) / 255 for c in re.findall(r"\d+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def open_report(page: Page, report: Report) -> None:
    page.open(report.url)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_no_wider_than_the_screen_even_with_every_fold_open(browser: Browser, report: Report, width: int) -> None:
    with browser.page(width) as page:
        open_report(page, report)
        assert page.ask("innerWidth") == width
        assert page.ask(SIDEWAYS) <= 0

        page.ask('document.querySelectorAll("details").forEach((fold) => { fold.open = true; })')

        assert page.ask(BEYOND_THE_EDGE) == []
        assert page.ask(SIDEWAYS) <= 0


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_asks_for_nothing_but_itself_and_complains_of_nothing(browser: Browser, report: Report, width: int) -> None:
    with browser.page(width) as page:
        open_report(page, report)

        assert page.complaints() == []
        assert page.requests() == [report.url]


@pytest.mark.parametrize("width", WIDTHS)
def test_every_section_is_there_and_says_something(browser: Browser, report: Report, width: int) -> None:
    with browser.page(width) as page:
        open_report(page, report)

        assert page.ask(HEADINGS) == SECTIONS
        assert min(page.ask(LENGTHS)) > 40
        assert page.ask('document.querySelector("h1").innerText') == report.document["verdict"]["title"].replace(" %", "\xa0%")


@pytest.mark.parametrize("width", WIDTHS)
def test_one_drawing_of_the_frontier_is_seen_and_fits(browser: Browser, report: Report, width: int) -> None:
    with browser.page(width) as page:
        open_report(page, report)

        ((wide, high),) = page.ask(DRAWINGS)

        assert 300 < wide <= width
        assert 200 < high < 700


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_is_smaller_than_eleven_pixels(browser: Browser, report: Report, width: int) -> None:
    with browser.page(width) as page:
        open_report(page, report)
        texts = page.ask(SEEN_TEXTS)

    assert len(texts) > 500
    assert [t for t in texts if t["size"] < 11] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(browser: Browser, report: Report, scheme: str) -> None:
    with browser.page() as page:
        page.emulate(scheme=scheme)
        open_report(page, report)
        ground = page.ask("getComputedStyle(document.body).backgroundColor")
        texts = page.ask(SEEN_TEXTS)

    assert (contrast(ground, "rgb(0, 0, 0)") < 2) == (scheme == "dark")
    pale = {(t["colour"], t["behind"], t["text"][:30]) for t in texts if contrast(t["colour"], t["behind"]) < 4.5}
    assert pale == set()


def test_on_paper_the_report_is_short_and_holds_the_verdict(browser: Browser, report: Report) -> None:
    with browser.page() as page:
        page.emulate(scheme="dark")  # paper is white whatever the screen is
        open_report(page, report)
        paper = PdfReader(io.BytesIO(page.pdf()))

    printed = " ".join(" ".join(sheet.extract_text().split()) for sheet in paper.pages)
    verdict = report.document["verdict"]
    assert len(paper.pages) <= 12
    assert [sentence for sentence in (verdict["title"], *verdict["sentences"]) if sentence not in printed] == []
    assert [trade["asset_id"] for trade in report.document["trades"] if trade["asset_id"] not in printed] == []


def test_without_scripts_nothing_is_missing_but_the_download(browser: Browser, report: Report) -> None:
    with browser.page(390) as page:
        page.call("Emulation.setScriptExecutionDisabled", value=True)
        open_report(page, report)

        assert page.ask(HEADINGS) == SECTIONS
        assert min(page.ask(LENGTHS)) > 40
        assert page.ask(SIDEWAYS) <= 0
        assert not page.ask('document.getElementById("download").checkVisibility()')
        assert page.ask('document.querySelectorAll("th button").length') == 0


def test_the_download_gives_the_document_back(browser: Browser, report: Report, tmp_path: Path) -> None:
    with browser.page() as page:
        browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path), browserContextId=page.context)
        open_report(page, report)
        page.ask('document.getElementById("download").click()')
        saved = tmp_path / f"{report.document['run_id']}.json"
        wait_for(saved.exists, 15, f"nothing was saved as {saved.name}")

    assert json.loads(saved.read_text(encoding="utf-8")) == report.document


def test_a_column_is_sorted_by_its_exact_numbers(browser: Browser, report: Report) -> None:
    column = '[...document.querySelectorAll("table.bars.sortable tbody tr td:nth-child(3) data")].map((d) => Number(d.value))'
    click = 'document.querySelector("table.bars.sortable thead th:nth-child(3) button").click()'
    with browser.page() as page:
        open_report(page, report)
        before = page.ask(column)
        page.ask(click)
        downward = page.ask(column)
        page.ask(click)
        upward = page.ask(column)

    assert before != downward
    assert downward == sorted(before, reverse=True)
    assert upward == sorted(before)


VALUES = '[...document.querySelectorAll("table.trades tbody tr.line td:nth-child(5) data")].map((d) => Number(d.value))'
WHY = """[...document.querySelectorAll("table.trades tbody")].map((b) =>
  [b.querySelector(".asset b").textContent, b.querySelector("tr.why").innerText.trim()])"""


def test_trades_are_sorted_by_size_from_the_keyboard_and_keep_their_reasons(browser: Browser, report: Report) -> None:
    with browser.page() as page:
        open_report(page, report)
        first, reasons = page.ask(VALUES), dict(page.ask(WHY))
        page.ask('document.querySelector("table.trades thead th:nth-child(5) button").focus()')
        for kind in ("keyDown", "keyUp"):
            page.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13)
        by_size = page.ask(VALUES)
        assert page.ask('document.activeElement.closest("th").getAttribute("aria-sort")') == "descending"
        assert by_size == sorted(first, reverse=True) != first
        assert dict(page.ask(WHY)) == reasons
        assert page.ask('document.querySelector("table.trades tfoot").previousElementSibling.tagName') == "TBODY"
        page.ask('document.querySelector("table.trades thead th:first-child button").click()')
        page.ask('document.querySelector("table.trades thead th:first-child button").click()')
        assert page.ask(VALUES) == first


def test_on_a_telephone_trades_are_sorted_by_a_choice(browser: Browser, report: Report) -> None:
    with browser.page(390) as page:
        open_report(page, report)
        first = page.ask(VALUES)
        assert page.ask('document.querySelector(".sort-by").checkVisibility()')
        page.ask(
            """(() => { const s = document.querySelector(".sort-by select");
            s.value = [...s.options].find((o) => o.textContent === "value, smallest first").value;
            s.dispatchEvent(new Event("change")); })()"""
        )
        assert page.ask(VALUES) == sorted(first)
    with browser.page() as page:
        open_report(page, report)
        assert not page.ask('document.querySelector(".sort-by").checkVisibility()')


@pytest.mark.parametrize("width", WIDTHS)
def test_one_drawing_of_each_history_is_seen_and_labels_stay_inside(browser: Browser, report: Report, width: int) -> None:
    boxes = """[...document.querySelectorAll("svg.history")].filter((s) => s.getBoundingClientRect().width > 0).map((s) => {
      const box = s.getBoundingClientRect();
      const out = [...s.querySelectorAll("text")].map((t) => t.getBoundingClientRect());
      return [box.width, out.filter((t) => t.right > box.right + 1 || t.left < box.left - 1).length]; })"""
    with browser.page(width) as page:
        open_report(page, report)
        drawn = page.ask(boxes)
    assert len(drawn) == 1
    assert all(300 < wide <= width and outside == 0 for wide, outside in drawn)


def test_names_of_any_length_do_not_widen_a_telephones_page(browser: Browser, report: Report, tmp_path: Path) -> None:
    text = json.dumps(report.document)
    long = "Consolidated" * 12
    for name in ("Apple Inc.", "Health Care", "Quality-Focused Balanced", '"portfolio_id": "sample', "LLY"):
        text = text.replace(name, name + long)
    stretched = Report(write_report(json.loads(text), tmp_path / "long.html"), {})
    with browser.page(390) as page:
        open_report(page, stretched)
        page.ask('document.querySelectorAll("details").forEach((fold) => { fold.open = true; })')

        assert page.ask(BEYOND_THE_EDGE) == []
        assert page.ask(SIDEWAYS) <= 0


@pytest.fixture
def folded_report(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """The same report as the page of a large book: its data and all but three rows of each table kept compressed."""
    for name in ("TRADES_SHOWN", "POSITIONS_SHOWN", "CONTRIBUTIONS_SHOWN", "LONG"):
        monkeypatch.setattr(f"portopt.reports.view.{name}", 3)
    monkeypatch.setattr("portopt.reports.page.LEGIBLE", 1_000)
    return Report(write_report(report.document, tmp_path / "folded.html"), report.document)


ROWS = 'document.querySelectorAll("table.trades tr.why").length'
FOLDS = 'document.querySelectorAll("script.folded").length'


def test_folded_rows_are_put_into_the_page_when_they_are_opened(browser: Browser, folded_report: Report) -> None:
    with browser.page(390) as page:
        open_report(page, folded_report)
        first, folds = page.ask(ROWS), page.ask(FOLDS)
        page.ask('document.querySelectorAll("details").forEach((fold) => { fold.open = true; })')
        wait_for(lambda: page.ask(FOLDS) == 0, 15, "the folds were not opened")

        assert first == 3
        assert folds >= 3
        assert page.ask(ROWS) == len(folded_report.document["trades"])
        assert page.ask(BEYOND_THE_EDGE) == []
        assert page.complaints() == []
        assert page.requests() == [folded_report.url]


def test_folded_data_are_given_back_whole(browser: Browser, folded_report: Report, tmp_path: Path) -> None:
    with browser.page() as page:
        browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path), browserContextId=page.context)
        open_report(page, folded_report)
        wait_for(lambda: page.ask('document.getElementById("download").hidden') is False, 15, "the download was not offered")
        page.ask('document.getElementById("download").click()')
        saved = tmp_path / f"{folded_report.document['run_id']}.json"
        wait_for(saved.exists, 15, f"nothing was saved as {saved.name}")

    assert json.loads(saved.read_text(encoding="utf-8")) == folded_report.document


def test_folded_rows_are_on_paper(browser: Browser, folded_report: Report) -> None:
    with browser.page() as page:
        open_report(page, folded_report)
        wait_for(lambda: page.ask('document.getElementById("download").hidden') is False, 15, "the page was not ready")
        paper = PdfReader(io.BytesIO(page.pdf()))

    printed = " ".join(" ".join(sheet.extract_text().split()) for sheet in paper.pages)
    assert [trade["asset_id"] for trade in folded_report.document["trades"] if trade["asset_id"] not in printed] == []


def test_without_scripts_the_first_rows_of_a_large_book_are_there(browser: Browser, folded_report: Report) -> None:
    with browser.page(390) as page:
        page.call("Emulation.setScriptExecutionDisabled", value=True)
        open_report(page, folded_report)

        assert page.ask(HEADINGS) == SECTIONS
        assert page.ask(ROWS) == 3
        assert page.ask(SIDEWAYS) <= 0
