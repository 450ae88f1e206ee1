"""The quick path as a decider: the same weights as the live one, for thousands of days.

What stays of the policy's program is read off once (optimization/daily/template.py); a day brings moments, carried from day to
day (estimation/rolling.py), the book and the benchmark. Each answer passes one check of every optimality condition; a seeded
sample of days is certified by the audit on moments estimated afresh. A day that the quick path does not come to its end on goes
the live way, and so does one that the live path would see otherwise: a price missing in the window, a move that looks like a
split, another universe. What a decision leaves for the next is where everything stood, so that a day decided again, anywhere,
is decided the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from portopt import audit, pipeline
from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.backtest import FRACTION, BacktestRequest
from portopt.domain.calendar import TRADING_DAYS, periods_per_year
from portopt.domain.errors import PortoptError
from portopt.domain.request import Policy
from portopt.domain.solution import Solution, SolveStatus
from portopt.domain.tariff import Tariff
from portopt.domain.universe import Universe
from portopt.estimation.rolling import Rolling
from portopt.formulation import formulate
from portopt.optimization import assemble
from portopt.optimization.beside.answer import answer_at
from portopt.optimization.beside.kinked import kinked
from portopt.optimization.beside.standing import Standing, standing_of
from portopt.optimization.daily.day import Day, Found
from portopt.optimization.daily.prices import binding
from portopt.optimization.daily.solve import solved
from portopt.optimization.daily.template import NotDaily, Template, template_of
from portopt.pipeline import Solved
from portopt.simulation.asking import asked_on, policy_on, snapshot_on
from portopt.simulation.decide import solved_live, traded_live
from portopt.simulation.history import Known
from portopt.simulation.plain_days import PlainDays
from portopt.simulation.strategies import Decided, Held
from portopt.trading.costs import fees_of
from portopt.trading.quick_lots import Lots, QuickBook, in_cents, objective, quick_lots

AUDITED = 25  # one day of so many is certified by the audit, chosen by the request's seed
TRIES = 4  # closer programs that lots are looked for at
AGREE = 1e-9  # of a weight: what the quick and the audited answer may differ by


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What a decision leaves for the next: where everything stood, by name. y: (r,) multipliers of the rows."""

    ids: tuple[str, ...]
    standing: Standing
    tau: float
    y: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A policy on one universe. at: (m,) where the m risky assets stand in it; columns: (m,) in the history.

    movable: (n,) what may be traded. tariff: what an order costs.
    """

    policy: Policy
    members: frozenset[str] | None
    universe: Universe
    at: Indices
    columns: Indices
    movable: Mask
    template: Template
    tariff: Tariff
    rolling: Rolling
    plain: PlainDays


class DailyDecider:
    """Decides as PipelineDecider does, to 1e-9 of a weight. What it keeps between days is what each would work out again."""

    def __init__(self, request: BacktestRequest) -> None:
        self.request = request
        self._served: Served | None = None
        self._refused: tuple[object, ...] | None = None
        self._columns: Indices | None = None

    def decide(self, known: Known, held: Held) -> Decided:
        """Raises PortoptError where nothing can be decided."""
        served = None if held.opens or not isinstance(held.memory, Memory) else self._serving(known, held)
        decided = None if served is None else self._quick(served, known, held)
        return self._live(known, held) if decided is None else decided

    def _live(self, known: Known, held: Held) -> Decided:
        asked = asked_on(self.request, known, held)
        snapshot, answer = solved_live(asked, known)
        return replace(traded_live(asked, known, held, snapshot, answer), memory=memory_of(answer))

    def _serving(self, known: Known, held: Held) -> Served | None:
        """What serves this day; None where the live path would see more than a template does."""
        policy = policy_on(self.request, known, held)
        now = self._served
        if now is None or now.policy != policy or now.members != known.members or self._is_other(now, known):
            if self._refused == (policy, known.members, known.day):
                return None
            try:
                self._served = now = self._read(policy, known, held)
            except NotDaily:
                self._refused = (policy, known.members, known.day)
                return None
        return now if _may_serve(now, known, held, self._benchmark_of(held), self._candidates(known)) else None

    def _candidates(self, known: Known) -> Indices:
        """Columns of whoever belongs to the universe today."""
        if self._columns is None:
            at = {asset_id: i for i, asset_id in enumerate(known.ids)}
            self._columns = np.array([at[a.id] for a in self.request.universe.assets if a.id in at], dtype=np.intp)
        if known.members is None:
            return self._columns
        return np.array([j for j in self._columns.tolist() if known.ids[j] in known.members], dtype=np.intp)

    def _is_other(self, served: Served, known: Known) -> bool:
        """Whether somebody else has a whole window of prices by now, or one who is served has left or has none in it."""
        window, candidates = known.prices[_first(served.policy, known) :], self._candidates(known)
        others = np.setdiff1d(candidates, served.columns, assume_unique=True)
        if len(others) + len(served.columns) > len(candidates):
            return True
        if len(others) and bool((window[:, others] > 0.0).all(axis=0).any()):
            return True
        return not bool((window[-1, served.columns] > 0.0).all() or (window[:, served.columns] > 0.0).any(axis=0).all())

    def _read(self, policy: Policy, known: Known, held: Held) -> Served:
        """Raises NotDaily."""
        asked = asked_on(self.request, known, held)
        try:
            snapshot = snapshot_on(asked, known)
            problem = formulate(asked, snapshot, pipeline.estimate(asked, snapshot))
        except PortoptError as refusal:
            raise NotDaily(str(refusal)) from refusal
        universe = problem.universe
        at = np.flatnonzero(~universe.is_cash)
        columns = np.array([known.ids.index(universe.ids[i]) for i in at], dtype=np.intp)
        movable = np.array([a.tradable for a in universe.assets]) & ~universe.is_cash
        plain = PlainDays(columns, policy.data.split_ratio_tolerance)
        template, tariff = template_of(problem), fees_of(problem).whole
        if tariff.rate_3_2 or tariff.rate_2:
            raise NotDaily("what an order costs grows with its size")
        return Served(
            policy, known.members, universe, at, columns, movable, template, tariff, Rolling(policy.estimation), plain
        )

    def _quick(self, served: Served, known: Known, held: Held) -> Decided | None:
        """None where the live path is to decide."""
        memory, b = held.memory, self._benchmark(served, held)
        lots = _lots(served, known, held)
        if memory.ids != served.universe.ids or len(memory.y) != len(served.template.first.rows) or lots is None:
            return None
        mu, Sigma = self._moments(served, known, b)
        book = _values(lots) / lots.value
        day = served.template.on(mu, Sigma, book, b)
        found = solved(day, memory.standing, memory.tau, memory.y)
        if found is None:
            return None
        certificate = "check"
        if zlib.crc32(f"{self.request.seed} {known.day}".encode()) % AUDITED == 0:
            if not self._certified(known, held, found):
                return None
            certificate = "audit"
        whole = day if served.template.first.layout.has_trades else replace(day, book=book)
        rounded = _rounded(day, whole, found, lots) or _rounded(day, whole, found, lots.with_remainder())
        if rounded is None:
            return None
        memory = Memory(memory.ids, found.standing, found.tau, found.y)
        return _decided(served, known, held, book, found, rounded, binding(served.template, day, found, b), certificate, memory)

    def _benchmark_of(self, held: Held) -> Mapping[str, float]:
        return (held.benchmark if held.benchmark is not None else self.request.benchmark) or {}

    def _benchmark(self, served: Served, held: Held) -> Vector | None:
        weights = self._benchmark_of(held) or None
        return None if weights is None else served.universe.vector({a: float(w) for a, w in weights.items()})

    def _moments(self, served: Served, known: Known, b: Vector | None) -> tuple[Vector, Matrix]:
        """(n,) and (n, n), annual, in the universe's order: as `pipeline.estimate` would have them."""
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
        return mu, Sigma

    def _certified(self, known: Known, held: Held, found: Found) -> bool:
        """Whether the audit signs an answer that stands as this one, on moments estimated afresh, with the same weights."""
        asked = asked_on(self.request, known, held)
        snapshot = snapshot_on(asked, known)
        problem = formulate(asked, snapshot, pipeline.estimate(asked, snapshot))
        form = assemble(problem)
        raw = answer_at(form, found.standing)
        if raw is None or raw.x is None:
            return False
        w = raw.x[: form.n_weights].copy()
        certificate = audit.audit(problem, form, Solution(SolveStatus.OPTIMAL, problem.identity(), w, raw))
        return certificate.verdict == "certified" and bool(np.abs(w - found.w).max() <= AGREE)


def _first(policy: Policy, known: Known) -> int:
    """The first row of prices that the day's estimates read."""
    lookback = policy.estimation.lookback
    return 0 if lookback is None else max(known.day - lookback, 0)


def _may_serve(served: Served, known: Known, held: Held, benchmark: Mapping[str, float], candidates: Indices) -> bool:
    """Whether the day's window has nothing to be judged, nobody else is in it, and book and benchmark hold nothing else."""
    elsewhere = np.ones(len(known.ids), dtype=bool)
    elsewhere[served.columns] = False
    first = _first(served.policy, known)
    enough = known.day - first >= max(served.policy.estimation.min_observations, len(served.columns) // 2 + 1)
    others = np.setdiff1d(candidates, served.columns, assume_unique=True)
    alone = len(others) + len(served.columns) == len(candidates)
    alone = alone and (not len(others) or not (known.prices[first:, others] > 0.0).any())
    same = not held.units[elsewhere].any() and served.universe.positions.keys() >= benchmark.keys()
    return enough and alone and same and served.plain.all(known, first)


def memory_of(answer: Solved) -> Memory | None:
    """Where everything stands in a live answer; None where that is of no use to a next day."""
    raw, form = answer.solution.raw, answer.form
    k = None if raw is None or answer.gave_way else kinked(form)
    now = None if k is None or raw is None else standing_of(k, raw)
    if k is None or now is None or raw is None or raw.duals is None or raw.x is None:
        return None
    tau = 1.0
    if form.ratio:
        excess = -(float(form.q @ raw.x) + form.constant)
        tau = float(raw.x @ form.P_times(raw.x)) / excess if excess > 0.0 else 0.0
    elif k.ball is not None and now.on_ball:
        tau = 1.0 / (1.0 + float(raw.duals.cones[0][0]) / k.ball.radius * k.ball.multiple)
    return Memory(answer.problem.universe.ids, now, tau, raw.duals.rows[k.rows]) if tau > 0.0 else None


def _lots(served: Served, known: Known, held: Held) -> Lots | None:
    """The book in the universe's order, at the closes of the day; None where it is worth nothing."""
    n, at, rules = len(served.universe), served.at, served.policy.trading
    units, price = np.zeros(n, dtype=np.int64), np.ones(n)
    units[at], price[at] = held.units[served.columns], known.prices[-1, served.columns]
    share = FRACTION if held.fractional else 1
    value = int(in_cents(units, price, share)[at].sum()) + held.cash
    cash_at = served.universe.cash_position
    if value <= 0 or cash_at is None:
        return None
    rate = np.array([served.tariff.per_value(i) for i in range(n)]) if served.tariff.own_bps else served.tariff.per_value(0)
    return Lots(
        units=units,
        price=price,
        share=share,
        lot=1 if held.fractional else rules.lot_size,
        movable=served.movable,
        value=value,
        cash=held.cash,
        cash_at=cash_at,
        rate=np.broadcast_to(rate, n) * ~served.universe.is_cash,
        per_trade=100.0 * float(served.tariff.per_trade),
        least=100.0 * rules.min_trade_value,
    )


def _rounded(day: Day, whole: Day, found: Found, lots: Lots) -> QuickBook | None:
    """Lots near an answer; where none keep every limit, near those of the day with what was missed closed.

    whole: the day as its trades are counted from the book.
    """
    gamma, near, closer = 1.0 / found.tau if day.ratio else 1.0, found, day
    for _ in range(TRIES):
        book = quick_lots(whole, near.w, lots, gamma)
        if isinstance(book, QuickBook):
            return replace(book, gap=objective(whole, book.weights, gamma) - objective(whole, found.w, gamma))
        closer = book.closed(closer)
        again = solved(closer, near.standing, near.tau, near.y)
        if again is None:
            return None
        near = again
    return None


def _values(lots: Lots) -> Vector:
    """(n,) cents, cash in its place."""
    values = in_cents(lots.units, lots.price, lots.share).astype(np.float64)
    values[lots.cash_at] = lots.cash
    return values


def _decided(
    served: Served,
    known: Known,
    held: Held,
    book: Vector,
    found: Found,
    rounded: QuickBook,
    pressed: tuple[tuple[str, float], ...],
    certificate: str,
    memory: Memory,
) -> Decided:
    """Along the history's ids, cash last."""
    at, columns, cash = served.at, served.columns, served.universe.cash_position
    target, weights, units = np.zeros(len(known.ids) + 1), np.zeros(len(known.ids) + 1), held.units.copy()
    target[columns], weights[columns], units[columns] = found.w[at], rounded.weights[at], rounded.units[at]
    target[-1], weights[-1] = found.w[cash], rounded.weights[cash]
    turnover = 0.5 * float(np.abs(rounded.weights - book).sum())
    return Decided(units, target, weights, turnover, rounded.gap, pressed, certificate, memory)
