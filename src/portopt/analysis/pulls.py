"""What pulls at each weight at the optimum, by source. There they add up to zero: that is what makes it the optimum.

From  L = f(x) + y'Ax + t'x - sum_k z_k'(B_k x + b_k)  every source has a pull on every column, minus its gradient:
the objective -(Px + q), a limit's rows -A'y, its bounds -t, its cones B'z. Helper columns (factor exposures, buys and sells)
are functions of the weights by their defining rows; what pulls at a helper is handed on to the weights through these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from portopt.analysis.definitions import Definitions, definitions
from portopt.analysis.lot_rows import lot_rows, tax_pulls
from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.errors import DataError
from portopt.domain.problem import Problem
from portopt.domain.program import Program, StandardForm
from portopt.domain.solution import Duals, RawAnswer

RETURN, RISK, COST, TAX = "expected return", "risk", "trading cost", "tax"
CONSTRUCTION = "constructed portfolio"
UNCERTAINTY, GOALS = "uncertainty", "goals"
STILL = 1e-10  # a trade below this is none


def pulls(problem: Problem, form: StandardForm, raw: RawAnswer) -> Mapping[str, Vector]:
    """(n,) annual utility per unit of weight, by source: "expected return", "risk", "trading cost", "tax" or a limit's kind.

    In the unit of the program's minimized objective: annual return, or half variance where no risk aversion turns
    variance into return. For a ratio, of the utility program with the portfolio's own risk aversion.
    Raises DataError for an answer without multipliers.
    """
    if raw.x is None or raw.duals is None:
        raise DataError("an answer without multipliers cannot be explained", field="solution")
    own = _own_helpers(problem)
    sources = {**_objective_pulls(problem, form, raw.x, own)}
    whose, of_lots = definitions(form, own.name, own.columns), lot_rows(problem, form)
    if len(of_lots):
        sources[TAX] = tax_pulls(form, of_lots, raw.duals.rows)
    for kind, pull in _limit_pulls(form, raw.duals, own, whose).items():
        # Other cones owned by no limit are those of trading costs, or the logarithms of risk budgets.
        name = kind or (COST if problem.target is None else CONSTRUCTION)
        sources[name] = sources.get(name, np.zeros(form.n_columns)) + pull
    owned = {name: np.setdiff1d(rows, of_lots) for name, rows in whose.rows.items()}
    handed = _handed_on(form, raw.x, raw.duals, sources, owned)
    return {name: pull for name, pull in handed.items() if np.any(pull)}


@dataclass(frozen=True, slots=True)
class _Own:
    """The objective's own helper columns (those below `columns`) and cones (the first `cones`): it speaks first.

    name: what they pull for; "" where the objective does not say, and helpers are those of trading costs.
    """

    name: str = ""
    columns: int = 0
    cones: int = 0


def _own_helpers(problem: Problem) -> _Own:
    name = problem.objective.helpers
    if not name:
        return _Own()
    program = Program(problem.n)
    problem.objective.express(program, problem)
    form = program.freeze()
    return _Own(name, form.n_columns, len(form.cones))


def own_risk_aversion(form: StandardForm, x: Vector) -> float:
    """gamma of the utility program whose optimum is the ratio's:  (excess return) / (variance).

    x: (N,) every column of the form.
    """
    return -(float(form.q @ x) + form.constant) / float(x @ form.P_times(x))


def _objective_pulls(problem: Problem, form: StandardForm, x: Vector, own: _Own) -> dict[str, Vector]:
    """-(Px + q), told apart: the quadratic is risk; the rest return on weights and cost on helpers.

    Where the linear part belongs to the risk too (a tracking error's is -Sigma b) it pulls there; where the objective refers to
    a constructed portfolio, all of it does.
    """
    if problem.target is not None:
        return {CONSTRUCTION: -(form.P_times(x) + form.q)}
    gamma = own_risk_aversion(form, x) if form.ratio else 1.0
    risk = -gamma * form.P_times(x)
    linear = -form.q
    at = np.arange(form.n_columns)
    if problem.objective.linear == RISK:
        ours = at < form.n_weights
        for block in form.quadratics:
            ours[block.columns] = True
        risk, linear = risk + np.where(ours, linear, 0.0), np.where(ours, 0.0, linear)
    on_weights, on_own = at < form.n_weights, (at >= form.n_weights) & (at < own.columns)
    found = {RETURN: np.where(on_weights, linear, 0.0), RISK: risk, COST: np.where(on_weights | on_own, 0.0, linear)}
    if own.name:
        found[own.name] = found.get(own.name, 0.0) + np.where(on_own, linear, 0.0)
    return found


def _limit_pulls(form: StandardForm, duals: Duals, own: _Own, whose: Definitions) -> dict[str, Vector]:
    """(N,) pulls of every limit's rows, bounds and cones; of the objective's cones under its name, of others under ""."""
    out: dict[str, Vector] = {}

    def add(kind: str, columns: Indices, amounts: Vector) -> None:
        np.add.at(out.setdefault(kind, np.zeros(form.n_columns)), columns, amounts)

    for g in form.row_groups:
        if g.limit:
            at = slice(form.A.indptr[g.start], form.A.indptr[g.stop])
            rows = np.repeat(np.arange(g.start, g.stop), np.diff(form.A.indptr[g.start : g.stop + 1]))
            add(g.limit, form.A.indices[at].astype(np.intp), -form.A.data[at] * duals.rows[rows])
    for g in form.bound_groups:
        if g.limit:
            add(g.limit, form.bound_columns[g.start : g.stop], -duals.bounds[g.start : g.stop])
    everything = np.arange(form.n_columns)
    for k, (cone, z) in enumerate(zip(form.cones, duals.cones, strict=True)):
        owner = cone.limit or whose.cones.get(k, "")
        add(own.name if k < own.cones else owner, everything, np.asarray(cone.B.T @ z))
    return out


def _handed_on(
    form: StandardForm, x: Vector, duals: Duals, sources: Mapping[str, Vector], owned: Mapping[str, Indices]
) -> dict[str, Vector]:
    """(n,) by source: pulls on weights, and pulls on helpers carried over by the defining rows.

    The multiplier of a defining row is the sum of what its helper column is pulled by, divided by its coefficient. Where a
    trade is zero neither helper is free: the row's multiplier is then a fraction of what trading would cost, and every
    source of that cost has the same fraction of it. owned: rows known to pull for one source, which they do as they stand.
    """
    n = form.n_weights
    out = {name: pull[:n].copy() for name, pull in sources.items()}
    known = np.zeros(len(form.row_lower), dtype=bool)
    for name, rows in owned.items():
        known[rows] = True
        out[name] = out.get(name, np.zeros(n)) - form.A[rows][:, :n].T @ duals.rows[rows]
    for g in form.row_groups:
        if g.limit:
            continue
        rows = g.start + np.flatnonzero(~known[g.start : g.stop])
        alike = _alike(form, rows)
        if alike is not None:
            _hand_on_alike(alike, x, duals.rows[rows], sources, out)
            continue
        for row in rows:
            _hand_on(form, int(row), x, float(duals.rows[row]), sources, out)
    return out


def _alike(form: StandardForm, rows: Indices) -> tuple[Indices, Matrix] | None:
    """(columns, values), (r, k) each, of rows that hold one weight and then k - 1 helpers, as those of trades do; else None."""
    A, n = form.A, form.n_weights
    if len(rows) == 0 or not np.array_equal(rows, np.arange(rows[0], rows[-1] + 1)):
        return None
    entries = slice(A.indptr[rows[0]], A.indptr[rows[-1] + 1])
    k = (entries.stop - entries.start) // len(rows)
    if k < 2 or np.any(np.diff(A.indptr[rows[0] : rows[-1] + 2]) != k):
        return None
    columns = A.indices[entries].reshape(len(rows), k).astype(np.intp)
    one = bool(np.all(columns[:, 0] < n) and np.all(columns[:, 1:] >= n))
    return (columns, A.data[entries].reshape(len(rows), k)) if one else None


def _hand_on_alike(
    alike: tuple[Indices, Matrix], x: Vector, multipliers: Vector, sources: Mapping[str, Vector], out: dict[str, Vector]
) -> None:
    """What `_hand_on` does, of many rows at once and to the same bits."""
    (columns, values), every = alike, np.arange(len(multipliers))
    helpers, coefficients = columns[:, 1:], values[:, 1:]
    pulled = np.zeros(helpers.shape)
    for pull in sources.values():
        pulled = pulled + pull[helpers]
    used = np.argmax(x[helpers], axis=1)
    # Buying weighs against the multiplier's one sign, selling against the other.
    would = np.argmax(pulled / coefficients * np.sign(multipliers)[:, None], axis=1)
    used = np.where(x[helpers[every, used]] <= STILL, would, used) if helpers.shape[1] > 1 else used
    h, coefficient = helpers[every, used], coefficients[every, used]
    total = pulled[every, used] / coefficient
    share = np.divide(multipliers, total, out=np.zeros(len(total)), where=total != 0.0)
    for name, pull in sources.items():
        np.subtract.at(out[name], columns[:, 0], values[:, 0] * (share * pull[h] / coefficient))


def _hand_on(
    form: StandardForm, row: int, x: Vector, multiplier: float, sources: Mapping[str, Vector], out: dict[str, Vector]
) -> None:
    """One defining row: what its helper is pulled by, to the weights that it holds."""
    at = slice(form.A.indptr[row], form.A.indptr[row + 1])
    columns, values = form.A.indices[at], form.A.data[at]
    helper = columns >= form.n_weights
    if not helper.any():
        return
    h, coefficient = _helper_of(x, columns[helper], values[helper], multiplier, sources)
    pulled = {name: float(pull[h]) for name, pull in sources.items() if pull[h] != 0.0}
    total = sum(pulled.values()) / coefficient
    share = multiplier / total if total != 0.0 else 0.0
    own, weights = columns[~helper], values[~helper]
    for name, amount in pulled.items():
        out[name][own] -= weights * (share * amount / coefficient)


def _helper_of(
    x: Vector, helpers: Indices, values: Vector, multiplier: float, sources: Mapping[str, Vector]
) -> tuple[int, float]:
    """(column, coefficient) of the helper whose pulls make the row's multiplier: the one in use, or the one it would be."""
    if len(helpers) == 1:
        return int(helpers[0]), float(values[0])
    used = int(np.argmax(x[helpers]))
    if x[helpers[used]] <= STILL:
        # Buying weighs against the multiplier's one sign, selling against the other.
        totals = [sum(float(p[h]) for p in sources.values()) / v for h, v in zip(helpers, values, strict=True)]
        used = int(np.argmax([total * np.sign(multiplier) for total in totals]))
    return int(helpers[used]), float(values[used])
