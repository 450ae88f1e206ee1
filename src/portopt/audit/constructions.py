"""What a constructed portfolio claims about itself, checked again from the problem.

    risk_parity    the target's shares of the risk are the budgets; the answer's own shares stand beside them
    hierarchical   every split of the tree has the weights that its two risks ask for (hierarchies.py)
    resampled      which draws it is the average of; nothing to check but that it is a portfolio
    target_weights the target holds what was asked for of every name
    equal_weight   the target holds the same of everything that may be held
    max_ratio      no portfolio is worth more than the target at the target's own ratio: that ratio is the highest

Shares no code with what constructs: the shares are recomputed from covariance or scenarios, the tree from SciPy's own nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

import numpy as np

from portopt.audit.hierarchies import hierarchy_claims
from portopt.domain.arrays import Mask, Matrix, Vector
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.universe import CASH

Claims = tuple[tuple[str, float | str], ...]

AS_BUDGETED = 1e-8
SUM = 1e-9
ABOVE_THE_BEST = 1e-7  # of the excess return
TIED = 1e-7  # of the CVaR: losses this near the quantile are at it
SUM_WEIGHT = 1e3
ROUNDED_WEIGHTS = 1e-3  # weights rounded to three digits are scaled to add up


class Budgeted(Protocol):
    """What is read of an objective with risk budgets."""

    measure: str
    confidence: float
    horizon: int
    target_volatility: float | None

    def shares(self, p: Problem, held: Mask) -> Vector: ...


class Averaged(Protocol):
    """What is read of a resampled objective."""

    draws: int
    seed: int
    method: str


class Wanted(Protocol):
    """What is read of an objective that names the weights it wants."""

    weights: Mapping[str, float]


class Ratio(Protocol):
    """What is read of an objective that is a ratio."""

    measure: str

    def ratio(self, w: Vector, p: Problem) -> float: ...

    def excess(self, w: Vector, p: Problem) -> float: ...


def construction_claims(problem: Problem, form: StandardForm, w: Vector) -> tuple[Claims, list[str]]:
    """(what was found about the target and the answer w (n,), reasons to refuse)."""
    h = problem.target
    if h is None:
        return (), []
    total = float(h.sum())
    if abs(total - 1.0) > SUM:
        return (("the constructed weights add up to", total),), [
            f"the constructed portfolio adds up to {total:.9g}, not to one"
        ]
    made = problem.objective.construction
    if made == "risk budgets":
        return _budget_claims(problem, cast(Budgeted, problem.objective), h, w)
    if made == "hierarchy":
        return hierarchy_claims(problem, form, h)
    if made == "average":
        objective = cast(Averaged, problem.objective)
        moved = float(np.abs(w - h).max())
        stated: Claims = (("draws", float(objective.draws)), ("seed", float(objective.seed)), ("drawn by", objective.method))
        return (*stated, ("largest move from the average", moved)), []
    if made == "weights":
        return _wanted_claims(problem, cast(Wanted, problem.objective), h, w)
    if made == "equal weights":
        return _equal_claims(problem, h, w)
    if made == "best ratio":
        return _ratio_claims(problem, cast(Ratio, problem.objective), h, w)
    return (), []


def _wanted_claims(problem: Problem, objective: Wanted, h: Vector, w: Vector) -> tuple[Claims, list[str]]:
    by_name = dict(zip(problem.universe.ids, h.tolist(), strict=True))
    off = max(abs(by_name.get(name, 0.0) - wanted) for name, wanted in objective.weights.items())
    claims: Claims = (("largest difference from a weight wanted", float(np.abs(w - h).max())),)
    if off <= ROUNDED_WEIGHTS:
        return claims, []
    return claims, [f"the target holds another weight than was asked for: {off:.1e} apart"]


def _equal_claims(problem: Problem, h: Vector, w: Vector) -> tuple[Claims, list[str]]:
    """Every asset that is not cash, can be traded and is barred by no limit has the same weight in h; nothing else has any."""
    hard = [limit for limit in problem.limits if not limit.soft]
    assets = enumerate(problem.universe.assets)
    who = [i for i, a in assets if a.tradable and a.id != CASH and not any(limit.bars(a, 0.0) for limit in hard)]
    claims: Claims = (
        ("assets that count", float(len(who))),
        ("largest difference from the equal weight", float(np.abs(w[who] - h[who]).max(initial=0.0))),
    )
    off = float(np.abs(h[who] - 1.0 / max(len(who), 1)).max(initial=0.0)) + float(np.abs(np.delete(h, who)).sum())
    return claims, [] if off <= SUM else [f"the constructed weights are not equal: {off:.1e} apart"]


def _ratio_claims(problem: Problem, objective: Ratio, h: Vector, w: Vector) -> tuple[Claims, list[str]]:
    """The answer maximizes N - S (R - R(h)); if that is more than N(h), some portfolio has a higher ratio than S."""
    worth, highest = objective.excess(h, problem), float(problem.objective.value(w, problem))
    above = (highest - worth) / max(abs(worth), 1e-12)
    claims: Claims = (
        (f"excess return over {objective.measure}, the highest", objective.ratio(h, problem)),
        (f"excess return over {objective.measure}, of the answer", objective.ratio(w, problem)),
    )
    if above <= ABOVE_THE_BEST:
        return claims, []
    return claims, [f"some portfolio has a ratio above the one called the highest: {above:.1e} of the excess return more"]


def _budget_claims(problem: Problem, objective: Budgeted, h: Vector, w: Vector) -> tuple[Claims, list[str]]:
    held = (h > 0.0) & ~problem.universe.is_cash
    b = objective.shares(problem, held)
    of_target = _deviation(problem, objective, h, b)
    of_answer = _deviation(problem, objective, w, b)
    met = "yes" if of_answer <= AS_BUDGETED else "relaxed by limits"
    claims: list[tuple[str, float | str]] = [
        ("largest deviation from budgets, constructed", of_target),
        ("largest deviation from budgets", of_answer),
        ("budgets met", met),
    ]
    if objective.target_volatility is not None:
        claims.append(("volatility asked for", objective.target_volatility))
        claims.append(("volatility reached", problem.moments.covariance.volatility(w)))
    if of_target <= AS_BUDGETED:
        return tuple(claims), []
    return tuple(claims), [f"the constructed portfolio misses its risk budgets by {of_target:.1e}, over {AS_BUDGETED:.0e}"]


def _deviation(problem: Problem, objective: Budgeted, w: Vector, b: Vector) -> float:
    """max_i |share_i - b_i| at w, cash counted in neither."""
    risky = np.where(problem.universe.is_cash, 0.0, w)
    if objective.measure == "volatility":
        parts = risky * problem.moments.covariance.times(risky)
        total = float(parts.sum())
        return float(np.abs(parts / total - b).max()) if total > 0.0 else np.inf
    S, probabilities = problem.scenarios()
    losses, mass = _compounded(S, probabilities, objective.horizon)
    return tail_deviation(-losses, mass, objective.confidence, risky, b)


def _compounded(S: Matrix, probabilities: Vector, horizon: int) -> tuple[Matrix, Vector]:
    """Simple returns of every window of `horizon` periods, by logarithms, and their probabilities."""
    if horizon == 1:
        return S, probabilities
    grown = np.vstack([np.zeros(S.shape[1]), np.cumsum(np.log1p(S), axis=0)])
    last = probabilities[horizon - 1 :]
    return np.expm1(grown[horizon:] - grown[:-horizon]), last / last.sum()


def tail_deviation(losses: Matrix, probabilities: Vector, confidence: float, w: Vector, b: Vector) -> float:
    """max_i |share_i - b_i| of the CVaR at w; losses (T, n).

    Where several scenarios tie at the quantile the CVaR has many subgradients, and shares are right if one of them says so:
    the tied ones are weighted by least squares within what their probabilities allow.
    """
    total = losses @ w
    order = np.argsort(-total, kind="stable")
    boundary = order[int(np.searchsorted(np.cumsum(probabilities[order]), (1.0 - confidence) - 1e-12))]
    band = TIED * max(abs(float(total[boundary])), float(np.abs(total).mean()))
    inside, tied = total > total[boundary] + band, np.abs(total - total[boundary]) <= band
    most = probabilities / (1.0 - confidence)
    parts = w * losses
    fixed = (most * inside) @ parts
    rest = 1.0 - float(most[inside].sum())
    q = _tied_weights(parts[tied], most[tied], rest, fixed, b)
    contributions = fixed + q @ parts[tied]
    risk = float(contributions.sum())
    return float(np.abs(contributions / risk - b).max()) if risk > 0.0 else np.inf


def _tied_weights(parts: Matrix, most: Vector, rest: float, fixed: Vector, b: Vector) -> Vector:
    """q in [0, most], adding to `rest`, with  fixed + parts'q  as near to a multiple of b as they go."""
    if len(most) == 1 or rest <= 0.0:
        return np.full(len(most), max(rest, 0.0) / len(most))
    from scipy.optimize import lsq_linear

    # (I - b 1') (fixed + parts'q) = 0: contributions less budgets times their sum; and 1'q = rest, weighted to hold.
    left = parts.T - np.outer(b, parts.sum(axis=1))
    scale = SUM_WEIGHT * float(np.abs(left).max(initial=1e-12))
    system = np.vstack([left, np.full(len(most), scale)])
    right = np.append(b * fixed.sum() - fixed, scale * rest)
    return np.asarray(lsq_linear(system, right, bounds=(0.0, np.maximum(most, 1e-300)), method="bvls").x)
