"""DeMiguel, Garlappi and Uppal's comparison on a file in the data library's layout: our walk against a loop of ten lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_histories import request

from portopt.adapters.providers.factor_files import read_factor_file
from portopt.domain.errors import DataError
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.request import DataPolicy, EstimationChoice, Policy, TradingRules
from portopt.simulation.deciders import decider_of
from portopt.simulation.published import held_to_the_next, published_history
from portopt.simulation.simulate import simulate

MONTHS, WINDOW, AVERSION = 100, 60, 20.0
NAMES = ("NoDur", "Durbl", "Manuf", "Enrgy", "HiTec", "Telcm", "Shops", "Hlth", "Utils", "Other")


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """(T, 10) percent a month of ten portfolios, and (T,) of bills, as they are written: two decimals."""
    rng = np.random.default_rng(1989)
    market = 0.9 + 3.5 * rng.standard_normal((MONTHS, 1))
    R = market * rng.uniform(0.7, 1.2, 10) + 3.0 * rng.standard_normal((MONTHS, 10))
    return np.round(R, 2), np.round(rng.uniform(0.1, 0.4, MONTHS), 2)


def written(folder: Path) -> tuple[Path, Path]:
    """The portfolios' file, of several tables, and the factors' with the bills."""
    R, bills = drawn()
    months = [f"{1963 + (6 + k) // 12}{(6 + k) % 12 + 1:02d}" for k in range(MONTHS)]
    rows = [f"{m}," + ",".join(f"{x:8.2f}" for x in r) for m, r in zip(months, R, strict=True)]
    equal = [f"{m}," + ",".join(f"{-x:8.2f}" for x in r) for m, r in zip(months, R, strict=True)]
    head = "," + ",".join(NAMES)
    text = [
        "This file was created using the 202412 CRSP database.",
        "",
        "  Average Value Weighted Returns -- Monthly",
        head,
        *rows,
    ]
    text += ["", "  Average Equal Weighted Returns -- Monthly", head, *equal, "", "Copyright"]
    portfolios, factors = folder / "10_Industry_Portfolios.csv", folder / "F-F_Research_Data_Factors.csv"
    portfolios.write_text("\n".join(text) + "\n")
    three = [f"{m},    0.10,    0.20,    0.30,{b:8.2f}" for m, b in zip(months, bills, strict=True)]
    factors.write_text("\n".join(["Three factors", "", ",Mkt-RF,SMB,HML,RF", *three]) + "\n")
    return portfolios, factors


def sharpe(r: np.ndarray) -> float:
    return float(r.mean() / r.std(ddof=1))


def by_hand(kind: str) -> float:
    """The ratio of a month outside the window, in excess of bills: equal weights, the least variance, and mean-variance.

    a = S^-1 1 / (1' S^-1 1),    w = a + S^-1 (m - (a' m) 1) / gamma
    """
    R, bills = drawn()
    X, out = (R - bills[:, None]) / 100.0, []
    for t in range(WINDOW, MONTHS):
        past = X[t - WINDOW : t]
        m, S = past.mean(axis=0), np.cov(past.T)
        w = a = np.linalg.solve(S, np.ones(10)) / np.linalg.solve(S, np.ones(10)).sum()
        if kind == "utility":
            w = a + np.linalg.solve(S, m - a @ m) / AVERSION
        if kind == "equal":
            w = np.full(10, 0.1)
        out.append(X[t] @ w)
    return sharpe(np.array(out))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    portfolios, factors = written(tmp_path_factory.mktemp("published"))
    bills = read_factor_file(factors).risk_free
    assert bills is not None
    return published_history(read_factor_file(portfolios), bills)


GOALS = {"min_risk": {"kind": "min_risk"}, "utility": {"kind": "utility", "risk_aversion": AVERSION}}


@pytest.mark.parametrize("kind", list(GOALS))
def test_the_ratio_outside_the_window_is_that_of_a_loop_over_closed_forms(history, kind: str) -> None:  # type: ignore[no-untyped-def]
    estimation = EstimationChoice(lookback=WINDOW, min_observations=WINDOW, covariance="sample")
    limits = {"long_only": False, "cash": {"min": 0.0, "max": 1e-8}}
    trading = TradingRules(min_trade_value=0.0)
    policy = Policy(
        kind,
        kind,
        GOALS[kind],
        limits,
        risk_free_rate=0.0,
        estimation=estimation,
        data=DataPolicy(stale="accept"),
        trading=trading,
    )
    asked = request(history, policy=policy, capital=10**9, rebalance=["daily"], fractional=True, delay=0)
    run = simulate(asked, history, decider_of(asked, "live"))
    assert [one.problem for one in run.decisions if one.status == "failed"] == []
    earned = held_to_the_next(run, history)
    assert len(earned) == MONTHS - WINDOW
    assert sharpe(earned) == pytest.approx(by_hand(kind), abs=1e-9)
    # The ledger trades it in millionths of a unit and cents, and comes to the same.
    of_the_ledger = run.equity[1:] / run.equity[:-1] - 1.0
    np.testing.assert_allclose(of_the_ledger[-len(earned) :], earned, atol=1e-8)


def test_one_part_in_n_is_the_mean_of_the_portfolios(history) -> None:  # type: ignore[no-untyped-def]
    X = history.prices[1:] / history.prices[:-1] - 1.0
    assert sharpe(X[WINDOW:].mean(axis=1)) == pytest.approx(by_hand("equal"), abs=1e-9)
    assert history.ids == NAMES
    assert [str(day) for day in history.dates[1:3]] == ["1963-07-31", "1963-08-31"]


def test_what_no_price_can_come_after_is_refused() -> None:
    months = np.array(["2020-01-31", "2020-02-29"], dtype="datetime64[D]")
    with pytest.raises(DataError, match="lost everything"):
        published_history(FactorReturns(("A",), np.array([[0.1], [-1.0]]), months))
    with pytest.raises(DataError, match="needs the dates"):
        published_history(FactorReturns(("A",), np.array([[0.1], [0.2]])))
