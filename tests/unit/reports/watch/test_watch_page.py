"""The page of the watch: one file, nothing asked of the network, every figure its document's own, whatever the names."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace

import pytest
from made_seen import made_seen
from offline_page import HOSTILE, Page, hostile, leaves

from portopt.document.watch import watch_document
from portopt.domain.folding import unfolded
from portopt.reports.watch.page import carried_of, html, write_watch_page

MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def document() -> dict:
    return watch_document(made_seen(40, series_of=40))


@pytest.fixture(scope="module")
def text(document: dict) -> str:
    return html(document)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_the_page_is_well_formed_and_its_ids_are_unique(page: Page) -> None:
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert (page.errors, page.open) == ([], [])
    assert [name for name, times in Counter(ids).items() if times > 1] == []


def test_nothing_is_asked_of_the_network(text: str, page: Page) -> None:
    urls = [value for _, name, value in page.attributes if name in ("src", "href", "srcset", "action", "poster", "xlink:href")]
    assert {url for url in urls if not str(url).startswith("#")} == {"data:,"}
    assert re.findall(r"https?://|@import|url\(", text) == []
    assert page.tags["iframe"] == page.tags["object"] == page.tags["base"] == page.tags["form"] == page.tags["img"] == 0


def test_only_our_own_script_may_run(page: Page) -> None:
    policy = next(str(v) for tag, name, v in page.attributes if tag == "meta" and name == "content" and "default-src" in str(v))
    code = next(told for given, told in page.scripts if not given)
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_every_link_leads_to_a_part_of_this_page(page: Page) -> None:
    ids = {value for _, name, value in page.attributes if name == "id"}
    links = {str(value)[1:] for tag, name, value in page.attributes if tag == "a" and name == "href"}
    assert {link for link in links if link != "runbook-events-parked"} <= ids
    assert "runbook-book-drift" in links


def test_the_document_is_inside_the_page(page: Page, document: dict) -> None:
    assert page.carried == document


def test_every_figure_of_the_page_stands_in_the_document(page: Page, document: dict) -> None:
    known = leaves(document)
    shown = [value for part in page.every for value, _ in part.exact]
    assert len(shown) > 400
    assert sorted({value for value in shown if value not in known}) == []


def test_what_is_unknown_says_so_and_never_shows_a_number(page: Page, document: dict, text: str) -> None:
    unmeasured = {"book_drift", "book_volatility"}
    without = [{f["name"] for f in row["figures"] if f["value"] is None} for row in document["books"]["shown"]]
    unknown = [row for row, none in zip(document["books"]["shown"], without, strict=True) if unmeasured <= none]
    assert len(unknown) > 2
    for row in unknown:
        card = re.search(rf'<li class="book" data-book="{row["portfolio"]}".*?</li>', text, re.DOTALL)[0]
        assert card.count('<span class="unknown">unknown</span>') >= 4
        assert "Unknown: no price of XOM since" in card
        assert "chip ok" not in card


def test_who_looks_after_an_alert_and_until_when_it_is_silent_is_told(text: str) -> None:
    assert "Looked after by desk@example.org" in text
    assert "the broker is being mended" in text
    assert "a corporate action is being booked" in text
    assert "Nobody looks after it yet" in text


def test_a_watch_that_is_late_says_so_first_and_shows_no_sign_of_being_well() -> None:
    late = html(watch_document(replace(made_seen(2, alerts=False), evaluated_at=None)))
    assert "<h1>Nothing was ever evaluated</h1>" in late
    assert "Nothing fires" not in late


def test_an_empty_installation_says_that_nothing_is_measured() -> None:
    empty = made_seen(1, alerts=False)
    empty = replace(empty, figures=(), series=(), books=(), runbooks={})
    said = html(watch_document(empty))
    assert "<h1>Nothing is measured yet</h1>" in said
    assert "this says nothing" in said
    assert "Not all is known" in said


def test_whatever_was_named_is_shown_and_never_obeyed(document: dict) -> None:
    kept = {"state", "status", "severity", "unit", "at", "since", "evaluated_at", "newest", "ends", "starts", "name", "level",
            "fired_at", "seen_at", "resolved_at", "blind_since", "good_since", "acknowledged_at"}  # fmt: skip

    def poisoned(value: object, key: str = "") -> object:
        if isinstance(value, dict):
            return {name: poisoned(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [poisoned(item, key) for item in value]
        return value if not isinstance(value, str) or key in kept else hostile(value)

    made = Page(html(poisoned(document)))  # type: ignore[arg-type]
    assert made.errors == []
    assert made.tags["img"] == 0
    assert len([given for given, _ in made.scripts if not given]) == 1
    assert HOSTILE in str(made.carried)


def test_ten_thousand_books_fit_into_the_page_with_every_one_of_them_in_its_data(tmp_path) -> None:
    document = watch_document(made_seen(10_000, series_of=24))
    path = write_watch_page(document, tmp_path / "watch.html")
    made = Page(path.read_text(encoding="utf-8"))
    assert path.stat().st_size < MOST_BYTES
    assert made.carried == document
    assert len(document["books"]["rest"]["portfolio"]) + len(document["books"]["shown"]) == 10_001


def test_what_does_not_fit_is_left_out_and_told(document: dict) -> None:
    """Of books without a card the figures that nobody draws; a bound that is smaller stands for more figures."""
    large = watch_document(made_seen(2_000, series_of=4), books=4)
    letters, is_folded, left_out = carried_of(large, most=10_000)
    carried = json.loads(unfolded(letters))
    assert is_folded
    assert "portopt watch --json" in left_out
    assert carried["books"]["rest"]["portfolio"] == large["books"]["rest"]["portfolio"]
    assert set(carried["books"]["rest"]["figures"]) == {
        "book_drift", "book_tracking_error", "book_volatility", "book_violation",
    }  # fmt: skip
    assert carried_of(document)[2] == ""
