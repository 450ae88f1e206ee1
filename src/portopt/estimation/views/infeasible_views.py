"""Views that no probabilities on the scenarios satisfy: which of them, proven by linear programs where that can be."""

from __future__ import annotations

import itertools

import numpy as np

from portopt.domain.arrays import Matrix
from portopt.domain.errors import InvalidValue
from portopt.estimation.views.scenario_views import ScenarioView, tail_conditions

GRID = 41


def unsatisfiable(views: tuple[ScenarioView, ...], S: Matrix, periods_per_year: float) -> InvalidValue:
    """The error for views that were not reached.

    Where their necessary linear conditions alone conflict, a smallest conflicting set is named: taking any one of them
    away leaves the conditions of the rest satisfiable. Otherwise nothing is claimed but that the search did not get there.
    S: (T, n) periodic returns, a scenario a row.
    """
    T = len(S)
    necessary = [_necessary(view, S, periods_per_year) for view in views]
    kept = list(range(len(views)))
    if _possible(necessary):
        said = " and ".join(view.text for view in views)
        why = f"were not reached on these {T} scenarios, or only where almost all lose their probability"
    else:
        for k in range(len(views)):
            without = [j for j in kept if j != k]
            if without and not _possible([necessary[j] for j in without]):
                kept = without
        said = " and ".join(views[k].text for k in kept)
        whatever = "whatever their probabilities" if len(kept) == 1 else "together, whatever their probabilities"
        why = f"cannot hold on these {T} scenarios {whatever}"
    return InvalidValue(
        views[kept[0]].path, said, why, fix="bring the value nearer to the scenarios, or take one of these views away"
    )


def _necessary(view: ScenarioView, S: Matrix, periods_per_year: float) -> Matrix:
    """(T, k) columns whose mean cannot be negative where the view holds.

    A variance is the least of E(x - a)^2 over a, and CVaR the least of v + E max(loss - v, 0) / (1 - level) over v: one
    of at least so much asks it of every a or v. Of the other direction only  mean loss <= CVaR  is linear.
    """
    x = [S @ c for c in view.combinations]
    columns: list[Matrix] = []
    if view.kind == "rank":
        columns = [np.stack([a - b for a, b in itertools.pairwise(x)], axis=1)]
    elif view.kind == "mean":
        gap = (x[0] - view.value / periods_per_year)[:, None]
        columns = ([] if view.sense == "at_most" else [gap]) + ([] if view.sense == "at_least" else [-gap])
    elif view.kind == "volatility" and view.sense != "at_most":
        centres = np.linspace(x[0].min(), x[0].max(), GRID)
        columns = [(x[0][:, None] - centres) ** 2 - view.value**2 / periods_per_year]
    elif view.kind == "cvar":
        edges = np.linspace(-x[0].max(), -x[0].min(), GRID)
        if view.sense != "at_most":
            columns.append(tail_conditions(view, -x[0], edges))
        if view.sense != "at_least":
            columns.append((view.value + x[0])[:, None])
    return np.concatenate([np.zeros((len(S), 0)), *columns], axis=1)


def _possible(necessary: list[Matrix]) -> bool:
    """Whether some probabilities satisfy all of these conditions."""
    from scipy.optimize import linprog

    A = np.concatenate(necessary, axis=1)
    if A.shape[1] == 0:
        return True
    A = A / np.maximum(np.abs(A).max(axis=0), 1e-300)
    T = len(A)
    answer = linprog(
        np.zeros(T), A_ub=-A.T, b_ub=np.zeros(A.shape[1]), A_eq=np.ones((1, T)), b_eq=[1.0], bounds=(0.0, None), method="highs"
    )
    return bool(answer.status == 0)
