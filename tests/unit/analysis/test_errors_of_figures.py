"""How far two books' figures may be off: against closed forms, by what was estimated and what was stated."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from portopt.analysis.errors import FigureErrors, figure_errors
from portopt.domain.problem import Problem
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import CASH, Asset, Universe
from portopt.estimation import moments_from_returns
from portopt.terms.catalog import parse_limits, parse_objective

T, YEAR, RF = 1500, 252.0, 0.02


def normal_returns(n: int, seed: int = 1, periods: int = T) -> np.ndarray:
    """(T, n) independent through time, of one factor and of themselves."""
    rng = np.random.default_rng(seed)
    return rng.normal(3e-4, 0.008, (periods, 1)) * rng.uniform(0.6, 1.4, n) + rng.normal(1e-4, 0.006, (periods, n))


def posed(X: np.ndarray, choice: EstimationChoice, *, benchmark: bool = True) -> Problem:
    n = X.shape[1]
    universe = Universe((*(Asset(f"A{i}") for i in range(n)), Asset(CASH)))
    market = np.append(np.full(n, 1.0 / n), 0.0)
    R = np.column_stack([X, np.zeros(len(X))])
    moments = moments_from_returns(universe, R, choice, RF, market if benchmark else None)
    return Problem(
        moments, parse_objective({"kind": "max_sharpe"}), parse_limits({"budget": True, "long_only": True}),
        w_prev=market, benchmark=market if benchmark else None, risk_free_rate=RF,
    )  # fmt: skip


def choice(expected_returns: str = "historical_mean", **more: Any) -> EstimationChoice:
    return EstimationChoice(expected_returns=expected_returns, covariance="sample", lookback=None, **more)


def books(n: int, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return tuple(np.append(0.98 * rng.dirichlet(np.ones(n)), 0.02) for _ in range(2))


def found_by(**asked: Any) -> tuple[FigureErrors, Problem, np.ndarray, np.ndarray]:
    how = choice(**asked)
    p = posed(normal_returns(6), how)
    before, after = books(6)
    errors = figure_errors(p, before, after, how)
    assert errors is not None
    return errors, p, before, after


def volatilities(p: Problem, *directions: np.ndarray) -> list[float]:
    return [p.moments.covariance.volatility(d) for d in directions]


def test_errors_of_returns_of_independent_normals_are_those_of_their_means():
    errors, p, before, after = found_by()
    told = errors.by_name["expected_return"]
    one, two, paired = volatilities(p, before, after, after - before)
    root = math.sqrt(T / YEAR)
    assert told.before == pytest.approx(one / root, rel=0.12)
    assert told.after == pytest.approx(two / root, rel=0.12)
    assert told.change == pytest.approx(paired / root, rel=0.12)
    assert told.change < 0.6 * told.before  # the same days for both: most of what is not known of either is the same


def test_errors_of_risks_of_independent_normals_are_those_of_their_deviations():
    errors, p, before, after = found_by()
    for name, less in (("volatility", np.zeros(7)), ("tracking_error", p.benchmark)):
        told, directions = errors.by_name[name], (before - less, after - less)
        s1, s2 = volatilities(p, *directions)
        rho = float(directions[0] @ p.moments.Sigma @ directions[1]) / (s1 * s2)
        assert told.before == pytest.approx(s1 / math.sqrt(2 * T), rel=0.15)
        assert told.after == pytest.approx(s2 / math.sqrt(2 * T), rel=0.15)
        paired = math.sqrt((s1**2 + s2**2 - 2 * rho**2 * s1 * s2) / (2 * T))
        assert told.change == pytest.approx(paired, rel=0.15)


@pytest.mark.parametrize("name", ["sharpe_ratio", "information_ratio"])
def test_errors_of_ratios_of_independent_normals_are_memmels(name):
    """Var of a difference: (2 - 2 rho + (a^2 + b^2 - 2 a b rho^2) / 2) / T of one period's ratios. Memmel (2003)."""
    errors, p, before, after = found_by()
    less = p.benchmark if name == "information_ratio" else np.zeros(7)
    directions, over = (before - less, after - less), 0.0 if name == "information_ratio" else RF
    s1, s2 = volatilities(p, *directions)
    rho = float(directions[0] @ p.moments.Sigma @ directions[1]) / (s1 * s2)
    a, b = ((float(p.moments.mu @ d) - over) / s / math.sqrt(YEAR) for d, s in zip(directions, (s1, s2), strict=True))
    told = errors.by_name[name]
    assert told.before == pytest.approx(math.sqrt(YEAR * (1 + a**2 / 2) / T), rel=0.12)
    expected = math.sqrt(YEAR * (2 - 2 * rho + 0.5 * (a**2 + b**2 - 2 * a * b * rho**2)) / T)
    assert told.change == pytest.approx(expected, rel=0.12)


def test_under_a_stated_premium_only_the_change_of_a_return_has_an_error_and_it_is_that_of_betas():
    """se(beta) = s_e / (s_m sqrt(T)) of independent normals; the premium itself is not estimated."""
    errors, p, before, after = found_by(expected_returns="capm", expected_returns_options={"market_premium": 0.05})
    told, market = errors.by_name["expected_return"], p.benchmark
    d, Sigma = after - before, p.moments.Sigma
    beta = float(d @ Sigma @ market) / float(market @ Sigma @ market)
    residual = p.moments.covariance.volatility(d - beta * market)
    expected = 0.05 * residual / (p.moments.covariance.volatility(market) * math.sqrt(T))
    assert (told.before, told.after) == (None, None)
    assert told.change == pytest.approx(expected, rel=0.15)
    assert errors.by_name["sharpe_ratio"].after is None
    assert errors.by_name["volatility"].after is not None
    assert "a stated premium of 5.00 % a year: no history says how far that is off" in errors.of[0]
    assert "the benchmark" in errors.of[0]


def test_a_premium_from_the_past_brings_its_own_error():
    stated, *_ = found_by(expected_returns="capm", expected_returns_options={"market_premium": 0.05})
    past, p, _, after = found_by(expected_returns="capm")
    told = past.by_name["expected_return"]
    beta = float(after @ p.moments.Sigma @ p.benchmark) / p.moments.covariance.variance(p.benchmark)
    market = p.moments.covariance.volatility(p.benchmark) / math.sqrt(T / YEAR)
    assert told.after == pytest.approx(beta * market, rel=0.12)
    assert told.change != stated.by_name["expected_return"].change
    assert "of its past premium" in past.of[0]


def test_a_stated_risk_aversion_has_no_error_either():
    errors, *_ = found_by(expected_returns="equilibrium", expected_returns_options={"risk_aversion": 2.5})
    assert errors.by_name["expected_return"].before is None
    assert errors.by_name["expected_return"].change > 0.0
    assert "a stated risk aversion of 2.5" in errors.of[0]


def test_without_a_benchmark_the_market_is_said_and_what_is_measured_from_it_has_no_error():
    how = choice("capm", expected_returns_options={"market_premium": 0.05})
    p = posed(normal_returns(6), how, benchmark=False)
    errors = figure_errors(p, *books(6), how)
    assert {"tracking_error", "information_ratio"}.isdisjoint(errors.by_name)
    assert "equal weights of the candidates, there being no benchmark" in errors.of[0]


@pytest.mark.parametrize("name", ["bayes_stein", "james_stein", "shrunk"])
def test_shrunk_returns_have_the_error_of_the_past_mean_and_say_so(name):
    plain, *_ = found_by()
    errors, *_ = found_by(expected_returns=name)
    assert errors.by_name["expected_return"].before == pytest.approx(plain.by_name["expected_return"].before, rel=1e-9)
    assert "past mean before shrinkage" in errors.of[0]


def test_a_fading_mean_errs_more_than_an_even_one():
    even, *_ = found_by()
    fading, *_ = found_by(expected_returns="ewma", expected_returns_options={"half_life": 100})
    ratio = fading.by_name["expected_return"].before / even.by_name["expected_return"].before
    effective = 1.0 / np.sum((lambda a: a / a.sum())(0.5 ** (np.arange(T) / 100.0)) ** 2)
    assert ratio == pytest.approx(math.sqrt(T / effective), rel=0.15)


VIEWS: Mapping[str, Any] = {"method": "black_litterman", "views": [{"asset": "A0", "return": 0.1}]}


def test_views_have_no_error_and_risks_beside_them_keep_theirs():
    how = choice()
    p = posed(normal_returns(6), how)
    viewed = dataclasses.replace(how, views=VIEWS)
    errors = figure_errors(p, *books(6), viewed)
    assert set(errors.by_name) == {"volatility", "tracking_error"}
    assert errors.of[0].startswith("expected returns rest on views: no error is told of them")


def test_given_volatilities_have_no_error_and_the_returns_beside_them_keep_theirs():
    how = dataclasses.replace(choice(), covariance="implied", covariance_options={"volatilities": {"A0": 0.2}})
    errors = figure_errors(posed(normal_returns(6), how), *books(6), how)
    assert set(errors.by_name) == {"expected_return"}
    assert "volatilities are given" in errors.of[1]


def test_without_a_history_there_is_no_error():
    how = choice()
    p = posed(normal_returns(6), how)
    assert figure_errors(p.replaced(moments=dataclasses.replace(p.moments, scenarios=None)), *books(6), how) is None
    short = dataclasses.replace(p.moments, scenarios=p.moments.scenarios[:19])
    assert figure_errors(p.replaced(moments=short), *books(6), how) is None
    weighted = dataclasses.replace(p.moments, probabilities=np.full(T, 1.0 / T))
    assert figure_errors(p.replaced(moments=weighted), *books(6), how) is None


def test_a_book_that_stays_as_it_is_changes_by_nothing_without_error():
    how = choice()
    book, _ = books(6)
    errors = figure_errors(posed(normal_returns(6), how), book, book, how)
    assert {name: error.change for name, error in errors.by_name.items()} == dict.fromkeys(errors.by_name, 0.0)


def test_a_book_of_cash_alone_has_no_ratio_and_no_error():
    how = choice()
    p = posed(normal_returns(6), how)
    cash = np.append(np.zeros(6), 1.0)
    errors = figure_errors(p, cash, books(6)[1], how)
    assert errors.by_name["expected_return"].before == pytest.approx(0.0, abs=1e-15)
    assert errors.by_name["sharpe_ratio"].before is None
    assert errors.by_name["sharpe_ratio"].change is None
    assert errors.by_name["sharpe_ratio"].after > 0.0


def test_the_luckiest_of_all_books_is_seldom_called_better():
    """Assets that are all alike: whatever the best of the past means seems to gain over equal weights is luck."""
    how, n, clear, naive, count = choice(), 10, 0, 0, 40
    equal = np.append(np.full(n, 1.0 / n), 0.0)
    for seed in range(count):
        X = np.random.default_rng(seed).normal(3e-4, 0.01, (252, n))
        p = posed(X, how)
        lucky = np.append(np.eye(n)[int(np.argmax(X.mean(axis=0)))], 0.0)
        errors = figure_errors(p, equal, lucky, how)
        change, told = float(p.moments.mu @ (lucky - equal)), errors.by_name["expected_return"].change
        clear += abs(change) > errors.clear_beyond["expected_return"] * told
        naive += abs(change) > errors.quantile * told
    assert naive >= 4  # 1 - Phi(1.96)^10 is 22 %: about one in five would be called an improvement
    assert clear <= 1
    assert errors.clear_beyond["volatility"] == errors.quantile


def test_five_hundred_assets_take_no_matrix_and_little_time():
    how = choice()
    p = posed(normal_returns(500, periods=756), dataclasses.replace(how, covariance="ledoit_wolf"))
    before, after = books(500)
    figure_errors(p, before, after, how)
    spent = []
    for _ in range(3):
        start = time.process_time()
        figure_errors(p, before, after, how)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.1  # 0.03 s of CPU on a quiet machine
