"""How far the figures of two books may be off, and their difference: what the history that they rest on leaves open.

A figure rests on what was estimated and on what was stated. The error told here is the sampling error of the former alone; of
which it is, and of which it is not, is said in words beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from portopt.analysis.figures import NO_VOLATILITY, figures
from portopt.domain.arrays import Matrix, Vector
from portopt.domain.plan import Figures
from portopt.domain.problem import Problem
from portopt.domain.request import EstimationChoice
from portopt.domain.words import signed_percent
from portopt.estimation.catalog import EXPECTED_RETURNS
from portopt.estimation.covariance.ewma import OPTIONS as EWMA_COVARIANCE
from portopt.estimation.covariance.ewma import decay
from portopt.estimation.covariance.regime_ewma import OPTIONS as REGIME
from portopt.estimation.expected_returns.ewma import OPTIONS as EWMA_MEAN
from portopt.judgement.sampled import FEWEST_PERIODS, Sampled, luck_quantile, normal_quantile, sampled, spread

CONFIDENCE = 0.95
BEFORE, AFTER, BENCHMARK, MARKET = range(4)
OF_RETURNS = ("expected_return", "sharpe_ratio", "information_ratio")
NAMES = ("expected_return", "volatility", "sharpe_ratio", "tracking_error", "information_ratio")
SHRUNK = ("bayes_stein", "james_stein", "shrunk")
PAST = ("historical_mean", "ewma", *SHRUNK)
BY_MARKET = {"capm": "market_premium", "equilibrium": "risk_aversion"}
VIEWS = "expected returns rest on views: no error is told of them, nor of the ratios that are made of them"
GIVEN = "expected returns are given: no error is told of them, nor of the ratios that are made of them"
PREMIA = "expected returns rest on factor premia: no error is told of them, nor of the ratios that are made of them"
CHOSEN_ON_IT = "the proposed portfolio was chosen on the same history: what it seems to gain by that is not part of the error"
OWN_RISK = "the error of a volatility is that of the portfolio's own in this history, whatever the estimator"
NO_RISK = "volatilities are given or follow from views: no error is told of them, nor of what is made of them"

Pair = tuple[Vector, Matrix]  # (4,) of the history, (B, 4) of the drawn ones: before, after, benchmark, market


@dataclass(frozen=True, slots=True)
class FigureError:
    """Standard errors, in the figure's own unit; None: not known. change: of after less before, both from the same draws."""

    before: float | None
    after: float | None
    change: float | None


@dataclass(frozen=True, slots=True)
class FigureErrors:
    """by_name: of every figure that has one. of: what the errors are of, and what they are not of, a sentence each.

    clear_beyond: how many standard errors a change of each figure must be to be more than luck at this confidence. That is
    more than `quantile`, which holds for portfolios that nobody chose by these returns, where the proposed one was.
    periods: T of the history; block, draws, seed: of the bootstrap.
    """

    by_name: Mapping[str, FigureError]
    clear_beyond: Mapping[str, float]
    of: tuple[str, ...]
    periods: int
    block: float
    draws: int
    seed: int
    confidence: float = CONFIDENCE

    @property
    def quantile(self) -> float:
        return normal_quantile(self.confidence)


def figure_errors(problem: Problem, before: Vector, after: Vector, choice: EstimationChoice) -> FigureErrors | None:
    """Of the books with weights before and after (n,); None where there is no history of returns that both rest on.

        error of f  =  deviation of f over histories drawn again from the one there was (stationary bootstrap)

    Each draw is one set of days, the same for both books, so that their difference has an error of its own, usually far
    smaller than either. A book's mean and variance are those of its own series of returns: no n x n matrix is drawn.
    choice: what the moments were estimated by. Sources: Politis and Romano (1994); Efron (1979) for the standard error.
    """
    moments = problem.moments
    if moments.scenarios is None or len(moments.scenarios) < FEWEST_PERIODS or moments.probabilities is not None:
        return None
    known = _returns_are(problem, choice), _risks_are_estimated(problem, choice)
    R = _series(problem, before, after)
    drawn = sampled(
        R, _fading(choice.expected_returns == "ewma", choice.expected_returns_options, EWMA_MEAN, R), _risk_fades(choice, R)
    )
    told = figures(problem, before), figures(problem, after)
    by_name = _errors(problem, told, drawn, *known, choice)
    beyond = {name: _beyond(problem, name, known[0]) for name in by_name}
    return FigureErrors(by_name, beyond, _of(problem, choice, *known), drawn.periods, drawn.block, drawn.draws, drawn.seed)


def _beyond(problem: Problem, name: str, returns: str) -> float:
    """A book that was chosen for its past means has the best of their luck: Scheffé's bound over all books."""
    if name in OF_RETURNS and returns in PAST:
        return luck_quantile(CONFIDENCE, int((~problem.universe.is_cash).sum()))
    return normal_quantile(CONFIDENCE)


def _returns_are(problem: Problem, choice: EstimationChoice) -> str:
    """The estimator whose errors are known; else "views", "premia" or "given"."""
    if choice.views:
        return "views"
    method = problem.moments.expected_return_method.partition(" ")[0]
    if method in PAST or method in BY_MARKET:
        return method
    return "premia" if method in EXPECTED_RETURNS else "given"


def _risks_are_estimated(problem: Problem, choice: EstimationChoice) -> bool:
    return not problem.moments.covariance_method.startswith(("given", "implied"))


def _series(problem: Problem, before: Vector, after: Vector) -> Matrix:
    """(T, 4) returns of one period over the history used, at constant weights; a missing return counts as zero."""
    X = np.nan_to_num(np.asarray(problem.moments.scenarios), nan=0.0)
    none = np.zeros(problem.n)
    benchmark = none if problem.benchmark is None else problem.benchmark
    return np.asarray(X @ np.column_stack([before, after, benchmark, market_of(problem)]))


def market_of(problem: Problem) -> Vector:
    """(n,) the portfolio that equilibrium returns rest on: the benchmark's risky part, or equal weights; adding to one."""
    risky = ~problem.universe.is_cash
    weights = np.where(risky, 0.0 if problem.benchmark is None else problem.benchmark, 0.0)
    weights = weights if weights.sum() > 0.0 else risky.astype(np.float64)
    return np.asarray(weights / weights.sum()) if risky.any() else weights


def _fading(
    fades: bool, options: Mapping[str, Any], defaults: Mapping[str, Any], R: Matrix, name: str = "half_life"
) -> Vector | None:
    return decay(len(R), float(options.get(name, defaults[name].default))) if fades else None


def _risk_fades(choice: EstimationChoice, R: Matrix) -> Vector | None:
    options = choice.covariance_options
    if choice.covariance == "regime_ewma":
        return _fading(True, options, REGIME, R, "volatility_half_life")
    return _fading(choice.covariance == "ewma", options, EWMA_COVARIANCE, R)


def _errors(
    problem: Problem, told: tuple[Figures, Figures], s: Sampled, returns: str, risks: bool, choice: EstimationChoice
) -> dict[str, FigureError]:
    values = _values(problem, told, s, _expected(problem, s, returns, choice), risks)
    found = {name: _error(*values[name]) for name in NAMES if any(drawn is not None for drawn in values[name])}
    if _stated(choice, returns) is None:
        return found
    # Nothing says how far a statement is off: a level made of it has no error, the difference of two such levels has.
    return {name: FigureError(None, None, e.change) if name in OF_RETURNS else e for name, e in found.items()}


def _stated(choice: EstimationChoice, returns: str) -> float | None:
    """What equilibrium returns were told instead of estimating it: a premium or a risk aversion."""
    return choice.expected_returns_options.get(BY_MARKET[returns]) if returns in BY_MARKET else None


def _error(before: Vector | None, after: Vector | None) -> FigureError:
    change = None if before is None or after is None else spread(after - before)
    return FigureError(None if before is None else spread(before), None if after is None else spread(after), change)


def _values(
    problem: Problem, told: tuple[Figures, Figures], s: Sampled, expected: Pair | None, risks: bool
) -> dict[str, tuple[Vector | None, Vector | None]]:
    """(B,) each figure of both books in every draw, centred on the figure as it is told; None where it has no error."""
    out: dict[str, list[Vector | None]] = {name: [] for name in NAMES}
    for book, figure in zip((BEFORE, AFTER), told, strict=True):
        mean = _moved(figure.expected_return, expected, book)
        sigma = _risk(s, figure.volatility, _direction(book)) if risks else None
        error = _risk(s, figure.tracking_error, _direction(book, BENCHMARK)) if risks else None
        own = None if problem.benchmark is None else _moved(float(problem.moments.mu @ problem.benchmark), expected, BENCHMARK)
        out["expected_return"].append(mean)
        out["volatility"].append(sigma)
        out["sharpe_ratio"].append(_ratio(figure.sharpe_ratio, mean, problem.risk_free_rate, sigma))
        out["tracking_error"].append(error)
        out["information_ratio"].append(_ratio(figure.information_ratio, mean, own, error))
    return {name: (found[0], found[1]) for name, found in out.items()}


def _moved(value: float, expected: Pair | None, book: int) -> Vector | None:
    return None if expected is None else value + expected[1][:, book] - expected[0][book]


def _direction(book: int, less: int | None = None) -> Vector:
    d = np.zeros(4)
    d[book] = 1.0
    if less is not None:
        d[less] -= 1.0
    return d


def _risk(s: Sampled, value: float | None, d: Vector) -> Vector | None:
    """(B,) a volatility as told, moved as much as the series' own deviation moves; none of what does not vary."""
    if value is None:
        return None
    own = math.sqrt(max(float(d @ s.covariance @ d), 0.0))
    drawn = np.sqrt(np.maximum(np.einsum("i,bij,j->b", d, s.covariances, d), 0.0))
    return np.asarray(value * (drawn / own if own > NO_VOLATILITY else np.ones(s.draws)))


def _ratio(told: float | None, over: Vector | None, less: Vector | float | None, by: Vector | None) -> Vector | None:
    if told is None or over is None or less is None or by is None or not float(by.min()) > NO_VOLATILITY:
        return None
    return np.asarray((over - less) / by)


def _expected(problem: Problem, s: Sampled, returns: str, choice: EstimationChoice) -> Pair | None:
    """Annual expected returns of the four series by the estimator, in the history and in each draw; None: not estimated."""
    year = problem.moments.scenarios_per_year
    if returns in PAST:
        return s.mean * year, s.means * year
    if returns not in BY_MARKET:
        return None
    stated = _stated(choice, returns)
    of: Callable[[Vector, Matrix], Vector] = (
        _aversion(stated, year)
        if returns == "equilibrium" and stated is not None
        else (_beta(stated, year, problem.risk_free_rate))
    )
    return of(s.mean[None, :], s.covariance[None, :, :])[0], of(s.means, s.covariances)


def _aversion(stated: float, year: float) -> Callable[[Vector, Matrix], Vector]:
    return lambda means, covariances: np.asarray(stated * year * covariances[:, :, MARKET])


def _beta(stated: float | None, year: float, risk_free: float) -> Callable[[Vector, Matrix], Vector]:
    def of(means: Vector, covariances: Matrix) -> Vector:
        variance = np.maximum(covariances[:, MARKET, MARKET], 1e-300)
        premium = year * means[:, MARKET] - risk_free if stated is None else np.full(len(means), stated)
        return np.asarray(covariances[:, :, MARKET] / variance[:, None] * premium[:, None])

    return of


def _of(problem: Problem, choice: EstimationChoice, returns: str, risks: bool) -> tuple[str, ...]:
    """What the errors are of, and what they are not of."""
    said = (_of_returns(problem, choice, returns), OWN_RISK if risks else NO_RISK, CHOSEN_ON_IT)
    return (*said, _beyond_luck(problem, returns)) if returns in PAST else said


def _beyond_luck(problem: Problem, returns: str) -> str:
    count, beyond = int((~problem.universe.is_cash).sum()), _beyond(problem, OF_RETURNS[0], returns)
    return (
        f"a change of return, or of a ratio made of it, is clear only beyond {beyond:.1f} standard errors: so much the "
        f"luckiest of all portfolios of {count} assets may show (Scheffé)"
    )


def _of_returns(problem: Problem, choice: EstimationChoice, returns: str) -> str:
    if returns in BY_MARKET:
        return _of_the_market(problem, choice, returns)
    if returns in SHRUNK:
        return "expected returns are shrunk: their error is that of the portfolio's past mean before shrinkage, the larger one"
    if returns in PAST:
        return "the error of expected returns is that of the portfolio's own past mean"
    return {"views": VIEWS, "premia": PREMIA}.get(returns, GIVEN)


def _of_the_market(problem: Problem, choice: EstimationChoice, returns: str) -> str:
    stated = _stated(choice, returns)
    market = "the benchmark" if problem.benchmark is not None else "equal weights of the candidates, there being no benchmark,"
    if stated is None:
        return f"the error of expected returns is that of betas to {market} and of its past premium"
    what = f"premium of {signed_percent(stated)} a year" if returns == "capm" else f"risk aversion of {stated:g}"
    return (
        f"expected returns rest on {market} and a stated {what}: no history says how far that is off, so a return, or a ratio "
        "made of it, has no error, and its change that of how the portfolios move with the market"
    )
