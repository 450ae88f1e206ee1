"""The page: one file, nothing asked of the network, nothing that was named gets to run, every number its own."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re

import pytest
from offline_page import HOSTILE, Page, leaves

from portopt.document.document import rebalance_document
from portopt.domain.canonical import canonical_json, canonical_text
from portopt.domain.folding import folded, unfolded
from portopt.reports.page import harmless, html, write_report


@pytest.fixture(scope="module")
def text(document) -> str:
    return html(document)


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


def test_the_page_is_well_formed(page):
    assert page.errors == []
    assert page.open == []


def test_ids_are_unique(page):
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_every_number_in_a_table_stands_in_the_embedded_json(page):
    known = leaves(json.loads(page.texts["data"]))
    assert len(page.exact) > 200
    assert [value for value, _ in page.exact if value not in known] == []


def test_no_numeric_cell_holds_a_number_without_its_exact_value(page):
    assert [text for text in page.loose if re.search(r"\d", text)] == []


def test_what_is_shown_is_the_exact_value_rounded(page):
    for value, text in page.exact:
        shown = text.replace(",", "").replace("−", "-").replace("+", "")
        found = re.search(r"-?\d+(\.\d+)?(e-?\d+)?", re.sub(r"[^\d.e%\- a-z]", "", shown))
        number = float(found.group())
        digits = len((found.group(1) or ".")[1:])
        exact = float(value)
        scale = 1e4 if "bps a year" in shown else 100 if re.search(r"%|pp|percentage", shown) else 1
        room = 0.06 * abs(number) if found.group(2) else 0.5000001 * 10.0**-digits
        assert abs(number - scale * exact) <= room, (value, text)


def test_the_embedded_json_is_the_document(page, document):
    assert json.loads(page.texts["data"]) == document


def test_nothing_is_asked_of_the_network(text, page):
    urls = [value for _, name, value in page.attributes if name in ("src", "href", "srcset", "action", "poster", "xlink:href")]
    assert set(urls) <= {"data:,", "#data"}
    assert not re.search(r"https?://|@import|url\(", text)
    assert page.tags["iframe"] == page.tags["object"] == page.tags["base"] == page.tags["form"] == 0


def test_only_our_own_script_may_run(page):
    policy = next(v for tag, name, v in page.attributes if tag == "meta" and name == "content" and "default-src" in v)
    digest = base64.b64encode(hashlib.sha256(page.texts["code"].encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert page.tags["script"] == 2


def hostile(outcome):
    """The same rebalance with every name a user or a source may choose made hostile."""
    assets = tuple(
        dataclasses.replace(a, name=HOSTILE, sector=f"{HOSTILE} {a.sector}") for a in outcome.request.universe.assets
    )
    universe = dataclasses.replace(outcome.problem.universe, assets=assets)
    problem = outcome.problem.replaced(moments=dataclasses.replace(outcome.problem.moments, universe=universe))
    trades = tuple(dataclasses.replace(trade, reason=HOSTILE) for trade in outcome.plan.trades)
    findings = tuple(dataclasses.replace(finding, detail=HOSTILE) for finding in outcome.snapshot.findings)
    policy = dataclasses.replace(outcome.request.policy, id=HOSTILE, name=HOSTILE, description=HOSTILE)
    return dataclasses.replace(
        outcome,
        problem=problem,
        run_id=HOSTILE,
        plan=dataclasses.replace(outcome.plan, portfolio_id=HOSTILE, trades=trades, currency=HOSTILE),
        snapshot=dataclasses.replace(outcome.snapshot, source=HOSTILE, findings=findings),
        request=dataclasses.replace(outcome.request, policy=policy),
    )


def test_hostile_names_are_shown_and_never_run(outcome):
    document = rebalance_document(hostile(outcome))

    page = Page(html(document))

    assert page.errors == []
    assert page.tags["script"] == 2
    assert page.tags["img"] == 0
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert json.loads(page.texts["data"])["portfolio_id"] == HOSTILE


def test_the_embedded_json_cannot_end_its_element_early():
    text = harmless(canonical_text({"name": "</script><!-- \u2028 & >"}))
    assert not re.search("[<>&\u2028]", text)
    assert json.loads(text) == {"name": "</script><!-- \u2028 & >"}


def test_the_same_document_gives_the_same_bytes_whatever_the_order_of_its_keys(document, text):
    stored = json.loads(json.dumps(document, sort_keys=True))
    assert html(stored) == text


def test_a_common_report_is_small(text):
    assert len(text.encode()) < 300_000


@pytest.mark.parametrize(("assets", "most"), [(199, 1_200_000), (600, 600_000)])
def test_a_report_of_hundreds_of_assets_stays_small(make_outcome, assets, most):
    """199: the last size that carries its covariance whole."""
    document = rebalance_document(make_outcome(assets, {"max_weight": 0.05, "max_turnover": 0.4}))
    text = html(document)
    assert len(text.encode()) < most
    assert len(folded(canonical_json(document).decode())) < most
    assert Page(text).errors == []


def test_a_book_without_benchmark_frontier_findings_or_trades_still_makes_a_page(make_outcome, outcome):
    plan = outcome.plan
    unknown = {"tracking_error": None, "max_drawdown_in_sample": None, "sharpe_ratio": None}
    bare = make_outcome(
        frontier=None,
        findings=(),
        plan=dataclasses.replace(
            plan,
            trades=(),
            before=dataclasses.replace(plan.before, **unknown),
            after=dataclasses.replace(plan.after, **unknown),
        ),
        explanation=dataclasses.replace(outcome.explanation, prices=(), contributions=()),
    )

    page = Page(html(rebalance_document(bare)))

    assert page.errors == []
    assert page.tags["svg"] == 3  # the badge's tick, and the history for a wide page and for a narrow one


def test_what_gave_way_is_on_the_page(make_outcome, relaxed):
    text = html(rebalance_document(make_outcome(**relaxed)))
    assert "What gave way" in text
    assert "1 limit gave way" in text


def test_a_report_is_written_whole(document, text, tmp_path):
    path = write_report(document, tmp_path / "reports" / "one.html")
    assert path.read_text(encoding="utf-8") == text
    assert [p.name for p in path.parent.iterdir()] == ["one.html"]


def unfolded_parts(page: Page) -> list[Page]:
    """The tables that the page keeps compressed, opened as its script opens them."""
    return [Page(unfolded(letters)) for letters in page.folds]


@pytest.fixture
def large(make_outcome, monkeypatch) -> dict:
    """A book whose lists are long by the standards of a page that shows three rows of each."""
    for name in ("TRADES_SHOWN", "POSITIONS_SHOWN", "CONTRIBUTIONS_SHOWN", "LONG"):
        monkeypatch.setattr(f"portopt.reports.view.{name}", 3)
    monkeypatch.setattr("portopt.reports.page.LEGIBLE", 1_000)
    return rebalance_document(make_outcome(40, {"max_weight": 0.1, "max_turnover": 0.3}))


def test_the_data_of_a_large_book_are_folded_and_whole(large):
    page = Page(html(large))

    assert page.errors == []
    assert json.loads(unfolded(page.texts["data"])) == large


def test_every_row_beyond_the_first_is_folded_and_none_is_lost(large):
    page = Page(html(large))
    parts = unfolded_parts(page)

    assert all(part.errors == [] and part.open == [] for part in parts)
    numbers = [value for each in (page, *parts) for value, _ in each.exact]
    for trade in large["trades"]:
        assert str(trade["value"]) in numbers
    held = [row for row in large["proposal"] if row["weight_after"] > 1e-4]
    assert len(held) > 10
    for row in held:
        assert json.dumps(row["weight_after"]) in numbers
    assert set(numbers) - set(leaves(large)) == set()


def test_the_page_of_a_large_book_shows_its_first_rows_without_any_script(large):
    text = re.sub(r"<script.*?</script>", "", html(large), flags=re.DOTALL)

    page = Page(text)
    first = [trade["asset_id"] for trade in large["trades"][:3]]
    assert page.errors == []
    assert [asset for asset in first if f"<b>{asset}</b>" not in text] == []
    assert large["verdict"]["title"].split(":")[0] in text
    assert text.count("<noscript>") >= 3
