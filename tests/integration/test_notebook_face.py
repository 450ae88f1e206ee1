"""`import portopt` in a notebook: frames in, values with a rich display out."""

from __future__ import annotations

import html.parser
import math
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import portopt
from portopt.domain.errors import InfeasibleRequest, InvalidValue, UnknownField

ASSETS = ("AAPL", "JNJ", "KO", "XOM")


@pytest.fixture
def wide() -> pd.DataFrame:
    """(300, 4) prices by date, an index of dates."""
    rng = np.random.default_rng(5)
    returns = rng.normal(0.0005, 0.01, (300, 4)) + rng.normal(0, 0.005, (300, 1))
    dates = pd.bdate_range("2024-01-01", periods=300)
    return pd.DataFrame(100 * np.exp(np.cumsum(returns, axis=0)), index=dates, columns=list(ASSETS))


def long(wide: pd.DataFrame) -> pl.DataFrame:
    parts = [pl.DataFrame({"asset_id": a, "date": wide.index.to_numpy(), "close": wide[a].to_numpy()}) for a in ASSETS]
    return pl.concat(parts).with_columns(pl.col("date").cast(pl.Date))


BOOK = {"AAPL": 300, "JNJ": 500, "KO": 200, "XOM": 100, "CASH": 5_000.0}
LOOSE = {"min_quality": None, "sector_limits": None, "max_tracking_error": None, "max_weight": 0.4, "max_turnover": 0.4}


class Balanced(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("br", "meta", "link", "img", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_pandas_and_polars_prices_give_the_same_proposal(wide: pd.DataFrame, tmp_path: Path) -> None:
    by_pandas = portopt.rebalance(BOOK, wide, "quality_focused", limits=LOOSE, home=tmp_path)
    by_polars = portopt.rebalance(BOOK, long(wide), "quality_focused", limits=LOOSE, home=tmp_path)

    assert by_pandas.run_id == by_polars.run_id
    assert by_pandas.trades.equals(by_polars.trades)
    assert by_pandas.positions["weight_after"].sum() == pytest.approx(1.0, abs=1e-9)
    assert by_pandas.report is not None
    assert by_pandas.report.exists()
    Balanced().feed(by_pandas._repr_html_())
    assert by_pandas.run_id in by_pandas._repr_html_()


def test_returns_from_pandas_polars_and_a_dict_give_the_same_weights(wide: pd.DataFrame) -> None:
    returns = wide.pct_change().dropna()
    as_dict = {a: returns[a].to_list() for a in ASSETS}
    as_polars = pl.DataFrame(as_dict)

    answers = [portopt.optimize(r, "min_risk", limits={"max_weight": 0.4}).weights for r in (returns, as_polars, as_dict)]

    assert answers[0] == answers[1] == answers[2]
    assert math.fsum(answers[0].values()) == 1.0


def test_given_moments_give_the_closed_form_of_least_variance() -> None:
    variances = np.array([0.04, 0.09, 0.16])
    allocation = portopt.optimize(
        objective="min_risk", expected_returns={"A": 0.05, "B": 0.06, "C": 0.07}, covariance=np.diag(variances)
    )

    expected = (1 / variances) / (1 / variances).sum()
    assert list(allocation.weights.values()) == pytest.approx(expected, abs=1e-12)
    assert allocation.volatility == pytest.approx(float(np.sqrt(1 / (1 / variances).sum())), abs=1e-12)
    assert "certified" in repr(allocation)
    Balanced().feed(allocation._repr_html_())


def test_a_limit_nobody_knows_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownField, match="did you mean 'max_weight'") as refusal:
        portopt.optimize(expected_returns={"A": 0.05}, covariance=np.eye(1), limits={"max_wieght": 0.5})
    assert refusal.value.exit_code == 2


def test_what_cannot_hold_raises_with_its_conflict_and_a_fix_that_was_tried() -> None:
    with pytest.raises(InfeasibleRequest) as refusal:
        portopt.optimize(
            objective="min_risk",
            expected_returns={"A": 0.05, "B": 0.06},
            covariance=np.eye(2) * 0.04,
            limits={"max_weight": 0.3},
        )
    assert refusal.value.measured["conflicts"][0]["limits"] == ["max_weight"]
    assert refusal.value.fixes


def test_something_that_is_no_frame_is_named() -> None:
    with pytest.raises(InvalidValue, match="Polars or pandas"):
        portopt.rebalance(BOOK, 17, "quality_focused")


def test_a_question_is_asked_once_and_answered_in_many_ways() -> None:
    rng = np.random.default_rng(3)
    returns = {a: rng.normal(0.0005 * (k + 1), 0.01 * (k + 1), 300) for k, a in enumerate("ABCD")}
    assets = {a: {"esg_score": 9.0 - 2 * k} for k, a in enumerate("ABCD")}
    question = portopt.ask(returns, {"kind": "utility", "risk_aversion": 3.0}, assets=assets)
    found = portopt.frontier(question, points=6)
    risks = [p["risk"] for p in found["efficient_frontier"]]
    assert risks == sorted(risks)
    drawing = found._repr_svg_()
    assert drawing is not None
    assert drawing.startswith("<svg")
    surface = portopt.pareto(question, ("return", "risk", "esg"), points=9)
    assert surface["axes"] == ["risk", "return", "esg"]
    slopes = portopt.sensitivity(question)["to_risk_aversion"]["weights"]
    assert abs(sum(slopes.values())) < 1e-9
    plan = portopt.ask(returns, {"kind": "multi_period", "risk_aversion": 3.0, "periods": 2, "years": 0.5})
    weights = portopt.periods(plan)["periods"][0]["weights"]
    assert weights == pytest.approx(portopt.optimize(returns, {"kind": "utility", "risk_aversion": 3.0}).weights, abs=1e-8)


def test_views_move_the_answer_the_way_they_lean() -> None:
    rng = np.random.default_rng(4)
    returns = {a: rng.normal(0.0004, 0.01, 400) for a in "ABC"}
    views = {"method": "black_litterman", "views": [{"assets": {"A": 1}, "return": 0.5, "confidence": 0.9}]}
    with_views = portopt.optimize(returns, "max_sharpe", views=views).weights
    without = portopt.optimize(returns, "max_sharpe", views={"method": "black_litterman", "views": []}).weights
    assert with_views["A"] > without["A"] + 0.1
