"""The page, the tables and the notebook's cell of what the product itself makes: backtest, walk-forward, comparison."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from made_backtests import made_dates, made_prices
from offline_page import Page, hostile

from portopt.document.backtest import backtest_document
from portopt.document.walk_forward import comparison_document, walk_document
from portopt.domain.backtest import BacktestRequest, Execution
from portopt.domain.canonical import plain
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import EstimationChoice, Policy
from portopt.domain.universe import Universe
from portopt.domain.walk import WalkForward
from portopt.questions.backtest import backtest as run
from portopt.questions.through_time.backtest import Backtest, data_of
from portopt.questions.walk_forward import walk_forward
from portopt.reports.through_time.display import backtest_plot, backtest_summary, comparison_plot, comparison_summary
from portopt.reports.through_time.files.writing import write_backtest_files
from portopt.reports.through_time.page import html
from portopt.simulation.comparison import compared
from portopt.simulation.history import History

IDS = tuple(f"A{k}" for k in range(4))
SESSIONS = 420


def question(**changes: Any) -> Backtest:
    """Four assets, a little over a year and a half, the least variance every six weeks, at eight basis points of spread."""
    dates = np.array(made_dates(SESSIONS), dtype="datetime64[D]")
    snapshot = MarketSnapshot(
        "pack-" + "4e" * 10,
        dates[-1].astype(object),
        IDS,
        dates,
        made_prices(4, SESSIONS),
        None,
        "a made market",
        "adjusted",
        (),
    )
    policy = Policy(
        "calm", "Calm", {"kind": "min_risk"}, {"long_only": True, "max_weight": 0.4, "cash": {"max": 0.02}}, {}, 0.01,
        estimation=EstimationChoice(lookback=80, min_observations=60),
    )  # fmt: skip
    request = BacktestRequest(
        policy, Universe.of(IDS), Decimal("250000.00"), ({"every": 30},), execution=Execution(spread_bps=8.0),
        benchmark=dict.fromkeys(IDS, 0.25), prove=True, **changes,
    )  # fmt: skip
    return Backtest(request, History.of(snapshot))


@cache
def documents() -> dict[str, dict[str, Any]]:
    asked = question()
    walked = walk_forward(
        asked, WalkForward(train=120, test=60, purge=2, vary={"limits.max_weight": (0.3, 0.5)}, groups=4, tested=2, starts=2)
    )
    sides = compared({"calm": asked.request}, asked.history, draws=100)
    about = {
        "data": plain(data_of(asked.history)), "currency": "USD", "capital": "250000.00", "rebalance": [{"every": 30}],
        "execution": {"calm": plain(asked.request.execution)}, "policies": {"calm": plain(asked.request.policy)},
    }  # fmt: skip
    return {
        "backtest": backtest_document(run(asked), "bt-20210101-" + "0" * 20),
        "walk_forward": walk_document(walked, "walk-20210101-" + "0" * 20),
        "comparison": comparison_document(sides, about, "cmp-20210101-" + "0" * 20, 0.01),
    }


@pytest.mark.parametrize("kind", ["backtest", "walk_forward", "comparison"])
def test_what_the_product_makes_has_a_page_that_carries_it(kind):
    document = json.loads(json.dumps(documents()[kind]))
    page = Page(html(document))

    assert page.errors == []
    assert page.carried == document
    assert "None" not in page.headings[0]
    shown = {value for part in page.every for value, _ in part.exact}
    for summary in page.carried.get("summary", {}).values():
        assert summary is None or json.dumps(summary["annual_return"]) in shown


def test_the_page_of_a_walk_forward_judges_first():
    document = documents()["walk_forward"]
    text = html(document)
    word = "Promoted" if document["gate"]["promoted"] else "Rejected"
    assert f"<h1>{word}: " in text
    for title in (
        "Gate",
        "Windows",
        "What was tried",
        "Cross-validated paths",
        "Forecast ranges",
        "Confidence bands",
        "Other starts",
    ):
        assert f"<h2>{title}</h2>" in text, title
    for window in document["windows"]:
        assert f'{window["test"]["first"]}</span> to <span class="whole">{window["test"]["last"]}' in text


def test_the_page_of_a_comparison_shows_every_strategy_and_every_paired_test():
    document = documents()["comparison"]
    text = html(document)
    for name in ("calm", "Equal weights", "Least variance", "Benchmark", "Doing nothing"):
        assert f'<th scope="col" class="n">{name}</th>' in text
    for pair in document["pairs"]:
        assert f'<data value="{json.dumps(pair["net"]["sharpe_difference"])}">' in text


@pytest.mark.parametrize("kind", ["walk_forward", "comparison"])
def test_hostile_names_are_shown_and_never_run(kind):
    document = json.loads(json.dumps(documents()[kind]))
    bad = hostile({**document, "days": None})
    bad["days"] = document.get("days")
    pages = Page(html(bad)).every
    assert [(part.errors, part.tags["img"]) for part in pages] == [([], 0)] * len(pages)
    assert not [name for part in pages for _, name, _ in part.attributes if name.startswith("on")]


def test_a_walk_of_which_everything_failed_has_a_page_that_says_so():
    walk = documents()["walk_forward"]
    problem = {"title": "Prices cannot be used", "detail": "A1 has none"}
    failed = {"status": "failed", "problem": problem, "total_return": 0.0, "sharpe": None, "training_sharpe": None}
    variants = [{**row, "figures": None, "problem": problem} for row in walk["trials"]["variants"]]
    nothing = {"gate": None, "overfitting": None, "bands": {}, "forecasts": None, "paths": None, "starts": []}
    windows = [{**row, **failed} for row in walk["windows"]]
    text = html({**walk, **nothing, "windows": windows, "trials": {**walk["trials"], "variants": variants}})
    assert Page(text).errors == []
    assert f"{len(windows)} windows failed; the book stayed" in text
    assert "Prices cannot be used: A1 has none" in text


def test_the_tables_of_the_products_own_backtest_read_back(tmp_path):
    document = documents()["backtest"]
    write_backtest_files(document, tmp_path)
    trades = pl.read_parquet(tmp_path / "trades.parquet")
    paid = trades.select(pl.sum_horizontal("commission", "spread", "impact").sum()).item()
    assert paid == pytest.approx(document["costs"]["total"], abs=1e-6)
    assert trades["date"].min() > date.fromisoformat(document["days"]["date"][0])
    assert pl.read_csv(tmp_path / "days.csv")["net"].to_list() == document["days"]["net"]


def test_the_tables_of_a_walk_forward_and_of_a_comparison_read_back(tmp_path):
    walk, sides = documents()["walk_forward"], documents()["comparison"]
    write_backtest_files(walk, tmp_path / "walk")
    write_backtest_files(sides, tmp_path / "sides")

    windows = pl.read_parquet(tmp_path / "walk" / "windows.parquet")
    paths = pl.read_parquet(tmp_path / "walk" / "paths.parquet")
    pairs = pl.read_excel(tmp_path / "sides" / "comparison.xlsx", sheet_name="Pairs")
    assert windows["test_first"].to_list() == [date.fromisoformat(row["test"]["first"]) for row in walk["windows"]]
    assert windows["total_return"].to_list() == [row["total_return"] for row in walk["windows"]]
    assert paths.height == sum(map(len, walk["paths"]["growth"]))
    assert pairs.height == 2 * len(sides["pairs"])
    assert json.loads((tmp_path / "sides" / "comparison.json").read_text()) == sides
    assert (tmp_path / "walk" / "report.html").read_text() == html(walk)


def test_a_notebook_shows_the_strategies_side_by_side():
    cell, drawing = comparison_summary(documents()["comparison"]), comparison_plot(documents()["comparison"])
    assert "has the best Sharpe ratio after costs" in cell
    assert cell.count("<th ") == len(documents()["comparison"]["strategies"])
    assert drawing.count('class="series') == len(documents()["comparison"]["strategies"])


def test_a_notebook_shows_the_verdict_the_drawing_and_the_figures():
    document = documents()["backtest"]
    cell, drawing = backtest_summary(document), backtest_plot(document)
    assert cell.count("<svg") == 1
    assert "a year after costs" in cell
    assert "Sharpe ratio" in cell
    assert drawing.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "var(--net)" in drawing
