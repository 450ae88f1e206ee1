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

from portopt.domain.arrays import Indices, Vector
from portopt.domain.backtest import BacktestRequest
from portopt.optimization.beside.kinked import kinked
from portopt.optimization.beside.standing import SELLING, STAYING, Standing, standing_of
from portopt.optimization.daily.impact import grows, stripped
from portopt.optimization.daily.prices import binding
from portopt.optimization.daily.solve import solved
from portopt.optimization.daily.template import NotDaily
from portopt.pipeline import Solved
from portopt.simulation.asking import asked_on, policy_on
from portopt.simulation.decide import solved_live, traded_live
from portopt.simulation.history import Known
from portopt.simulation.quick_day import beliefs, decided, is_certified, lots_of, moves_of, rounded
from portopt.simulation.serving import Served, is_other, may_serve, read
from portopt.simulation.strategies import Decided, Held
from portopt.terms.catalog import parse_costs
from portopt.trading.lots_of_day import held_in_cents

AUDITED = 25  # one day of so many is certified by the audit, chosen by the request's seed


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What a decision leaves for the next: where everything stood, by name. y: (r,) multipliers of the rows."""

    ids: tuple[str, ...]
    standing: Standing
    tau: float
    y: Vector


class DailyDecider:
    """Decides as PipelineDecider does, to 1e-9 of a weight. What it keeps between days is what each would work out again."""

    def __init__(self, request: BacktestRequest) -> None:
        self.request = request
        self._served: Served | None = None
        self._refused: tuple[object, ...] | None = None
        self._columns: Indices | None = None

    def decide(self, known: Known, held: Held) -> Decided:
        """Raises PortoptError where nothing can be decided."""
        begins = held.opens and any(map(grows, parse_costs(policy_on(self.request, known, held).costs)))
        served = self._serving(known, held) if begins or (isinstance(held.memory, Memory) and not held.opens) else None
        quick = None if served is None else self._quick(served, known, held)
        return self._live(known, held) if quick is None else quick

    def _live(self, known: Known, held: Held) -> Decided:
        asked = asked_on(self.request, known, held)
        snapshot, answer = solved_live(asked, known)
        return replace(traded_live(asked, known, held, snapshot, answer), memory=memory_of(answer))

    def _serving(self, known: Known, held: Held) -> Served | None:
        """What serves this day; None where the live path would see more than a template does."""
        policy, candidates = policy_on(self.request, known, held), self._candidates(known)
        now = self._served
        if now is None or now.policy != policy or now.members != known.members or is_other(now, known, candidates):
            if self._refused == (policy, known.members, known.day):
                return None
            try:
                self._served = now = read(self.request, policy, known, held, candidates)
            except NotDaily:
                self._refused = (policy, known.members, known.day)
                return None
        return now if may_serve(now, known, held, self._benchmark_of(held), candidates) else None

    def _candidates(self, known: Known) -> Indices:
        """Columns of whoever belongs to the universe today."""
        if self._columns is None:
            at = {asset_id: i for i, asset_id in enumerate(known.ids)}
            self._columns = np.array([at[a.id] for a in self.request.universe.assets if a.id in at], dtype=np.intp)
        if known.members is None:
            return self._columns
        return np.array([j for j in self._columns.tolist() if known.ids[j] in known.members], dtype=np.intp)

    def _quick(self, served: Served, known: Known, held: Held) -> Decided | None:
        """None where the live path is to decide."""
        memory, b = begun_at(served) if held.opens else held.memory, self._benchmark(served, held)
        lots = lots_of(served, known, held)
        if memory.ids != served.universe.ids or lots is None:
            return None
        if len(memory.y) != len(served.template.first.rows):
            memory = begun_at(served, memory.standing)
        market = beliefs(served, known, b)
        moves = None
        if served.template.impact is not None or served.paid_powers is not None:
            moves = moves_of(served, known, market.Sigma, market.years, lots.value)
            if moves is None:
                return None
            lots = replace(lots, powers=None if served.paid_powers is None else served.paid_powers * moves)
        book = held_in_cents(lots) / float(lots.value)
        day = served.template.on(market.mu, market.Sigma, book, b, moves)
        found = solved(day, memory.standing, memory.tau, memory.y)
        if found is None:
            return None
        audits = held.opens or zlib.crc32(f"{self.request.seed} {known.day}".encode()) % AUDITED == 0
        if audits and not is_certified(asked_on(self.request, known, held), known, found):
            return None
        whole = day if served.template.counts_trades else replace(day, book=book)
        near = rounded(day, whole, found, lots) or rounded(day, whole, found, lots.with_remainder())
        if near is None:
            return None
        return replace(
            decided(served, known, held, book, found, near),
            binding=binding(served.template, day.as_traded(found.w), found, b),
            certificate="audit" if audits else "check",
            memory=Memory(memory.ids, found.standing, found.tau, found.y),
        )

    def _benchmark_of(self, held: Held) -> Mapping[str, float]:
        return (held.benchmark if held.benchmark is not None else self.request.benchmark) or {}

    def _benchmark(self, served: Served, held: Held) -> Vector | None:
        weights = self._benchmark_of(held) or None
        return None if weights is None else served.universe.vector({a: float(w) for a, w in weights.items()})


def begun_at(served: Served, there: Standing | None = None) -> Memory:
    """For the first day of a program: weights where they stood, or where they are, and rows at no side but equalities."""
    k = served.template.first
    sides = np.where(k.row_lower == k.row_upper, 2, 0).astype(np.int8)
    if there is None:
        places = np.where(served.universe.is_cash, SELLING, STAYING).astype(np.int8)
    else:
        places = there.places
    return Memory(served.universe.ids, Standing(places, sides, False), 1.0, np.zeros(len(sides)))


def memory_of(answer: Solved) -> Memory | None:
    """Where everything stands in a live answer; None where that is of no use to a next day."""
    form, raw = answer.form, answer.solution.raw
    if raw is None or answer.gave_way:
        return None
    if any(grows(cost) for cost in answer.problem.costs):
        form, raw = stripped(answer.problem, form, raw)
    k = kinked(form)
    now = None if k is None else standing_of(k, raw)
    if k is None or now is None or raw.duals is None or raw.x is None:
        return None
    tau = 1.0
    if form.ratio:
        excess = -(float(form.q @ raw.x) + form.constant)
        tau = float(raw.x @ form.P_times(raw.x)) / excess if excess > 0.0 else 0.0
    elif k.ball is not None and now.on_ball:
        tau = 1.0 / (1.0 + float(raw.duals.cones[0][0]) / k.ball.radius * k.ball.multiple)
    return Memory(answer.problem.universe.ids, now, tau, raw.duals.rows[k.rows]) if tau > 0.0 else None
