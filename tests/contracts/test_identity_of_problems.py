"""Whatever changes a form, a reading or an answer changes the identity of its problem: over the whole catalog, field by field.

Every field of a problem and of its beliefs is altered alone. What the problem then says, its program and what every term
reads off a portfolio, is compared with what it said before, and the identities with it.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp
from alterations import IN_UNITS, alterations, backwards, paths, with_units
from catalog_market import LIMITS_THAT_BIND, market

from portopt.construction import construct
from portopt.domain.errors import PortoptError
from portopt.domain.lot_book import LotBook
from portopt.domain.problem import Problem, describe_term
from portopt.domain.tax import LongAfter, Lot, TaxRules
from portopt.domain.universe import Universe
from portopt.optimization import assemble
from portopt.terms.catalog import COSTS, OBJECTIVES, parse_costs, parse_limits
from portopt.terms.custom import entry_points
from portopt.terms.risk_measures.catalog import RISK_MEASURES
from portopt.terms.soft import Soft

UTILITY: dict[str, Any] = {"kind": "utility", "risk_aversion": 4.0}
OWN: dict[str, dict[str, Any]] = {
    "factor_risk_budget": {"budgets": {"F1": 0.6, "F2": 0.4}},
    "target_weights": {"weights": {"AAPL": 0.3}, "rest": "equally"},
    "resampled": {"of": {"kind": "max_sharpe"}, "draws": 5},
    "worst_case_return": {"scenarios": [{"name": "bull", "returns": {"*": 0.2}}, {"name": "bear", "returns": {"XOM": -0.1}}]},
}
MORE_OBJECTIVES: list[dict[str, Any]] = [
    *({"kind": "min_risk", "measure": measure} for measure in RISK_MEASURES),
    *({"kind": "max_ratio", "measure": measure} for measure in RISK_MEASURES if measure != "var"),
    {"kind": "robust_utility", "risk_aversion": 3.0, "returns": {"set": "box", "radius": "estimate"}},
    {"kind": "robust_utility", "risk_aversion": 3.0, "returns": {"set": "ellipsoid", "confidence": 0.9}},
    {"kind": "robust_utility", "risk_aversion": 3.0, "covariance": {"set": "box", "confidence": 0.9}},
    {"kind": "multi_objective", "weights": {"return": 1.0, "risk": 1.0}, "risk_measure": "cvar"},
    {"kind": "goals", "goals": {"return": {"goal": 0.08}, "risk": {"goal": 0.01}}, "risk_measure": "mad"},
    {"kind": "risk_parity", "measure": "cvar"},
    {"kind": "hierarchical", "variant": "hrp", "measure": "cvar"},
    {"kind": "hierarchical", "variant": "hrp", "distance": "spearman"},
    {"kind": "hierarchical", "variant": "nco", "inner": {"kind": "factor_risk_budget", "budgets": {"*": 1.0}}},
    {"kind": "resampled", "of": {"kind": "factor_risk_budget", "budgets": {"*": 1.0}}, "draws": 3},
    {"kind": "resampled", "of": {"kind": "max_sharpe"}, "draws": 3, "method": "bootstrap"},
    {"kind": "custom", "minimize": "sum_squares(w - w_prev) + variance(w)"},
]
MORE_LIMITS: list[dict[str, Any]] = [
    {"min_return": {"floor": 0.05, "robust": {"set": "box", "radius": "estimate"}}},
    {"min_return": {"floor": 0.01, "robust": {"set": "ellipsoid", "confidence": 0.9}}},
    {"axis_bounds": {"risk": 0.02}, "max_risk": {"mad": 0.02}},
    {"exposure_limits": {"*": [-2.0, 2.0]}},
    {"max_volatility": {"value": 0.1, "soft": True, "penalty": 3.0}},
]
# Spelled by the catalog; see below. The tax is one word: all that it reads is in the lots.
TERMS = ("objective", "limits", "costs", "tax")
RULES = TaxRules(
    "told", 0.37, 0.2, LongAfter(days=365, months=12), pooled=True, allowance=Decimal(1000), wash_days_before=30,
    wash_days_after=30, method="specified", specified={"AAPL": ("L1",)}, loss_value=0.1, min_holding_days=31,
    identical={"AAPL": "g"}, substitutes={"AAPL": ("MSFT",)}, currency="USD", limits={"max_tax": "5.00"}, keeps_allowance=True,
)  # fmt: skip
LOTS = LotBook(
    RULES, date(2026, 11, 30), 1e5, (Lot("AAPL", "L1", date(2021, 3, 2), Decimal(6), Decimal("121.50")),),
    np.array([0]), np.array([0.2]), np.array([0.3]), (Decimal("121.50"),), np.array([True, True]), np.array([2000.0]),
    np.array([False]), np.arange(7), 0.01, 0.02, 0.01, {0: "bought before"}, {1: "sold before"}, {2: "another comes first"},
)  # fmt: skip
# Fields that no answer depends on, and why.
ASIDE = {
    "notes": "sentences on how the question was read",
    **dict.fromkeys(("until.at", "until.allowed", "until.gives_best"), "when an answer is of no more use"),
    "moments.factor_model.notes": "sentences on how the model was made",
    "moments.factor_model.factor_returns": "the history that the model was fitted to",
    "moments.factor_model.weights": "the history that the model was fitted to",
    "moments.factor_model.residuals": "the history that the model was fitted to",
}


def filled(p: Problem) -> Problem:
    """The same with something in every field, so that every field can be altered."""
    m = p.moments
    n, T = p.n, len(m.scenarios)
    model = m.factor_model
    K = len(model.names)
    uneven = np.linspace(1.0, 2.0, T)
    model = dataclasses.replace(
        model,
        weights=uneven / uneven.sum(),
        residuals=np.full((T, n), 0.01),
        factor_returns=np.full((T, K), 0.02),
        alpha=np.full(n, 0.01),
        lags=3,
        notes=("said",),
    )
    *others, last = p.universe.assets
    universe = Universe((*others, dataclasses.replace(last, composition={"sector": {last.sector or "Cash": 1.0}})))
    moments = dataclasses.replace(m, universe=universe, probabilities=uneven / uneven.sum(), factor_model=model)
    target = np.linspace(0.1, 0.2, n) if p.target is None else p.target
    return p.replaced(moments=moments, target=target, lots=LOTS, notes=("said",))


def soft(kind: str) -> dict[str, Any]:
    """The limit as a wish; nothing where it can be none."""
    wished = {**LIMITS_THAT_BIND[kind], kind: {"value": LIMITS_THAT_BIND[kind][kind], "soft": True}}
    try:
        parse_limits(wished)
    except PortoptError:
        return {}
    return wished


SPECS = [{"kind": name, **OWN.get(name, OBJECTIVES[name].example or {})} for name in OBJECTIVES] + MORE_OBJECTIVES
GIVEN = [limits for limits in (*LIMITS_THAT_BIND.values(), *MORE_LIMITS, *map(soft, LIMITS_THAT_BIND)) if limits]
ASKED: dict[str, dict[str, Any]] = {
    **{f"objective {spec}": {"objective": spec} for spec in SPECS},
    **{f"limits {limits}": {"limits": limits} for limits in GIVEN},
    **{f"costs {name}": {"costs": {name: COSTS[name].example}} for name in COSTS},
}


@cache
def asked(name: str) -> Problem:
    """A problem with the terms of that name."""
    terms = ASKED[name]
    p = market(terms.get("objective", UTILITY), terms.get("limits", {"max_weight": 0.5}))
    return p.replaced(costs=parse_costs(terms["costs"])) if "costs" in terms else p


def told(value: Any) -> Any:
    """What a form or a reading holds, as something to compare: arrays by their bytes."""
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if sp.issparse(value):
        return told(value.tocoo().coords), told(value.tocoo().data), value.shape
    if dataclasses.is_dataclass(value):
        return tuple(told(getattr(value, f.name)) for f in dataclasses.fields(value) if f.compare)
    return tuple(map(told, value)) if isinstance(value, list | tuple) else value


def said(p: Problem) -> Any:
    """Its program, and what its terms read off two portfolios; or why there is none."""
    try:
        p = construct(p)
        books = (p.previous(), np.linspace(1.0, 2.0, p.n) / p.n)
        read = [[told(limit.read(w, p)) for limit in p.limits] for w in books]
        worth = [[p.objective.value(w, p), *(cost.value(w, p) for cost in p.costs)] for w in books]
        return told(assemble(p)), read, worth
    except PortoptError as refused:
        return type(refused).__name__, str(refused)


@pytest.mark.parametrize("name", ASKED)
def test_what_changes_a_form_or_a_reading_changes_the_identity(name):
    p = filled(asked(name)).replaced(target=None)  # what is constructed is constructed anew of whatever is altered
    same = [path for path, other in alterations(p, aside=TERMS) if other.identity() == p.identity()]
    other = p
    for path in same:
        other = dict(alterations(other, aside=TERMS))[path]
    assert other.identity() == p.identity()
    assert said(other) == said(p), f"one of {same} changes what is said, and not the identity"


class Function:
    """An installed package's function that reads what only functions read."""

    name = "my_term"

    def load(self) -> Any:
        def function(w: Any, problem: Problem) -> Any:
            model = problem.moments.factor_model
            return cp.sum_squares(problem.moments.scenarios[:3] @ w) + cp.sum(cp.abs(model.B.T @ w)) - 9.0

        return function


@pytest.mark.parametrize(
    "terms",
    [
        {"objective": {"kind": "custom", "minimize": {"function": "my_term"}}},
        {"objective": {"kind": "custom", "function": {"function": "my_term"}}},
        {"limits": {"custom": {"near": "norm2(w - w_prev) <= 0.1", "mine": {"function": "my_term"}}}},
    ],
)
def test_what_a_users_own_function_may_read_changes_the_identity(monkeypatch, terms):
    monkeypatch.setattr(entry_points, "entry_points", lambda group: [Function()])
    p = filled(market(terms.get("objective", UTILITY), terms.get("limits", {"max_weight": 0.5})))
    assert isinstance(said(p)[0], tuple)
    kept = {path for path, other in alterations(p, aside=TERMS) if other.identity() == p.identity()}
    assert kept == set(ASIDE)


def test_which_names_are_factors_changes_what_an_exposure_limit_refuses_and_the_identity():
    p = filled(asked("limits {'exposure_limits': {'*': [-2.0, 2.0]}}"))
    first, *others = p.universe.assets
    universe = Universe((dataclasses.replace(first, attributes={**first.attributes, "F1": 1.0}), *others))
    p = p.replaced(moments=dataclasses.replace(p.moments, universe=universe))
    model = dataclasses.replace(p.moments.factor_model, names=("another", "F2"))
    other = p.replaced(moments=dataclasses.replace(p.moments, factor_model=model))
    assert (said(p)[0], said(other)[0]) == (told(assemble(p)), "MissingInput")
    assert p.identity() != other.identity()


def test_two_spellings_have_one_identity_where_they_are_the_same_terms_and_only_there():
    terms = {name: (p.objective, p.limits, p.costs) for name, p in ((name, asked(name)) for name in ASKED)}
    for a, b in itertools.combinations(ASKED, 2):
        assert (asked(a).identity() == asked(b).identity()) == (terms[a] == terms[b]), (a, b)


READING_EVERYTHING = {"max_risk": {"cvar": 0.05}, "factor_risk_limits": {"*": 0.5}}


def test_every_field_of_a_problem_is_in_its_identity_or_is_named_with_the_reason_why_not():
    p = filled(market(UTILITY, READING_EVERYTHING))
    factors = p.moments.factor_model.covariance
    in_factors = p.replaced(moments=dataclasses.replace(p.moments, covariance=factors))
    known = p.universe
    in_units = [p.replaced(moments=dataclasses.replace(p.moments, universe=with_units(known, units))) for units in IN_UNITS]
    asked = (p, in_factors, *in_units)
    seen = {path: q.identity() != other.identity() for q in asked for path, other in alterations(q, aside=TERMS)}
    assert set(seen) == {path for path in paths(Problem) if path.split(".")[0] not in TERMS}
    assert {path for path, changed in seen.items() if not changed} == set(ASIDE)


@pytest.mark.parametrize("name", ASKED)
def test_a_term_read_from_the_same_data_backwards_is_the_same_question(name):
    p = asked(name)
    objective, *terms = (json.loads(json.dumps(describe_term(term))) for term in (p.objective, *p.limits, *p.costs))
    k = len(p.limits)
    again = p.replaced(
        objective=rebuilt(p.objective, objective),
        limits=tuple(map(rebuilt, reversed(p.limits), reversed(terms[:k]))),
        costs=tuple(map(rebuilt, reversed(p.costs), reversed(terms[k:]))),
        exposures=backwards(p.exposures),
    )
    assert again.identity() == p.identity()


def rebuilt(term: Any, data: dict[str, Any]) -> Any:
    """The term of its own data, written the other way round."""
    data = backwards(data)
    data.pop("kind")
    return (
        Soft(rebuilt(term.limit, {"kind": "", **data["limit"]}), data["penalty"])
        if isinstance(term, Soft)
        else type(term)(**data)
    )


SOME = list(ASKED)[::4]
IN_ANOTHER_PROCESS = "from test_identity_of_problems import SOME, asked\nfor name in SOME: print(asked(name).identity())"


def test_another_process_with_another_hash_seed_finds_the_same_identities():
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    env = {**os.environ, "PYTHONHASHSEED": "4321", "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", IN_ANOTHER_PROCESS], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [asked(name).identity() for name in SOME]
