"""Sectors and classes beside their limits, scores, the common history, and figures with what they may be off by."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import polars as pl
import pytest
from offline_page import Page

from portopt.document.document import rebalance_document
from portopt.document.figure_words import digits_of, error_sentence, figure_texts, told, what_errors_are
from portopt.domain.moments import Moments
from portopt.domain.universe import CASH, Universe
from portopt.reports.files.exports import write_csv, write_xlsx
from portopt.reports.page import html
from portopt.reports.svg.histories import between, growth_of, spread_apart, thinned

NAMES = ("expected_return", "volatility", "sharpe_ratio", "tracking_error", "information_ratio")


def figure(document, name):
    return next(row for row in document["figures"] if row["name"] == name)


def test_every_figure_that_rests_on_estimates_has_its_error_and_a_count_has_none(document):
    for name in NAMES:
        row = figure(document, name)
        assert all(row[f"{side}_error"] > 0.0 for side in ("before", "after", "change")), name
        assert row["after_within"] == document["errors"]["standard_errors"] * row["after_error"]
        beyond = document["errors"]["clear_beyond"][name] * row["change_error"]
        assert row["is_clear"] == (abs(row["change"]) > beyond)
    for name in ("positions", "cash_weight", "max_drawdown_in_sample"):
        row = figure(document, name)
        assert [row[key] for key in ("before_error", "after_within", "change_error", "is_clear")] == [None] * 4


def test_errors_of_the_document_are_about_those_of_independent_returns(document):
    """Made prices are independent through time: sigma / sqrt(T) of a mean, sigma / sqrt(2T) of a deviation."""
    row, T = figure(document, "volatility"), document["errors"]["periods"]
    years = T / document["inputs"]["periods_per_year"]
    assert figure(document, "expected_return")["after_error"] == pytest.approx(row["after"] / math.sqrt(years), rel=0.25)
    assert row["after_error"] == pytest.approx(row["after"] / math.sqrt(2 * T), rel=0.35)
    assert (document["errors"]["draws"], document["errors"]["periods"]) == (1000, 259)


def test_the_verdict_says_which_changes_are_no_more_than_luck(document):
    said = " ".join(document["verdict"]["sentences"])
    unclear = [row for row in document["figures"] if row["is_clear"] is False and row["change"]]
    assert unclear
    assert "Not distinguishable from none, at 95 %: the change of" in said
    for row in unclear:
        assert figure_texts(row)[2] in said


@pytest.mark.parametrize(
    ("value", "off", "unit", "is_change", "text"),
    [
        (0.0708, 0.0031, "return", False, "7.08 ± 0.31 %"),
        (-0.0012, 0.0011, "return", True, "−0.12 ± 0.11 pp"),
        (0.21, 0.35, "ratio", True, "+0.21 ± 0.35"),
        (0.0005, 0.0011, "ratio", True, "+0.001 ± 0.001"),
        (0.2, 1e-9, "ratio", False, "0.2000 ± 0.0000"),
        (0.2, None, "ratio", False, "0.20"),
        (0.2, 0.0, "volatility", False, "20.00 ± 0.00 %"),
    ],
)
def test_a_figure_and_its_error_have_the_same_digits_and_one_unit(value, off, unit, is_change, text):
    assert told(value, off, unit, is_change=is_change) == text


def test_digits_are_as_many_as_it_takes_to_see_the_error():
    assert [digits_of(off, 1.0) for off in (None, 0.5, 0.005, 0.004, 0.0004, 1e-9)] == [2, 2, 2, 3, 4, 4]


def row(label, change, within, clear):
    return {
        "label": label, "unit": "ratio", "before": 0.4, "after": 0.4 + change, "change": change,
        "before_within": 1.0, "after_within": 1.0, "change_within": within, "is_clear": clear,
    }  # fmt: skip


def test_the_sentence_of_errors_names_what_is_clear_and_what_is_not():
    errors = {"confidence": 0.95, "of": ["a is b", "c is d"]}
    rows = [row("Sharpe ratio", 0.21, 0.35, False), row("Volatility", -0.3, 0.1, True), row("Cash", 0.1, 0.0, None)]
    assert error_sentence(rows, errors) == (
        "Not distinguishable from none, at 95 %: the change of Sharpe ratio (+0.21 ± 0.35). "
        "Beyond the error of its estimate: the change of volatility (−0.30 ± 0.10)."
    )
    assert error_sentence(rows[1:], errors).startswith("Beyond the error of its estimate, at 95 %: the change of volatility")
    assert error_sentence([row("Volatility", 0.0, 0.0, False)], errors) == ""
    assert error_sentence(rows, None) == what_errors_are(None) == ""
    assert what_errors_are(errors) == "± is the error of the estimate at 95 %: a is b; c is d."


def test_without_a_history_the_figures_stand_without_errors_and_the_page_without_a_drawing(make_outcome, outcome):
    moments: Moments = dataclasses.replace(outcome.problem.moments, scenarios=None)
    bare = rebalance_document(make_outcome(problem=outcome.problem.replaced(moments=moments)))
    assert bare["errors"] is None
    assert figure(bare, "volatility")["after_error"] is None
    page = Page(html(bare))
    assert page.errors == []
    assert "Through the history used" not in html(bare)
    assert 'class="off"' not in html(bare)
    assert 'class="of-errors' not in html(bare)


@pytest.mark.parametrize("attribute", ["sector", "asset_class"])
def test_groups_add_up_to_the_weights_of_their_assets_and_cash_stands_last(document, attribute):
    rows = document["groups"][attribute]
    assert rows[-1]["name"] == CASH
    for name, column in (("before", "weight_before"), ("after", "weight_after")):
        for group in rows[:-1]:
            members = [p for p in document["proposal"] if p[attribute] == group["name"] and p["asset_id"] != CASH]
            assert group[name] == pytest.approx(sum(p[column] for p in members), abs=1e-12)
        assert sum(group[name] for group in rows) == pytest.approx(1.0, abs=2e-3)
    after = [group["after"] for group in rows[:-1]]
    assert after == sorted(after, reverse=True)


def test_the_sides_of_a_group_are_those_of_its_limit(document):
    limit = next(limit for limit in document["limits"] if limit["limit"] == "sector_limits")
    sides = {reading["member"]: (reading["lower"], reading["upper"]) for reading in limit["readings"]}
    for group in document["groups"]["sector"][:-1]:
        assert (group["lower"], group["upper"]) == sides[group["name"]]
    assert {group["upper"] for group in document["groups"]["asset_class"]} == {None}


def test_scores_are_averages_over_what_is_scored(make_outcome, outcome):
    assets = [
        dataclasses.replace(a, esg_score=None if i == 0 or a.id == CASH else float(i))
        for i, a in enumerate(outcome.problem.universe.assets)
    ]
    moments = dataclasses.replace(outcome.problem.moments, universe=Universe(tuple(assets)))
    found = rebalance_document(make_outcome(problem=outcome.problem.replaced(moments=moments)))
    esg, quality = found["scores"]
    assert (esg["label"], quality["label"]) == ("ESG score", "Quality score")
    weight = {p["asset_id"]: p["weight_after"] for p in found["proposal"]}
    scored = [(weight[a.id], a.esg_score) for a in assets if a.esg_score is not None]
    share = sum(w for w, _ in scored)
    assert esg["after_scored"] == pytest.approx(share)
    assert esg["after"] == pytest.approx(sum(w * s for w, s in scored) / share)
    text = html(found)
    assert "ESG score" in text
    assert f"{100 * share:.1f} %</data> scored" in text


def test_nothing_is_told_of_scores_that_nobody_gave(make_outcome, outcome):
    assets = tuple(dataclasses.replace(a, quality_score=None) for a in outcome.problem.universe.assets)
    moments = dataclasses.replace(outcome.problem.moments, universe=Universe(assets))
    assert rebalance_document(make_outcome(problem=outcome.problem.replaced(moments=moments)))["scores"] == []


def test_the_page_names_target_and_proposed_apart(document):
    text = html(document)
    assert "Current against target" not in text
    assert "Target is the optimum before it was rounded to whole shares" in text
    head = text[text.index("Positions now and as proposed") :]
    assert head.index(">Now<") < head.index(">Target<") < head.index(">Proposed</th>")


def test_the_history_is_labelled_in_sample_and_drawn_for_both_widths(document):
    text = html(document)
    part = text[text.index("Through the history used") :].partition("</section>")[0]
    assert "<b>In-sample</b>" in part
    assert part.count("<svg") == 2  # wide and narrow
    grown = growth_of(document["inputs"]["in_sample_returns"]["after"])
    assert f"Proposed {100 * grown[-1]:.2f}" in part.replace("−", "-")


def test_growth_is_compounded_and_the_benchmarks_ends_where_its_returns_end(document, outcome):
    r = np.random.default_rng(2).normal(0, 0.01, 50)
    assert growth_of(list(r))[-1] == pytest.approx(np.prod(1 + r) - 1)
    told = document["inputs"]["in_sample_returns"]["benchmark_growth"]
    returns = outcome.problem.moments.scenarios @ outcome.problem.benchmark
    assert told[-1] == pytest.approx(np.prod(1 + returns) - 1)
    drawn = between(told, len(returns))
    assert (len(drawn), drawn[0], drawn[-1]) == (len(returns) + 1, 0.0, told[-1])


def test_a_thinned_line_keeps_its_ends_its_peak_and_its_trough():
    values = np.random.default_rng(4).normal(size=5000).cumsum().tolist()
    kept = thinned(values)
    assert len(kept) <= 262
    assert {0, 4999, int(np.argmin(values)), int(np.argmax(values))} <= set(kept)


@pytest.mark.parametrize("at", [[5.0, 5.0, 5.0], [1.0, 2.0, 30.0, 31.0], [9.0, 1.0]])
def test_labels_stand_apart_in_their_order(at):
    moved = spread_apart(at, 4.0)
    order = sorted(range(len(at)), key=lambda i: at[i])
    heights = [moved[i] for i in order]
    assert all(b - a >= 4.0 - 1e-12 for a, b in itertools.pairwise(heights))
    assert sum(moved) == pytest.approx(sum(at))


def test_whole_shares_are_written_without_a_point_in_both_kinds_of_table(document, tmp_path):
    lines = write_csv(document, tmp_path / "trades.csv").read_text().splitlines()
    at = lines[0].split(",").index("shares")
    told_shares = [line.split(",")[at] for line in lines[1:]]
    assert told_shares == [str(int(trade["shares"])) for trade in document["trades"]]
    formats = _formats(write_xlsx(document, tmp_path / "trades.xlsx"), "xl/worksheets/sheet1.xml", "F")
    assert set(formats) == {"#,##0"}
    assert not any(pattern.endswith((".", "#")) and ".#" in pattern for pattern in formats)


def test_fractions_of_a_share_keep_theirs(make_outcome, document, tmp_path):
    trades = [{**trade, "shares": trade["shares"] + 0.25} for trade in document["trades"]]
    fractional = {**document, "trades": trades, "rounding": {**document["rounding"], "fractional": True}}
    lines = write_csv(fractional, tmp_path / "trades.csv").read_text().splitlines()
    assert lines[1].split(",")[lines[0].split(",").index("shares")].endswith(".25")
    assert set(_formats(write_xlsx(fractional, tmp_path / "t.xlsx"), "xl/worksheets/sheet1.xml", "F")) == {"#,##0.00####"}


def test_no_two_rows_of_the_figures_sheet_have_one_name(document, tmp_path):
    path = write_xlsx(document, tmp_path / "trades.xlsx")
    figures = pl.read_excel(path, sheet_name="Figures")
    assert figures["Figure"].is_unique().all()
    assert figures["± change, 95 %"].drop_nulls().to_list() == pytest.approx(
        [f["change_within"] for f in document["figures"] if f["change_within"] is not None]
    )
    groups = pl.read_excel(path, sheet_name="Groups")
    assert groups.filter(pl.col("By") == "sector")["Proposed"].to_list() == pytest.approx(
        [group["after"] for group in document["groups"]["sector"]]
    )
    about = pl.read_excel(path, sheet_name="About")
    assert str(about.filter(pl.col("About") == "As of")["Day"][0])[:10] == document["as_of"]


def _formats(path, sheet, column):
    """The number formats of the cells of a column, its heading aside."""
    import re
    import zipfile

    with zipfile.ZipFile(path) as book:
        styles, cells = book.read("xl/styles.xml").decode(), book.read(sheet).decode()
    patterns = {int(i): code for i, code in re.findall(r'numFmtId="(\d+)" formatCode="([^"]*)"', styles)}
    formats = re.findall(r'<xf numFmtId="(\d+)"', styles.partition("<cellXfs")[2])
    used = [int(style) for row, style in re.findall(rf'<c r="{column}(\d+)" s="(\d+)"', cells) if row != "1"]
    return [patterns[int(formats[style])] for style in used]
