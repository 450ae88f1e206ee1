"""How a proposal's answer goes as each value of its policy that binds goes: what a page needs to move it without asking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt import formulation
from portopt.analysis.yardstick import Yardstick
from portopt.domain.arrays import Vector
from portopt.domain.choices import Measured
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import DataError, DeadlineExceeded, PortoptError
from portopt.domain.polynomials import nodes
from portopt.domain.previews import Curve, Move, NotMoved, Previews
from portopt.domain.problem import Problem
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.domain.universe import CASH
from portopt.intake.moved import moved_request
from portopt.ports import MarketDataProvider
from portopt.questions.posed import OnPrices, kept_prices, on_prices
from portopt.questions.stands import Stands, stands

if TYPE_CHECKING:
    from portopt.runtime import Runtime

AVERSION = "objective.risk_aversion"
LOOKS = 9  # at which a figure is read along a move
GAVE_WAY = "limits gave way in what stands: what binds there is not what the policy says"
WHOLE = "whole numbers stay as they are: another choice of them may be better inside a range"
TURNS = "the weights turn too sharply to be followed: a what-if solves it"


def derivatives(
    asked: RebalanceRequest | RunRecord | str,
    runtime: Runtime,
    *,
    market: MarketDataProvider | None = None,
    until: Deadline = NEVER,
) -> Previews:
    """Every number of the policy's limits that binds, and the risk aversion: where the weights go with it, and how far.

    asked: a rebalance, or a stored one, or its id. Inside its range each is within 1e-6 of the weights solved again. Whole
    numbers stay. Raises InfeasibleRequest where there is no answer to move from, DeadlineExceeded.
    """
    on = on_prices(asked, runtime, market)
    standing = stands(on, until)
    problem, weights = standing.solved.problem, standing.validated.weights
    yardstick = Yardstick(problem, weights)
    found = list(_moved(on, standing, yardstick, until))
    moves = [one for one in found if isinstance(one, Move)]
    notes = [WHOLE] if standing.solved.form.integer.any() else []
    return Previews(
        request=on.request,
        problem=problem,
        rests_on=kept_prices(on, runtime),
        run_id=on.run_id,
        stands=weights,
        prices=_prices(on, problem),
        shares=_shares(on, problem),
        figures=_figures(yardstick.measured(weights)),
        moves=tuple(sorted(moves, key=_dearness)),
        left_out=tuple(one for one in found if isinstance(one, NotMoved)),
        notes=tuple(notes),
    )


def _dearness(move: Move) -> float:
    """By what moving it by its own size is worth; what has no price comes last."""
    return np.inf if move.price is None else -abs(move.price * move.curve.value)


def _moved(on: OnPrices, standing: Stands, yardstick: Yardstick, until: Deadline) -> Iterator[Move | NotMoved]:
    from portopt.optimization.prices.curves import Moving, curve

    if standing.solved.gave_way:
        yield NotMoved("limits", GAVE_WAY)
        return
    try:
        near = standing.near
    except DataError as why:
        yield NotMoved("limits", why.detail)
        return
    for path, value in _values(on.request, standing.solved.problem):
        until.check(f"how the weights go with {path}")

        def at(there: float, path: str = path) -> Problem:
            return formulation.with_terms_of(standing.posed, moved_request(on.request, {path: there}), on.snapshot)

        try:
            found = curve(Moving(near, at, value, is_aversion=path == AVERSION))
        except DeadlineExceeded:
            raise
        except PortoptError as why:
            yield NotMoved(path, why.detail)
            continue
        if found is not None:
            yield _move(path, found, standing, yardstick)


def _values(request: RebalanceRequest, problem: Problem) -> Iterator[tuple[str, float]]:
    """Paths and values of the numbers that limits are written with, and of the risk aversion where there is one."""
    if problem.objective.gamma is not None:
        yield AVERSION, problem.objective.gamma
    yield from _numbers("limits", request.policy.limits)


def _numbers(path: str, found: Any) -> Iterator[tuple[str, float]]:
    if isinstance(found, Mapping):
        for name, inner in found.items():
            if "." not in str(name):  # no path leads there
                yield from _numbers(f"{path}.{name}", inner)
    elif isinstance(found, int | float) and not isinstance(found, bool):
        yield path, float(found)


def _move(path: str, curve: Curve, standing: Stands, yardstick: Yardstick) -> Move:
    from portopt.optimization.prices.curves import figure_along

    problem, weights = standing.solved.problem, standing.validated.weights
    values = nodes(curve.low, curve.high, LOOKS)
    t = np.array([curve.t(float(v)) for v in values])
    here = _figures(yardstick.measured(weights))
    there = [_figures(yardstick.measured(curve.weights(weights, float(v)))) for v in values]
    figures = {}
    for name, now in here.items():
        along = [found[name] for found in there]
        if now is not None and None not in along:
            figures[name] = figure_along(t, np.array(along, dtype=np.float64) - now)
    limit = next((limit for limit in problem.limits if limit.kind == path.split(".")[1]), None)
    slope, is_aversion = figures.get("objective"), path == AVERSION
    sign = 1.0 if problem.objective.sense == "maximize" else -1.0
    price = None if slope is None or is_aversion else sign * (slope[0] if slope else 0.0) / curve.scale
    title = "risk aversion" if limit is None else limit.describe()
    unit = "risk aversion" if limit is None else limit.unit
    return Move(path, title, unit, curve, figures, price, yardstick.unit)


def _figures(found: Measured) -> dict[str, float | None]:
    own = None if found.worth is None else found.worth.value
    return {
        "expected_return": found.figures.expected_return,
        "volatility": found.figures.volatility,
        "tracking_error": found.figures.tracking_error,
        "turnover": found.turnover,
        "cost": found.cost,
        "objective": own,
    }


def _prices(on: OnPrices, problem: Problem) -> Vector:
    """(n,) of a unit; NaN of what has none."""
    exact = formulation.exact_prices_of(on.request, on.snapshot)
    return np.array([1.0 if a == CASH else float(exact.get(a, "nan")) for a in problem.universe.ids])


def _shares(on: OnPrices, problem: Problem) -> Vector:
    """(n,) held, with the money that the request brings or takes in CASH."""
    held = on.request.funded
    return np.array([float(held.cash if a == CASH else held.shares.get(a, 0)) for a in problem.universe.ids])
