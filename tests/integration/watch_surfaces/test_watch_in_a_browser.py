"""The page of the watch as a person meets it: on a screen and a telephone, dark, on paper, with keys alone, without scripts."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from integration.browser.devtools import Browser, Page
from integration.browser.test_report_in_a_browser import BEYOND_THE_EDGE, SEEN_TEXTS, SIDEWAYS, contrast
from made_seen import made_seen
from pypdf import PdfReader

from portopt.document.watch import watch_document
from portopt.reports.watch.page import write_watch_page

ALL_OPEN = 'document.querySelectorAll("details").forEach((fold) => { fold.open = true; })'
BOOKS = 60
CARDS = '[...document.querySelectorAll("#cards > li")].filter((e) => e.checkVisibility()).map((e) => e.dataset.book)'
ROWS = '[...document.querySelectorAll("#rest tbody th")].map((e) => e.textContent)'
# Tables and commands scroll by themselves.
BEYOND = BEYOND_THE_EDGE.replace(
    "(e) => e.checkVisibility()", '(e) => e.checkVisibility() && !e.closest(".scroll, pre, svg")', 1
)
READY = '!document.getElementById("filter").hidden'


@pytest.fixture(scope="module")
def document() -> dict:
    return watch_document(made_seen(BOOKS, series_of=BOOKS))


@pytest.fixture(scope="module")
def url(document: dict, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_watch_page(document, tmp_path_factory.mktemp("page") / "watch.html").as_uri()


def opened(page: Page, url: str) -> Page:
    page.open(url)
    page.wait_for(READY)
    return page


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_no_wider_than_the_screen_asks_for_nothing_and_complains_of_nothing(
    browser: Browser, url: str, width: int
) -> None:
    with browser.page(width) as page:
        opened(page, url).ask(ALL_OPEN)

        assert page.ask(SIDEWAYS) <= 0
        assert page.ask(BEYOND) == []
        assert (page.complaints(), page.requests()) == ([], [url])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(browser: Browser, url: str, scheme: str) -> None:
    with browser.page() as page:
        page.emulate(scheme=scheme)
        opened(page, url)
        texts = page.ask(SEEN_TEXTS)

    assert len(texts) > 500
    assert [t for t in texts if t["size"] < 11] == []
    assert {(t["colour"], t["behind"], t["text"][:30]) for t in texts if contrast(t["colour"], t["behind"]) < 4.5} == set()


def test_a_book_without_a_card_is_found_by_a_part_of_its_name_and_books_by_how_they_stand(
    browser: Browser, url: str, document: dict
) -> None:
    rest = document["books"]["rest"]["portfolio"]
    wanted = rest[-1]
    with browser.page() as page:
        opened(page, url)
        assert wanted not in page.ask(ROWS)
        page.ask('document.getElementById("book").focus()')
        page.call("Input.insertText", text=wanted[-4:].lower())
        assert page.ask(ROWS) == [wanted]
        assert page.ask(CARDS) == []
        assert page.ask('document.getElementById("found").textContent') == f"1 of {BOOKS + 1} books"
        page.ask(
            'document.getElementById("book").value = ""; document.getElementById("status").value = "unknown"; '
            'document.getElementById("status").dispatchEvent(new Event("change"))'
        )
        unknown = page.ask(CARDS) + page.ask(ROWS)
    assert len(unknown) == document["books"]["by_status"]["unknown"]


def test_of_ten_thousand_books_any_is_found(browser: Browser, tmp_path: Path) -> None:
    large = watch_document(made_seen(10_000, series_of=24))
    address = write_watch_page(large, tmp_path / "large.html").as_uri()
    with browser.page(390) as page:
        opened(page, address)
        page.ask('document.getElementById("book").focus()')
        page.call("Input.insertText", text="09998")
        assert page.ask(ROWS) + page.ask(CARDS) == ["P-09998"]
        page.ask('document.getElementById("book").select()')
        page.call("Input.insertText", text="P-0")
        assert len(page.ask(ROWS)) == 100
        assert "the first 100 of" in page.ask('document.getElementById("rest-said").textContent')
        assert page.ask(SIDEWAYS) <= 0


def test_with_keys_alone_every_link_field_fold_and_table_is_reached_and_seen(browser: Browser, url: str) -> None:
    wanted = 'document.querySelectorAll("a[href], input, select, summary, [tabindex=\\"0\\"], button").length'
    where = (
        "(() => { const e = document.activeElement, s = getComputedStyle(e); "
        'return [e.tagName, s.outlineStyle !== "none" || s.textDecorationLine !== "none"]; })()'
    )
    with browser.page() as page:
        opened(page, url)
        page.ask('document.querySelectorAll("#cards > li:nth-child(n + 3)").forEach((e) => e.remove())')
        reached = []
        for _ in range(page.ask(wanted)):
            page.call("Input.dispatchKeyEvent", type="rawKeyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
            page.call("Input.dispatchKeyEvent", type="keyUp", key="Tab", code="Tab", windowsVirtualKeyCode=9)
            if not page.ask(where)[1]:
                time.sleep(0.3)  # a busy machine draws the ring a moment later
            reached.append(page.ask(where))
    assert {tag for tag, _ in reached} >= {"A", "INPUT", "SELECT", "SUMMARY", "DIV", "BUTTON"}
    assert [tag for tag, is_seen in reached if tag != "BODY" and not is_seen] == []


def test_a_link_of_an_alert_opens_its_runbook(browser: Browser, url: str) -> None:
    with browser.page() as page:
        opened(page, url)
        assert page.ask('document.getElementById("runbook-book-drift").open') is False
        page.ask('document.querySelector("a[href=\\"#runbook-book-drift\\"]").click()')
        page.wait_for('document.getElementById("runbook-book-drift").open', 10)


def test_without_scripts_everything_but_the_filter_is_there(browser: Browser, url: str, document: dict) -> None:
    with browser.page(390) as page:
        page.call("Emulation.setScriptExecutionDisabled", value=True)
        page.open(url)
        assert page.ask(CARDS) == [row["portfolio"] for row in document["books"]["shown"]]
        assert page.ask('document.querySelectorAll(".alert").length') == document["alerts"]["total"]
        assert not page.ask('document.getElementById("filter").checkVisibility()')
        assert page.ask(SIDEWAYS) <= 0


def test_on_paper_there_are_the_alerts_and_the_books(browser: Browser, url: str, document: dict) -> None:
    with browser.page() as page:
        page.emulate(scheme="dark")
        opened(page, url)
        paper = PdfReader(io.BytesIO(page.pdf()))
    printed = " ".join(" ".join(sheet.extract_text().split()) for sheet in paper.pages)
    assert len(paper.pages) <= 16
    assert [row["portfolio"] for row in document["books"]["shown"] if row["portfolio"] not in printed] == []
    assert printed.count("BookDrift") >= 9
