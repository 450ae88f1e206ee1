"""Why a run and its benchmark came apart, by sector and by factor, as data: the parts of each add up to the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.backtest import FRACTION, Backtested
from portopt.domain.canonical import plain
from portopt.domain.errors import DataError
from portopt.domain.universe import NO_GROUP, is_blank
from portopt.judgement.attribution import Brinson, SectorPeriod, brinson, by_group
from portopt.judgement.histories import returns_of
from portopt.judgement.sources import realized
from portopt.simulation.comparators import Drifting
from portopt.simulation.expected_factors import expected_factors
from portopt.simulation.history import filled_forward
from portopt.simulation.simulate import Simulation

CASH_GROUP, REST = "cash", "interest, costs and left-overs"  # the last: of a benchmark bought in whole orders too
TOGETHER = "all together"


def attribution_of(s: Simulation, run: Backtested, held_against: Drifting | None) -> dict[str, Any] | None:
    """Brinson's effects against the benchmark by sector, linked over the days (Cariño); exposures to the factor returns known.

    brinson [{group, allocation, selection, interaction, total}], the last row the sum, which is the compounded active return.
    factors [{name, exposure, contribution, share}], a year, as it turned out; expected_factors {decisions, parts}: as the books
    that were decided let expect. None where there is neither.
    """
    if len(run.dates) < 3 or run.equity.min() <= 0:
        return None
    flows = np.array([float(s.flows.get(row, 0)) for row in range(s.first, s.last + 1)])
    r = returns_of(run.equity, run.dates, flows)
    found: dict[str, Any] = {}
    if held_against is not None:
        found["brinson"], found["linking"] = _effects(_by_sector(s, run, r, held_against)), "carino"
    factors = _factors(s, run, r)
    if factors:
        found["factors"] = factors
        expected = expected_factors(s, run)
        if expected is not None:
            found["expected_factors"] = expected
    return found or None


def _by_sector(s: Simulation, run: Backtested, r: Vector, held_against: Drifting) -> Brinson:
    """What is held at one close earns until the next. Cash earns nothing; what the ledger has beside that stands by itself."""
    X, w = _total_returns(s, run), _weights(s, run)
    b = _benchmark(s, held_against)
    index = held_against.index[s.first : s.last + 1]
    groups = _sectors(s)
    names, held = _with_rest(w, X, r, groups)
    _, base = _with_rest(b, X, index[1:] / index[:-1] - 1.0, groups)
    return brinson(names, held, base)


def _benchmark(s: Simulation, held_against: Drifting) -> Matrix:
    """(T - 1, n) its weights at the close before each day; in cash until it is bought, as the strategy is."""
    b = held_against.weights[s.first : s.last].copy()
    b[: min(s.last, s.ready + s.request.execution.delay) - s.first] = 0.0
    return b


def _with_rest(w: Matrix, X: Matrix, r: Vector, groups: tuple[str, ...]) -> tuple[tuple[str, ...], SectorPeriod]:
    """Weights (T, n) and returns (T, n) by group, cash as one, and what is left to the return r (T,) on no weight at all."""
    names, found = by_group(w, X, groups)
    cash, nothing = 1.0 - w.sum(axis=1), np.zeros(len(r))
    left = r - found.contributions.sum(axis=1)
    weights = np.column_stack([found.weights, cash, nothing])
    return (*names, CASH_GROUP, REST), SectorPeriod(weights, np.column_stack([found.contributions, nothing, left]))


def _weights(s: Simulation, run: Backtested) -> Matrix:
    """(T - 1, n) of equity, at the close before each day."""
    unit = FRACTION if s.request.execution.fractional else 1
    values = np.nan_to_num(run.units[:-1] / unit * run.prices[:-1])
    return np.asarray(values / (run.equity[:-1] / 100.0)[:, None])


def _total_returns(s: Simulation, run: Backtested) -> Matrix:
    """(T - 1, n) with dividends and splits in; none where there is no price yet."""
    worth = filled_forward(s.history.total_return())[s.first : s.last + 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nan_to_num(worth[1:] / worth[:-1] - 1.0, posinf=0.0, neginf=0.0))


def _sectors(s: Simulation) -> tuple[str, ...]:
    by_id = {asset.id: asset.sector for asset in s.request.universe.assets}
    return tuple(NO_GROUP if is_blank(by_id.get(a)) else str(by_id[a]) for a in s.history.ids)


def _effects(found: Brinson) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"group": group, "allocation": float(a), "selection": float(b), "interaction": float(c), "total": float(a + b + c)}
        for group, a, b, c in zip(found.groups, found.allocation, found.selection, found.interaction, strict=True)
    ]
    named = ("allocation", "selection", "interaction")
    sums: Mapping[str, float] = {name: float(sum(row[name] for row in rows)) for name in named}
    return [*rows, {"group": TOGETHER, **sums, "total": found.active}]


def _factors(s: Simulation, run: Backtested, r: Vector) -> list[dict[str, Any]]:
    """Of the newest factor returns, on the days that they have in common with the run; [] where they do not say."""
    if not s.history.factors or s.history.factors[-1][1].dates is None:
        return []
    factors = s.history.factors[-1][1]
    _, mine, theirs = np.intersect1d(run.dates[1:], np.asarray(factors.dates, dtype=run.dates.dtype), return_indices=True)
    try:
        found = realized(r[mine] - s.request.policy.risk_free_rate / 252.0, factors.values[theirs], factors.names)
    except DataError:
        return []
    rest = {"name": "specific", "exposure": None, "contribution": found.specific, "share": found.specific_share}
    return [*plain(found.parts), rest]
