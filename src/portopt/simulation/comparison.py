"""Strategies side by side on one history: always with one part in N, the least variance, the benchmark and doing nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.backtest import BacktestRequest, Units
from portopt.domain.errors import InvalidValue, PortoptError
from portopt.judgement.histories import returns_of
from portopt.judgement.pairs import compare
from portopt.judgement.walked import Compared, Pair, Side
from portopt.simulation.comparators import drifting, replayed
from portopt.simulation.deciders import Path, decider_of
from portopt.simulation.history import History, Known, day_of
from portopt.simulation.simulate import Simulation, simulation, walked
from portopt.simulation.span import enough_rows, span
from portopt.simulation.strategies import Decider, Held, Ruled, equal_weights

EQUAL, LEAST, BENCHMARK, NOTHING = "equal_weight", "min_variance", "benchmark", "do_nothing"
COMPARATORS = (EQUAL, LEAST, BENCHMARK, NOTHING)
FEWEST_RETURNS = 20


def compared(
    requests: Mapping[str, BacktestRequest],
    history: History,
    *,
    path: Path = "auto",
    draws: int = 2000,
    seed: int = 1,
    deciders: Mapping[str, Decider] = {},
) -> Compared:
    """Every strategy by its name, from the first day on which all of them can decide, on the same capital.

    The comparators trade when the first of the strategies does, at its costs. A strategy that is refused stands there with its
    problem; the others are compared. deciders: who decides, by name, where it is not the request's policy by itself.

    Raises InvalidValue for no strategy, for a name that a comparator has, or for different capital, benchmarks or periods.
    """
    sims = simulations(requests, history, path, deciders)
    walks = [side(name, s) for name, s in sims.items()]
    beside = comparators(sims, walks[0][1], path)
    return concluded(sims, [*(one for one, _ in walks), *beside], draws=draws, seed=seed)


def simulations(
    requests: Mapping[str, BacktestRequest], history: History, path: Path, deciders: Mapping[str, Decider] = {}
) -> dict[str, Simulation]:
    """What does not change from day to day, of each. Errors as for `compared`."""
    _require_comparable(requests)
    rows = _common_span(requests, history)
    return {
        name: _simulation(request, history, rows, deciders.get(name) or decider_of(request, path))
        for name, request in requests.items()
    }


def concluded(sims: Mapping[str, Simulation], sides: Sequence[Side], *, draws: int, seed: int) -> Compared:
    """All of them beside one another, when each has come to its end."""
    s = next(iter(sims.values()))
    flows, dates = _flows(s), s.history.dates[s.first : s.last + 1]
    pairs = _pairs(sides, flows, dates, s.request, draws, seed)
    return Compared(tuple(day_of(day) for day in dates), flows, tuple(sides), pairs)


def _simulation(request: BacktestRequest, history: History, rows: tuple[int, int], decider: Decider) -> Simulation:
    start, end = (day_of(history.dates[row]) for row in rows)
    s = simulation(request, history, decider, start=start, end=end)
    held_against = drifting(request, history, min(s.last, s.ready + request.execution.delay))
    return s if held_against is None else replace(s, benchmark=held_against.weights)


def side(name: str, s: Simulation, *, asked: bool = True) -> tuple[Side, dict[int, Units]]:
    """One of them over the whole history, and the first book that it wanted, by the row of that decision."""
    try:
        run, end = walked(s)
    except PortoptError as refusal:
        return Side(name, asked, None, None, None, refusal.problem()), {}
    return Side(name, asked, run.equity.astype(np.float64), run.gross, run), dict(list(end.wanted.items())[:1])


def comparators(sims: Mapping[str, Simulation], bought: Mapping[int, Units], path: Path) -> list[Side]:
    """What every policy should be held against, trading as the first of them does. bought: the first book that it wanted."""
    s = next(iter(sims.values()))
    base = s.request
    least = replace(base, policy=least_variance(base))
    found = [
        side(EQUAL, replace(s, decider=one_in_n(base)), asked=False)[0],
        side(LEAST, replace(s, request=least, decider=decider_of(least, path)), asked=False)[0],
    ]
    held_against = drifting(base, s.history, min(s.last, s.ready + base.execution.delay))
    if held_against is not None:
        worth = _in_money(held_against.index[s.first : s.last + 1], s)
        found.append(Side(BENCHMARK, False, worth, worth))
    if bought:
        run = replayed(s, bought)
        found.append(Side(NOTHING, False, run.equity.astype(np.float64), run.gross, run))
    return found


def least_variance(request: BacktestRequest) -> Any:
    """The strategy's policy with the least variance as its aim, long only, and no limit of its own but on cash."""
    cash = {"cash": request.policy.limits["cash"]} if "cash" in request.policy.limits else {"cash": {"max": 0.02}}
    return replace(
        request.policy, id=LEAST, name=LEAST, objective={"kind": "min_risk"}, limits={"long_only": True, **cash}, costs={},
        relax_order=(),
    )  # fmt: skip


def one_in_n(request: BacktestRequest) -> Decider:
    """1/N over those of the universe that have a price today."""
    names = frozenset(request.universe.ids)

    def rule(known: Known, held: Held) -> dict[str, float]:
        priced = [a for a in equal_weights(known, held) if a in names]
        return dict.fromkeys(priced, 1.0 / len(priced)) if priced else {}

    return Ruled(rule)


def _in_money(index: Vector, s: Simulation) -> Vector:
    """(T,) cents that the capital, and what came in or went out, have become in an index (T,)."""
    worth, money = np.zeros(len(index)), float(round(s.request.capital * 100))
    for t in range(len(index)):
        money = money * (index[t] / index[t - 1] if t else 1.0) + s.flows.get(s.first + t, 0)
        worth[t] = money
    return worth


def _flows(s: Simulation) -> Vector:
    return np.array([float(s.flows.get(row, 0)) for row in range(s.first, s.last + 1)])


def _pairs(sides: Sequence[Side], flows: Vector, dates: Any, base: BacktestRequest, draws: int, seed: int) -> tuple[Pair, ...]:
    """Each strategy asked for against those after it and against every comparator."""
    if len(dates) <= FEWEST_RETURNS:
        return ()
    rf = base.policy.risk_free_rate / 252.0
    excess = {
        side.name: (returns_of(side.net, dates, flows) - rf, returns_of(side.gross, dates, flows) - rf)
        for side in sides
        if side.net is not None and side.gross is not None and side.net.min() > 0.0
    }
    found = []
    for i, first in enumerate(sides):
        for second in sides[i + 1 :]:
            if first.asked and first.name in excess and second.name in excess:
                both = zip(excess[first.name], excess[second.name], strict=True)
                net, gross = (compare(a, b, draws=draws, seed=seed) for a, b in both)
                found.append(Pair(first.name, second.name, net, gross))
    return tuple(found)


def _common_span(requests: Mapping[str, BacktestRequest], history: History) -> tuple[int, int]:
    spans = [span(request, history) for request in requests.values()]
    needed = max(enough_rows(request) for request in requests.values())
    return max(needed, max(first for first, _ in spans)), min(last for _, last in spans)


def _require_comparable(requests: Mapping[str, BacktestRequest]) -> None:
    if not requests:
        raise InvalidValue("strategies", [], "there is nothing to compare", fix="name a policy")
    for name in requests:
        if name in COMPARATORS:
            raise InvalidValue("strategies", name, "is always among them; call your own otherwise")
    base = next(iter(requests.values()))
    for name, request in requests.items():
        for what in ("capital", "currency", "benchmark", "cash_flows"):
            if getattr(request, what) != getattr(base, what):
                raise InvalidValue(f"strategies.{name}.{what}", str(getattr(request, what)), "differs from the first one's")
