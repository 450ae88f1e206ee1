"""Figures of a history: against two libraries that others wrote, in closed form, and the same with and without a benchmark."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain.errors import DataError, InvalidValue
from portopt.judgement.drawdowns import below_peak, drawdowns
from portopt.judgement.figures import figures, figures_of_returns
from portopt.judgement.histories import returns_of
from portopt.judgement.moments import tail
from portopt.judgement.rolling import rolling

T = 504
t = np.arange(1, T + 1)
BENCHMARK = 0.011 * np.sin(1.7 * t * t) + 0.0005
RETURNS = 0.6 * BENCHMARK + 0.007 * np.cos(2.3 * t * t + 0.4) + 0.0003
DAYS = np.busday_offset("2020-01-02", np.arange(T))

# What empyrical-reloaded 0.7.1 and QuantStats 0.0.86 say of RETURNS and BENCHMARK (Python 3.11, pandas 2.3).
PEERS = {
    "total_return": 0.2764283100668423,  # both
    "annual_return": 0.1297912683619229,  # empyrical.annual_return, quantstats.cagr
    "volatility": 0.10462910204174562,  # both
    "sharpe": 1.2188049327010038,  # both
    "sortino": 1.8426917527476572,  # both
    "calmar": 1.212355783177026,  # both
    "max_drawdown": 0.10705707859272118,  # both, who write it negative
    "hit_rate": 0.5376984126984127,  # quantstats.win_rate
}
PEERS_ACTIVE = {
    "beta": 0.5586422455903289,  # both
    "alpha": 0.03911061531182996,  # quantstats.greeks
    "up_capture": 0.3580421347629428,  # empyrical
    "down_capture": 0.7389973987511314,  # empyrical
    "information_ratio": -0.020285111173673265 * np.sqrt(252),  # both say it of a day
}


def compounded(returns: np.ndarray) -> np.ndarray:
    return 100.0 * np.concatenate([[1.0], np.cumprod(1.0 + returns)])


def dates(count: int) -> list[date]:
    return [date(2020, 1, 1) + timedelta(days=k) for k in range(count)]


@pytest.mark.parametrize("name", PEERS)
def test_figures_agree_with_empyrical_and_quantstats(name: str) -> None:
    assert getattr(figures_of_returns(RETURNS, DAYS), name) == pytest.approx(PEERS[name], rel=1e-12)


@pytest.mark.parametrize("name", PEERS_ACTIVE)
def test_figures_against_a_benchmark_agree_with_empyrical_and_quantstats(name: str) -> None:
    active = figures_of_returns(RETURNS, DAYS, benchmark=BENCHMARK).active
    assert getattr(active, name) == pytest.approx(PEERS_ACTIVE[name], rel=1e-12)


def test_extremes_agree_with_quantstats_and_empyrical() -> None:
    found = figures_of_returns(RETURNS, DAYS)
    assert found.best_day.value == pytest.approx(0.014192438293287616, rel=1e-12)
    assert found.worst_day.value == pytest.approx(-0.012961906646978062, rel=1e-12)
    assert (found.worst_month.when, found.worst_month.value) == ("2020-05", pytest.approx(-0.029613133036724082, rel=1e-12))
    assert figures_of_returns(RETURNS, DAYS, risk_free=0.02).sharpe == pytest.approx(1.0276535263549915, rel=1e-12)


def test_skewness_and_kurtosis_are_quantstats_without_its_correction_for_few_observations() -> None:
    found = figures_of_returns(RETURNS, DAYS)
    assert found.skewness == pytest.approx(0.008716739420762423 * (T - 2) / np.sqrt(T * (T - 1)), rel=1e-9)
    corrected = (T - 1) / ((T - 2) * (T - 3)) * ((T + 1) * found.excess_kurtosis + 6)
    assert corrected == pytest.approx(-0.6095038833005035, rel=1e-9)


def test_rolling_figures_agree_with_quantstats_on_their_last_day() -> None:
    found = rolling(RETURNS, 63)
    assert found.sharpe[-1] == pytest.approx(1.003201398439341, rel=1e-12)
    assert found.volatility[-1] == pytest.approx(0.11070036699225765, rel=1e-12)
    assert np.isnan(found.sharpe[:62]).all()
    assert (found.sharpe_low[62:] < found.sharpe[62:]).all()


def test_rolling_figures_are_those_of_each_window_alone() -> None:
    found = rolling(RETURNS, 100, risk_free=0.02, benchmark=BENCHMARK)
    for end in (100, 317, T):
        alone = slice(end - 100, end)
        one = figures_of_returns(RETURNS[alone], DAYS[alone], risk_free=0.02, benchmark=BENCHMARK[alone])
        seen = [found.mean_return, found.volatility, found.sharpe, found.beta, found.tracking_error]
        said = [one.mean_return, one.volatility, one.sharpe, one.active.beta, one.active.tracking_error]
        assert [values[end - 1] for values in seen] == pytest.approx(said, rel=1e-10)


def test_the_band_of_a_rolling_sharpe_ratio_holds_it_as_often_as_it_says() -> None:
    """Independent windows of 250 normal returns with a Sharpe ratio of 0.1 each: the true one is within 95 % of the bands."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        found = rolling(0.001 + 0.01 * rng.standard_normal(250), 250)
        held += bool(found.sharpe_low[-1] <= 0.1 * np.sqrt(252) <= found.sharpe_high[-1])
    assert 0.92 <= held / 400 <= 0.98


def test_constant_returns_have_a_return_and_no_risk() -> None:
    found = figures(100.0 * 1.001 ** np.arange(253), dates(253))
    assert found.annual_return == pytest.approx(1.001**252 - 1.0, rel=1e-12)
    assert (found.volatility, found.max_drawdown, found.drawdown, found.hit_rate) == (0.0, 0.0, None, 1.0)
    assert (found.sharpe, found.sortino, found.calmar, found.skewness, found.excess_kurtosis) == (None,) * 5


def test_all_cash_has_figures_and_none_that_means_nothing() -> None:
    found = figures(np.full(100, 1_000_000, dtype=np.int64), dates(100), benchmark=np.full(100, 5))
    assert (found.total_return, found.annual_return, found.max_drawdown, found.var_95, found.cvar_95) == (0.0,) * 5
    assert (found.sharpe, found.hit_rate, found.active.beta, found.active.information_ratio) == (None,) * 4


def test_two_returns_in_closed_form() -> None:
    found = figures([100, 110, 99], dates(3), periods_per_year=12)
    assert found.total_return == pytest.approx(-0.01)
    assert found.annual_return == pytest.approx(0.99**6 - 1.0)
    assert found.volatility == pytest.approx(0.2 / np.sqrt(2.0) * np.sqrt(12.0))
    assert found.max_drawdown == pytest.approx(0.1)
    assert found.sharpe == pytest.approx(0.0, abs=1e-12)


@given(
    returns=st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=60),
    benchmark=st.lists(st.floats(-0.2, 0.2), min_size=60, max_size=60),
)
def test_every_figure_is_the_same_with_and_without_a_benchmark(returns: list[float], benchmark: list[float]) -> None:
    r, b = np.array(returns), np.array(benchmark[: len(returns)])
    alone = figures(compounded(r), dates(len(r) + 1), risk_free=0.01)
    beside = figures(compounded(r), dates(len(r) + 1), risk_free=0.01, benchmark=compounded(b))
    assert beside.active is not None
    assert replace(beside, active=None) == alone


def test_holding_the_benchmark_has_no_active_return_and_follows_it_exactly() -> None:
    active = figures(compounded(RETURNS), dates(T + 1), benchmark=3.0 * compounded(RETURNS)).active
    assert active.active_return == pytest.approx(0.0, abs=1e-12)
    assert (active.tracking_error, active.information_ratio) == (0.0, None)
    assert (active.beta, active.up_capture, active.down_capture) == pytest.approx((1.0, 1.0, 1.0), rel=1e-9)


def test_a_drawdown_that_is_under_water_at_the_end_is_open() -> None:
    found = drawdowns([100, 120, 90, 110, 119], dates(5))
    assert [(one.is_open, one.recovered, one.periods, one.fallen) for one in found] == [(True, None, 3, 1)]
    assert (found[0].peak, found[0].trough) == (date(2020, 1, 2), date(2020, 1, 3))


def test_a_drawdown_ends_on_the_day_that_reaches_the_peak_again() -> None:
    found = drawdowns([100, 120, 90, 120, 60, 130, 129], dates(7))
    said = [(one.depth, one.peak.day, one.trough.day, one.recovered and one.recovered.day) for one in found]
    assert said == [(0.5, 4, 5, 6), (0.25, 2, 3, 4), (pytest.approx(1 / 130), 6, 7, None)]


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_no_recovered_drawdown_ends_under_water_and_the_deepest_is_the_deepest_by_hand(equity: list[int]) -> None:
    found = drawdowns(equity, dates(len(equity)), most=None)
    by_hand = max(1.0 - equity[j] / equity[i] for i in range(len(equity)) for j in range(i, len(equity)))
    assert max((one.depth for one in found), default=0.0) == pytest.approx(max(by_hand, 0.0))
    for one in found:
        peak = equity[(one.peak - date(2020, 1, 1)).days]
        if one.recovered is not None:
            assert equity[(one.recovered - date(2020, 1, 1)).days] >= peak
        else:
            assert max(equity[-1], 0) < peak


def test_below_peak_is_zero_at_peaks_and_the_fall_elsewhere() -> None:
    assert below_peak([10, 5, 10, 20, 15]) == pytest.approx([0, 0.5, 0, 0, 0.25])


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_tail_is_the_minimum_over_thresholds_that_defines_it(losses: list[float], confidence: float) -> None:
    """CVaR = min over eta of eta + E[(loss - eta)+] / (1 - confidence); the minimum is at a loss."""
    x = np.array(losses)
    var, cvar = tail(x, confidence)
    values = [eta + np.mean(np.maximum(x - eta, 0.0)) / (1.0 - confidence) for eta in x]
    assert cvar == pytest.approx(min(values), rel=1e-9, abs=1e-12)
    assert np.mean(x <= var) >= confidence - 1e-9
    assert np.mean(x < var) < confidence + 1e-9


def test_money_that_comes_in_is_no_return() -> None:
    returns = returns_of([100, 110, 160, 80], dates(4), flows=[0, 0, 50, -80])
    assert returns == pytest.approx([0.1, 0.0, 0.0])


@pytest.mark.parametrize(
    ("equity", "said"),
    [
        ([100, 0, 100], "equity on 2020-01-02 is 0"),
        ([100, float("nan"), 1], "2020-01-02 is nan"),
        ([100, 101, -5], "2020-01-03"),
    ],
)
def test_equity_that_allows_no_return_is_named_by_its_date(equity: list[float], said: str) -> None:
    with pytest.raises(DataError, match=said):
        figures(equity, dates(3))


def test_what_is_not_a_history_is_refused() -> None:
    with pytest.raises(DataError, match="2020-01-02 is followed by 2020-01-01"):
        figures([1, 2], [date(2020, 1, 2), date(2020, 1, 1)])
    with pytest.raises(DataError, match="one day has no return"):
        figures([1], dates(1))
    with pytest.raises(DataError, match="there are no returns"):
        figures_of_returns([], [])
    with pytest.raises(DataError, match=r"benchmark on 2020-01-02: -1 is no return"):
        figures_of_returns([0.1, 0.1], dates(2), benchmark=[0.1, -1.0])
    with pytest.raises(DataError, match="2 returns stand beside 3 dates"):
        figures_of_returns([0.1, 0.1], dates(3))
    with pytest.raises(InvalidValue, match="must be from 2 to 504"):
        rolling(RETURNS, 505)
