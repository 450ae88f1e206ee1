"""Where a scenario program begins: a portfolio near its answer, and which scenarios that leaves in doubt."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.program import Quadratic, StandardForm
from portopt.domain.solution import SolveStatus
from portopt.optimization.ladder import climb
from portopt.optimization.scaling.presolve import crossing, restored, scaled
from portopt.optimization.scenarios.parts import Parts
from portopt.optimization.scenarios.reduced import reduced

INF = float("inf")
COLD = (0.3, 2.0)  # of the tail: scenarios ranked outside are not in doubt when only a neighbour of the answer is known
WARM = (0.75, 1.3)
NEAR_ZERO = {False: 0.10, True: 0.03}  # of all scenarios, where no threshold ranks them; True when warm
TRIES = 6
CLOSE = 0.1


@dataclass(frozen=True, slots=True)
class Threshold:
    """The helper column alpha of one block, u_t >= (…) - alpha: its value is a quantile of the rest.

    span: the block's hinges. column: alpha. mass: (T,) what each u_t is charged; tail: what alpha is: at the optimum the
    mass inside is the tail.
    """

    span: slice
    column: int
    mass: Vector
    tail: float


def thresholds(parts: Parts) -> tuple[Threshold, ...]:
    """One for every block that has such a column."""
    form, found, at = parts.form, [], 0
    for hinge in form.hinges:
        span = slice(at, at + len(hinge.columns))
        at = span.stop
        for k in np.flatnonzero((parts.columns >= form.n_weights) & np.all(parts.H[span] == -1.0, axis=0)):
            column = int(parts.columns[k])
            mass, tail = parts.cost[span], float(form.q[column])
            if not mass.any():  # it stands in a limit's row
                on_alpha = form.A[parts.others][:, [column]].toarray().ravel()
                rows = np.flatnonzero(on_alpha)
                if len(rows) == 0:
                    continue
                mass, tail = abs(parts.D[[rows[0]]].toarray().ravel()[span]), abs(float(on_alpha[rows[0]]))
            if tail > 0.0 and mass.any():
                found.append(Threshold(span, column, mass, tail))
    return tuple(found)


def with_thresholds(parts: Parts, found: tuple[Threshold, ...], x: Vector) -> Vector:
    """x with every alpha at its quantile.

    x: (N,) every column.
    """
    out = x.copy()
    for threshold in found:
        out[threshold.column] = 0.0
    lines = parts.lines(out)
    for threshold in found:
        own = lines[threshold.span]
        order = np.argsort(-own, kind="stable")
        inside = np.searchsorted(np.cumsum(threshold.mass[order]), threshold.tail)
        out[threshold.column] = own[order[min(int(inside), len(order) - 1)]]
    return out


def doubtful(parts: Parts, x: Vector, *, warm: bool) -> tuple[Indices, Mask]:
    """(kept, inside): the hinges that may change sides near x, and those of the others that are surely positive."""
    found = thresholds(parts)
    lines = parts.lines(x)
    kept = np.zeros(len(lines), dtype=bool)
    ranked = np.zeros(len(lines), dtype=bool)
    few, many = WARM if warm else COLD
    for threshold in found:
        own = lines[threshold.span]
        order = np.argsort(-own, kind="stable")
        share = np.cumsum(threshold.mass[order]) / threshold.tail
        doubt = (share >= few) & (share <= many)
        kept[threshold.span][order[doubt]] = True
        ranked[threshold.span] = True
    rest = ~ranked & ~parts.smooth
    if rest.any():
        limit = np.quantile(np.abs(lines[rest]), NEAR_ZERO[warm])
        kept |= rest & (np.abs(lines) <= limit)
    inside = ~kept & (lines > 0.0)
    for threshold in found:  # by rank, whatever alpha is
        own = lines[threshold.span]
        order = np.argsort(-own, kind="stable")
        first = np.cumsum(threshold.mass[order]) / threshold.tail < few
        inside[threshold.span] = False
        inside[threshold.span.start + order[first]] = True
    return np.flatnonzero(kept), inside & ~kept


def beginning(parts: Parts) -> Vector:
    """(N,) a portfolio near the answer: the scenarios' own second moment stands in for what is asked of them."""
    form, n = parts.form, parts.form.n_weights
    found = thresholds(parts)
    on_weights = np.flatnonzero(parts.columns < n)
    H = parts.H[:, on_weights]
    second = (H.T @ H) / len(H)
    bare = _bare(parts, found)
    pure = not bare.q.any() and not bare.quadratics
    x = _at(parts, found, bare, second, on_weights, 1.0, alone=True)
    if x is None:
        return with_thresholds(parts, found, _middle(form))
    limited = parts.charged_rows.any()
    if pure and not limited:
        return x
    gamma = _worth(parts, x) / max(_variance(parts, x, second, on_weights), 1e-300)
    if not limited:
        return _first(_at(parts, found, bare, second, on_weights, gamma), x)
    return _on_limit(parts, found, bare, second, on_weights, x)


def _on_limit(parts: Parts, found: tuple[Threshold, ...], bare: StandardForm, second: Vector, on: Indices, x: Vector) -> Vector:
    """The price of risk at which the limit is just met: by bisection of its logarithm."""
    size = max(float(np.abs(bare.q).max(initial=0.0)), 1e-300) / max(float(np.abs(second).max()), 1e-300)
    low, high = 1e-3 * size, 1e5 * size
    for _ in range(TRIES):
        gamma = float(np.sqrt(low * high))
        there = _at(parts, found, bare, second, on, gamma)
        if there is None:
            return x
        x, over = there, _over(parts, there)
        if abs(over) < CLOSE:
            return x
        low, high = (gamma, high) if over > 0.0 else (low, gamma)
    return x


def _over(parts: Parts, x: Vector) -> float:
    """By how much the scenario rows are over their side at x, relatively; the worst of them."""
    form, full = parts.form, parts.completed(x)
    rows = parts.others[parts.charged_rows]
    value = form.A[rows] @ full
    upper, lower = form.row_upper[rows], form.row_lower[rows]
    over = np.where(upper < INF, value - upper, lower - value)
    return float((over / np.maximum(np.abs(np.where(upper < INF, upper, lower)), 1e-12)).max())


def _worth(parts: Parts, x: Vector) -> float:
    """What the hinges and their thresholds cost at x."""
    full = parts.completed(x)
    u, helpers = full[parts.u], parts.plain[parts.plain >= parts.form.n_weights]
    return abs(float((parts.cost + 0.5 * parts.curvature * u) @ u) + float(parts.form.q[helpers] @ full[helpers]))


def _variance(parts: Parts, x: Vector, second: Vector, on: Indices) -> float:
    w = x[parts.columns[on]]
    return float(w @ second @ w)


def _bare(parts: Parts, found: tuple[Threshold, ...]) -> StandardForm:
    """Everything but the scenarios: no hinge, no row or norm that u stands in, no threshold in the objective."""
    nothing = np.zeros(0, dtype=np.intp)
    form = reduced(parts, nothing, np.zeros(len(parts.u), dtype=bool)).form
    row_lower, row_upper, q = form.row_lower.copy(), form.row_upper.copy(), form.q.copy()
    charged = np.flatnonzero(parts.charged_rows)
    row_lower[charged], row_upper[charged] = -INF, INF
    columns = [threshold.column for threshold in found] + [norm.column for norm in parts.norms if norm is not None]
    q[np.searchsorted(parts.plain, [column for column in columns if column >= 0]).astype(np.intp)] = 0.0
    cones = tuple(cone for cone, norm in zip(form.cones, parts.norms, strict=True) if norm is None)
    return replace(form, row_lower=row_lower, row_upper=row_upper, q=q, cones=cones)


def _at(
    parts: Parts,
    found: tuple[Threshold, ...],
    bare: StandardForm,
    second: Vector,
    on: Indices,
    gamma: float,
    *,
    alone: bool = False,
) -> Vector | None:
    """(N,) the answer with gamma/2 w'(second)w in the scenarios' place; alone: and nothing else in the objective."""
    columns = np.searchsorted(parts.plain, parts.columns[on]).astype(np.intp)
    risk = Quadratic(columns, gamma * second)
    form = replace(bare, quadratics=(risk,) if alone else (*bare.quadratics, risk))
    if alone:
        form = replace(form, q=np.zeros(form.n_columns))
    if crossing(form):
        return None
    program = scaled(form)
    answer = climb(program) if len(program.columns) else None
    if answer is None or answer.status is not SolveStatus.OPTIMAL:
        return None
    raw = restored(program, answer, 0.0)
    x = np.zeros(parts.form.n_columns)
    if raw.x is not None:
        x[parts.plain] = raw.x
    return with_thresholds(parts, found, x)


def _middle(form: StandardForm) -> Vector:
    lower, upper = form.box()
    x = np.clip(np.full(form.n_columns, 1.0 / max(form.n_weights, 1)), lower, upper)
    x[form.n_weights :] = np.clip(0.0, lower[form.n_weights :], upper[form.n_weights :])
    return np.asarray(x)


def _first(found: Vector | None, otherwise: Vector) -> Vector:
    return otherwise if found is None else found
