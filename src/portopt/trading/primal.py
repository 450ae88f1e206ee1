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
from portopt.domain.program import StandardForm
from portopt.domain.solution import SolveStatus
from portopt.optimization import solve
from portopt.trading.extended import continuous, tightened
from portopt.trading.share_program import ShareProgram

REWEIGHTED = 3
SECONDS = 1.0


def target(program: ShareProgram) -> tuple[Vector | None, float]:
    """A point of the share program, its switches whole, its lots not, and the value of the program with nothing held whole.

    The value is a lower bound on every book's. (None, -inf) where the convex solver had no answer.
    """
    form = continuous(program.form)
    x = _solved(form)
    if x is None:
        return None, -np.inf
    bound, x = form.objective(x), _netted(program, x)
    fee = float(program.form.q[program.buying[:1]].sum()) if (program.buying >= 0).any() else 0.0
    for _ in range(REWEIGHTED if fee > 0.0 else 0):
        again = _solved(_reweighted(form, program, x, fee))
        if again is None:
            break
        x = _netted(program, again)
    return _settled(form, program, x), bound


def resized(program: ShareProgram, x: Vector, margins: Mapping[str, float]) -> Vector | None:
    """The trades of x, or others where those cannot, with sizes solved for under limits closed by their margins."""
    form = tightened(continuous(program.form), margins)
    again = _settled(form, program, x)
    if again is not x:
        return again
    free = _solved(form)
    return None if free is None else _settled(form, program, _netted(program, free))


def nearest(program: ShareProgram, x: Vector) -> Vector:
    """x with every trade at the nearest whole lot."""
    out = x.copy()
    for trades in (program.buys, program.sells):
        out[trades] = np.round(x[trades])
    return out


def _settled(form: StandardForm, program: ShareProgram, x: Vector) -> Vector:
    """x with its trades switched on or off and their sizes solved for again; x itself where that leaves nothing."""
    columns, values = _switches(program, x)
    columns, values = columns[columns >= 0], values[columns >= 0]
    again = _solved(fixed(form, columns, values))
    if again is None:
        return x
    again[columns] = values
    return _netted(program, again)


def _solved(form: StandardForm) -> Vector | None:
    # Programs with the share columns attached have not the structure that the first solver of the ladder is made for.
    answer = solve(form, solver="clarabel" if form.cones or form.ratio else None, time_limit=SECONDS)
    return answer.x.copy() if answer.status is SolveStatus.OPTIMAL and answer.x is not None else None


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
    for trades, switches in ((program.buys, program.buying), (program.sells, program.selling)):
        columns.append(switches)
        values.append(((x[trades] >= 0.5 * program.fewest) & ~closed).astype(float))
    columns.append(program.closing[closable])
    values.append(closed[closable].astype(float))
    return np.concatenate(columns), np.concatenate(values)


def fixed(form: StandardForm, columns: Indices, values: Vector) -> StandardForm:
    """The form with these columns held at these values."""
    return replace(
        form,
        bound_columns=np.concatenate([form.bound_columns, columns]),
        bound_lower=np.concatenate([form.bound_lower, values]),
        bound_upper=np.concatenate([form.bound_upper, values]),
        bound_relax=np.concatenate([form.bound_relax, np.zeros(len(columns))]),
    )


def neighbourhood(program: ShareProgram, x: Vector, lots: int) -> tuple[Vector, Vector]:
    """Bounds of the program's columns (N,) within `lots` of x, its switches as they are."""
    lower, upper = program.form.box()
    for trades, switches in ((program.buys, program.buying), (program.sells, program.selling)):
        idle = (x[trades] < 0.5 * program.fewest) & (switches >= 0)
        lower[trades] = np.clip(np.floor(x[trades]) - lots, lower[trades], upper[trades])
        upper[trades] = np.clip(np.ceil(x[trades]) + lots, lower[trades], upper[trades])
        lower[trades[idle]] = upper[trades[idle]] = 0.0
    columns, values = _switches(program, x)
    kept = columns >= 0
    lower[columns[kept]] = upper[columns[kept]] = values[kept]
    return lower, upper
