"""A good book to begin with: decide which assets trade, solve for how much, and look for whole lots close by.

The flat fee is not convex. It is charged in proportion to the trade at a rate of fee / (size of the trade found last), so
that small trades become dear and vanish; a few convex solves later it is known which trades are worth their fee.
Source: Lobo, Fazel and Boyd (2007), Portfolio optimization with linear and fixed transaction costs, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.program import Quadratic, StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization import solve, solve_convex
from portopt.optimization.ratio.best_ratio import NoExcessReturn, RisklessExcess
from portopt.optimization.scaling.extension import bounded, continuous, rescaled, tightened
from portopt.trading.share_program import ShareProgram

REWEIGHTED = 3


def target(program: ShareProgram, gamma: float) -> tuple[Vector | None, float]:
    """A point of the share program, its switches whole, its lots not, and the value of the program with nothing held whole.

    gamma: the certified answer's own risk aversion, at which a ratio is replaced by utility. The value is a lower bound on
    every book's, -inf for a ratio; None where the convex solver had no answer.
    """
    form = as_utility(continuous(program.form), gamma)
    x = solved(form)
    if x is None:
        return None, -np.inf
    # What utility is worth bounds no ratio: there the certified one does.
    bound = -np.inf if program.form.ratio else form.objective(x)
    x = _netted(program, x)
    fee = float(program.form.q[program.buying[:1]].sum()) if (program.buying >= 0).any() else 0.0
    for _ in range(REWEIGHTED if fee > 0.0 else 0):
        again = solved(_reweighted(form, program, x, fee))
        if again is None:
            break
        x = _netted(program, again)
    return _settled(form, program, x), bound


def resized(program: ShareProgram, gamma: float, x: Vector, margins: Mapping[str, float]) -> Vector | None:
    """The trades of x, or others where those cannot be, with sizes solved for under limits closed by their margins.

    x: (N,) of the program; the answer too, None where nothing keeps such limits.
    """
    form = tightened(as_utility(continuous(program.form), gamma), margins)
    again = _settled(form, program, x)
    if again is not x:
        return again
    free = solved(form)
    return None if free is None else _settled(form, program, _netted(program, free))


def own_risk_aversion(form: StandardForm, x: Vector) -> float:
    """gamma = (excess return) / (variance) at x, where a ratio's optimum is utility's too; 1 for any other program."""
    if not form.ratio:
        return 1.0
    excess, variance = -(float(form.q @ x) + form.constant), float(x @ form.P_times(x))
    return excess / variance if excess > 0.0 and variance > 0.0 else 1.0


def as_utility(form: StandardForm, gamma: float) -> StandardForm:
    """A ratio as the utility program of that risk aversion: near the optimum the same trades, at a fraction of the work."""
    if not form.ratio:
        return form
    return replace(form, ratio=False, quadratics=tuple(Quadratic(b.columns, gamma * b.M) for b in form.quadratics))


def _settled(form: StandardForm, program: ShareProgram, x: Vector) -> Vector:
    """x with its trades switched on or off and their sizes solved for again; x itself where that leaves nothing."""
    columns, values = _switches(program, x)
    columns, values = columns[columns >= 0], values[columns >= 0]
    again = solved(bounded(form, columns, values, values))
    if again is None:
        return x
    again[columns] = values
    return _netted(program, again)


def solved(form: StandardForm) -> Vector | None:
    """The convex solver's point, or None where it has none: infeasible, or a ratio that is not one.

    Trading costs can take a ratio's excess return below zero; there it has no maximum and utility is asked instead.
    """
    unit = _units(form)
    counted = rescaled(form, unit)
    try:
        answer = _answered(counted)
    except (NoExcessReturn, RisklessExcess):
        return None
    return answer.x * unit if answer.status is SolveStatus.OPTIMAL and answer.x is not None else None


def _answered(form: StandardForm) -> RawAnswer:
    """Not polished where that is not needed: the point is rounded to lots, or solved for again, anyway."""
    if form.ratio or form.hinges or any(cone.kind == "exponential" for cone in form.cones):
        return solve(form, solver="clarabel" if form.ratio else None)
    # Programs with the share columns attached have not the structure that the first solver of the ladder is made for.
    return solve_convex(form, solver="clarabel" if form.cones else None, polish=False)


def _units(form: StandardForm) -> Vector:
    """(N,) for every column of lots the most it can be, else one: beside weights, thousands of lots mislead a solver."""
    _, upper = form.box()
    lots = np.isfinite(upper) & (upper > 1.0) & (np.arange(form.n_columns) >= form.n_weights)
    for block in form.quadratics:
        lots[block.columns] = False
    return np.where(lots, upper, 1.0)


def _netted(program: ShareProgram, x: Vector) -> Vector:
    """x without buying and selling of the same asset, which costs nothing where costs do not count."""
    net = x[program.buys] - x[program.sells]
    x[program.buys], x[program.sells] = np.maximum(net, 0.0), np.maximum(-net, 0.0)
    return x


def _reweighted(form: StandardForm, program: ShareProgram, x: Vector, fee: float) -> StandardForm:
    """The flat fee spread over the trades as they are now; a trade of nothing is charged as one lot."""
    q = form.q.copy()
    for trades, switches in ((program.buys, program.buying), (program.sells, program.selling)):
        q[switches] = 0.0
        q[trades] += fee / np.maximum(x[trades], 1.0)
    return replace(form, q=q)


def _switches(program: ShareProgram, x: Vector) -> tuple[Indices, Vector]:
    """The whole-number switches nearest to x: on where at least half of the least trade is traded."""
    columns, values = [], []
    closable = program.closing >= 0
    closed = np.zeros(len(program.movable), dtype=bool)
    closed[closable] = x[program.closing[closable]] > 0.5
    for trades, switches, fewest in program.sides:
        columns.append(switches)
        values.append(((x[trades] >= 0.5 * fewest) & ~closed).astype(float))
    columns.append(program.closing[closable])
    values.append(closed[closable].astype(float))
    return np.concatenate(columns), np.concatenate(values)


def neighbourhood(program: ShareProgram, x: Vector, lots: int) -> tuple[Vector, Vector]:
    """Bounds of the program's columns (N,) within `lots` of x, its switches as they are."""
    lower, upper = program.form.box()
    for trades, switches, fewest in program.sides:
        idle = (x[trades] < 0.5 * fewest) & (switches >= 0)
        lower[trades] = np.clip(np.floor(x[trades]) - lots, lower[trades], upper[trades])
        upper[trades] = np.clip(np.ceil(x[trades]) + lots, lower[trades], upper[trades])
        lower[trades[idle]] = upper[trades[idle]] = 0.0
    columns, values = _switches(program, x)
    kept = columns >= 0
    lower[columns[kept]] = upper[columns[kept]] = values[kept]
    return lower, upper
