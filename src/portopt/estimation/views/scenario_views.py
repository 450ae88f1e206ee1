"""Views on scenarios: how a request spells them, what each measures, and its condition on probabilities."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.universe import Universe
from portopt.estimation.views import parse
from portopt.estimation.views.parse import PATH
from portopt.estimation.views.spelled import scenario_view

FIELDS = ("method", "views", "confidence", "prior")
KINDS = ("mean", "volatility", "correlation", "cvar", "rank")
SENSES = ("equals", "at_least", "at_most")
SIGNS = {"equals": "=", "at_least": "≥", "at_most": "≤"}


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioView:
    """A statement about the distribution of one or more portfolios.

    combinations: (n,) coefficients each. value: annual for mean and volatility, of one period for cvar. level: cvar's.
    """

    kind: str
    combinations: tuple[Vector, ...]
    sense: str
    value: float
    level: float
    path: str
    text: str

    @property
    def linear(self) -> bool:
        return self.kind in ("mean", "rank")


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    views: tuple[ScenarioView, ...]
    confidence: float
    prior: str


def read(doc: Mapping[str, Any], universe: Universe) -> Choice:
    """The choice a request spells. Raises UnknownField, InvalidValue, MissingInput with the path of the fault."""
    parse.known_fields(doc, FIELDS, PATH)
    views = tuple(_view(entry, f"{PATH}.views[{k}]", universe) for k, entry in enumerate(parse.listed(doc, "views", PATH)))
    return Choice(
        views,
        parse.checked(doc.get("confidence", 1.0), f"{PATH}.confidence", least=0.0, most=1.0),
        parse.word(doc, "prior", ("scenarios", "estimate"), "scenarios", PATH),
    )


def _view(entry: Any, path: str, universe: Universe) -> ScenarioView:
    entry = scenario_view(entry, universe, path) if isinstance(entry, str) else entry
    parse.known_fields(entry, (*KINDS, *SENSES, "confidence"), path)
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        raise InvalidValue(path, dict(entry), f"a view is about one of {', '.join(KINDS)}")
    kind = kinds[0]
    if "confidence" in entry and kind != "cvar":
        raise InvalidValue(
            f"{path}.confidence", entry["confidence"], "is the level of a cvar view; how sure all are is said once"
        )
    combinations, names = _subjects(kind, entry[kind], f"{path}.{kind}", universe)
    if kind == "rank":
        _without_senses(entry, path)
        return ScenarioView(kind, combinations, "at_least", 0.0, 0.0, path, "mean of " + " ≥ ".join(names))
    senses = [sense for sense in SENSES if sense in entry]
    if len(senses) != 1:
        raise InvalidValue(path, dict(entry), f"needs one of {', '.join(SENSES)}")
    bounds = {"volatility": (1e-9, np.inf), "correlation": (-1.0, 1.0)}.get(kind, (-np.inf, np.inf))
    value = parse.number(entry, senses[0], path, least=bounds[0], most=bounds[1])
    level = (
        parse.checked(entry.get("confidence", 0.95), f"{path}.confidence", least=0.5, most=0.9999) if kind == "cvar" else 0.0
    )
    subject = f"CVaR {level:.6g}, 1 period," if kind == "cvar" else kind
    text = f"{subject} of {' and '.join(names)} {SIGNS[senses[0]]} {value:.6g}"
    return ScenarioView(kind, combinations, senses[0], value, level, path, text)


def _subjects(kind: str, value: Any, field: str, universe: Universe) -> tuple[tuple[Vector, ...], list[str]]:
    if kind in ("mean", "volatility", "cvar"):
        one = parse.combination(value, universe, field)
        return (one,), [parse.told(one, universe)]
    few = isinstance(value, str) or not isinstance(value, list | tuple)
    if few or len(value) < 2 or (kind == "correlation" and len(value) != 2):
        raise InvalidValue(
            field, value, "must be two assets" if kind == "correlation" else "must be a list of at least two assets"
        )
    found = tuple(parse.combination(item, universe, field) for item in value)
    return found, [parse.told(item, universe) for item in found]


def _without_senses(entry: Mapping[str, Any], path: str) -> None:
    for sense in SENSES:
        if sense in entry:
            raise InvalidValue(f"{path}.{sense}", entry[sense], "a rank has no value: it orders the means, highest first")


def measured(view: ScenarioView, S: Matrix, p: Vector, periods_per_year: float) -> float:
    """What the view speaks of, under p; for a rank the smallest lead, annual.

    S: (T, n) periodic returns. p: (T,) probabilities.
    """
    x = [S @ c for c in view.combinations]
    if view.kind == "mean":
        return float(p @ x[0]) * periods_per_year
    if view.kind == "rank":
        return min(float(p @ (a - b)) for a, b in itertools.pairwise(x)) * periods_per_year
    if view.kind == "cvar":
        return cvar(-x[0], p, view.level)
    deviations = [np.sqrt(float(p @ (y - p @ y) ** 2)) for y in x]
    if view.kind == "volatility":
        return float(deviations[0] * np.sqrt(periods_per_year))
    return float(p @ ((x[0] - p @ x[0]) * (x[1] - p @ x[1])) / (deviations[0] * deviations[1]))


def cvar(losses: Vector, p: Vector, level: float) -> float:
    """Mean loss of the worst 1 - level of probability; a scenario on the edge counts in part (Rockafellar and Uryasev 2002).

    losses, p: (T,) losses of the scenarios and their probabilities.
    """
    order = np.argsort(-losses, kind="stable")
    tail = 1.0 - level
    taken = np.minimum(np.cumsum(p[order]), tail)
    return float(np.diff(taken, prepend=0.0) @ losses[order]) / tail


def quantile(losses: Vector, p: Vector, level: float) -> float:
    """Value at risk: the smallest loss that is exceeded with probability 1 - level at most.

    losses, p: (T,) losses of the scenarios and their probabilities.
    """
    order = np.argsort(-losses, kind="stable")
    return float(losses[order[min(int(np.searchsorted(np.cumsum(p[order]), 1.0 - level)), len(p) - 1)]])


def tail_conditions(view: ScenarioView, losses: Vector, edges: Vector) -> Matrix:
    """(T, k) columns  v + max(loss - v, 0) / (1 - level) - value  at quantiles v. CVaR is the least of their means over v."""
    return np.asarray(edges + np.maximum(losses[:, None] - edges, 0.0) / (1.0 - view.level) - view.value)


def conditions(view: ScenarioView, S: Matrix, p: Vector, periods_per_year: float) -> Matrix:
    """(T, k) columns whose mean must be zero, or not negative for an inequality, for the view to hold; linearized at p.

    With m and s the means and deviations under p:

        mean          x - value
        rank          x_a - x_b, of neighbours
        volatility    (x - m)^2 - value^2
        correlation   (x_a - m_a)(x_b - m_b) - value/2 [(x_a - m_a)^2 s_b/s_a + (x_b - m_b)^2 s_a/s_b]

    Each is, up to a constant, the derivative by p of what it stands for: where p no longer changes, p satisfies the first
    order conditions of the view itself, not of a stand-in that pins the mean.
    """
    x = [S @ c for c in view.combinations]
    if view.kind == "rank":
        return np.stack([a - b for a, b in itertools.pairwise(x)], axis=1)
    if view.kind == "mean":
        g = x[0] - view.value / periods_per_year
    elif view.kind == "volatility":
        g = (x[0] - p @ x[0]) ** 2 - view.value**2 / periods_per_year
    else:
        a, b = x[0] - p @ x[0], x[1] - p @ x[1]
        ratio = np.sqrt(float(p @ b**2) / float(p @ a**2))
        g = a * b - view.value / 2.0 * (a**2 * ratio + b**2 / ratio)
    return np.asarray(-g if view.sense == "at_most" else g)[:, None]
