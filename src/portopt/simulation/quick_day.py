"""One day of the quick path: its moments, its book in lots, the whole lots near an answer, and the decision."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from portopt import audit, pipeline
from portopt.domain.arrays import Matrix, Vector
from portopt.domain.backtest import FRACTION
from portopt.domain.calendar import TRADING_DAYS, periods_per_year
from portopt.domain.request import RebalanceRequest, TradingRules
from portopt.domain.solution import Solution, SolveStatus
from portopt.formulation import ADV_WINDOW, formulate
from portopt.optimization import assemble
from portopt.optimization.beside.answer import answer_at
from portopt.optimization.daily.day import Day, Found
from portopt.optimization.daily.impact import impact_of, whole_answer
from portopt.optimization.daily.solve import solved
from portopt.simulation.asking import snapshot_on
from portopt.simulation.history import Known
from portopt.simulation.serving import Served, first_row
from portopt.simulation.strategies import Decided, Held
from portopt.trading.lots_of_day import Units
from portopt.trading.quick_lots import Lots, QuickBook, in_cents, objective, quick_lots

TRIES = 4  # closer programs that lots are looked for at
AGREE = 1e-9  # of a weight: what the quick and the audited answer may differ by


@dataclass(frozen=True, slots=True, eq=False)
class Beliefs:
    """mu: (n,) and Sigma: (n, n), annual, in the universe's order. years: periods in a year."""

    mu: Vector
    Sigma: Matrix
    years: float


def beliefs(served: Served, known: Known, b: Vector | None) -> Beliefs:
    """As `pipeline.estimate` would have them. b: (n,) the benchmark."""
    choice, columns, at = served.policy.estimation, served.columns, served.at
    n, rf = len(served.universe), served.policy.risk_free_rate

    def returns(first: int, last: int) -> Matrix:
        # One memory layout, because BLAS rounds by layout: the same prices give the same bytes in whatever history.
        prices = np.ascontiguousarray(known.prices[first : last + 1][:, columns])
        return np.asarray(prices[1:] / prices[:-1] - 1.0)

    found = served.rolling.at(known.day - 1, returns)
    years = choice.periods_per_year
    if years == TRADING_DAYS:
        years = periods_per_year(known.dates[known.day - found.T + 1 :]) or years
    market = np.full(len(at), 1.0 / len(at))
    if b is not None and float(b[at].sum()) > 0.0:
        market = b[at] / b[at].sum()
    mu = np.full(n, rf if choice.cash_return is None else choice.cash_return)
    mu[at] = served.rolling.finished(found, market, rf, years) * years
    Sigma = np.zeros((n, n))
    if len(at) and at[-1] == len(at) - 1:
        np.multiply(found.Sigma, years, out=Sigma[: len(at), : len(at)])
    else:
        Sigma[np.ix_(at, at)] = found.Sigma * years
    return Beliefs(mu, Sigma, years)


def moves_of(served: Served, known: Known, Sigma: Matrix, years: float, value: int) -> Vector | None:
    """(n,) what a trade moves each price by (impact.py); None where a volume that it needs is not known. value: cents."""
    if known.volumes is None:
        return None
    first = max(known.day + 1 - ADV_WINDOW, first_row(served.policy, known))
    money = known.prices[first:, served.columns] * known.volumes[first:, served.columns]
    known_days = np.isfinite(money)
    average = np.where(known_days, money, 0.0).sum(axis=0) / np.maximum(known_days.sum(axis=0), 1)
    if not bool((average > 0.0).all()):
        return None
    traded = np.full(len(served.universe), np.inf)
    traded[served.at] = average
    return impact_of(Sigma, years, value / 100.0, traded)


def lots_of(served: Served, known: Known, held: Held) -> Lots | None:
    """The book in the universe's order, at the closes of the day; None where it is worth nothing."""
    n, at, rules = len(served.universe), served.at, served.policy.trading
    units, price = np.zeros(n, dtype=np.int64), np.ones(n)
    units[at], price[at] = held.units[served.columns], known.prices[-1, served.columns]
    share = FRACTION if held.fractional else 1
    values = in_cents(units, price, share)
    value = int(values[at].sum()) + held.cash
    cash_at = served.universe.cash_position
    if value <= 0 or cash_at is None:
        return None
    values[cash_at] = held.cash
    return Lots(
        units=units,
        price=price,
        share=share,
        lot=_lots(served, rules, share if held.fractional else 0),
        movable=served.movable,
        value=value,
        cash=held.cash,
        cash_at=cash_at,
        rate=served.rate,
        per_trade=100.0 * float(served.tariff.per_trade),
        least=100.0 * rules.min_trade_value,
        values=values,
    )


def _lots(served: Served, rules: TradingRules, fraction: int) -> Units:
    """(n,) of each asset; where fractions are held one of them, but of what has lots of its own."""
    usual = 1 if fraction else rules.lot_size
    lots = np.full(len(served.universe), usual, dtype=np.int64)
    for asset_id, said in served.universe.units.items():
        if said.lot_size:
            lots[served.universe.positions[asset_id]] = int(said.lot_size) * (fraction or 1)
    return lots


def rounded(day: Day, whole: Day, found: Found, lots: Lots) -> QuickBook | None:
    """Lots near an answer; where none keep every limit, near those of the day with what was missed closed.

    whole: the day as its trades are counted from the book.
    """
    gamma, near, closer = 1.0 / found.tau if day.ratio else 1.0, found, day
    for _ in range(TRIES):
        book = quick_lots(whole, near.w, lots, gamma)
        if isinstance(book, QuickBook):
            if near is found:
                return book
            return replace(book, gap=objective(whole, book.weights, gamma) - objective(whole, found.w, gamma))
        closer = book.closed(closer)
        again = solved(closer, near.standing, near.tau, near.y)
        if again is None:
            return None
        near = again
    return None


def is_certified(asked: RebalanceRequest, known: Known, found: Found) -> bool:
    """Whether the audit signs an answer that stands as this one, on moments estimated afresh, with the same weights."""
    snapshot = snapshot_on(asked, known)
    problem = formulate(asked, snapshot, pipeline.estimate(asked, snapshot))
    form = assemble(problem)
    curved = any(cone.kind != "second_order" for cone in form.cones)
    raw = whole_answer(problem, form, found) if curved else answer_at(form, found.standing)
    if raw is None or raw.x is None:
        return False
    w = raw.x[: form.n_weights].copy()
    certificate = audit.audit(problem, form, Solution(SolveStatus.OPTIMAL, problem.identity(), w, raw))
    return certificate.verdict == "certified" and bool(np.abs(w - found.w).max() <= AGREE)


def decided(served: Served, known: Known, held: Held, book: Vector, found: Found, near: QuickBook) -> Decided:
    """Along the history's ids, cash last; what presses, who signed and what is remembered are the caller's to say."""
    at, columns, cash = served.at, served.columns, served.universe.cash_position
    target, weights, units = np.zeros(len(known.ids) + 1), np.zeros(len(known.ids) + 1), held.units.copy()
    target[columns], weights[columns], units[columns] = found.w[at], near.weights[at], near.units[at]
    target[-1], weights[-1] = found.w[cash], near.weights[cash]
    return Decided(units, target, weights, 0.5 * float(np.abs(near.weights - book).sum()), near.gap, (), "check", None)
