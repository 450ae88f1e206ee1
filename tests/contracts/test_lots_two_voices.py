"""Lots in a program and lots read off an answer say the same: the tax, the gains, the lots that are kept."""

from __future__ import annotations

from typing import Any

import made_lots
import numpy as np
import pytest

from portopt import pipeline
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Problem
from portopt.terms.shared.lot_choice import lot_choice
from portopt.terms.tax_limits.catalog import TAX_LIMITS

US = {"regime": "us_federal", "short_rate": 0.37, "long_rate": 0.2}
WITHOUT_WASH_SALES = {"short_rate": 0.37, "long_rate": 0.2, "long_after_months": 12}
CAPS = {"long_only": True, "max_weight": 0.4, "max_turnover": 0.25}
REGIMES: dict[str, dict[str, Any]] = {
    "least tax": US,
    "harvested": {**US, "harvest": {"loss_value": 0.1}},
    "harvested, with an allowance": {**US, "harvest": {"loss_value": 0.1}, "allowance": "4000"},
    "first in, first out": {**US, "method": "fifo"},
    "the dearest first": {**US, "method": "highest_cost"},
    "germany": {"regime": "germany"},
    "canada": {"regime": "canada"},
    "identical assets": {**US, "identical": [["A0000", "A0001", "A0002"], ["A0004", "A0005"]]},
    "a tax budget": {**US, "limits": {"max_tax": "1500"}},
    "gain budgets": {**US, "limits": {"max_gains": {"short": "500", "long": "4000", "net": "4200"}}},
    "no short gains": {**US, "limits": {"no_short_term_gains": True}},
    "held for a year": {**US, "min_holding_days": 365},
}


def solved(tax: dict[str, Any], objective: dict[str, Any], seed: int) -> tuple[Problem, np.ndarray, float]:
    book = made_lots.book(8, 24, seed)
    request = book.request(book.policy(objective, CAPS, tax=tax))
    snapshot = book.snapshot(request)
    answer = pipeline.optimize_for(request, snapshot, pipeline.estimate(request, snapshot))
    validated = pipeline.certify(answer, snapshot)
    x = None if answer.solution.raw is None else answer.solution.raw.x
    assert x is not None
    return answer.problem, validated.weights, answer.form.objective(x)


@pytest.mark.parametrize("tax", REGIMES.values(), ids=REGIMES)
@pytest.mark.parametrize(
    "objective", [{"kind": "utility", "risk_aversion": 4.0}, {"kind": "max_return"}], ids=lambda spec: spec["kind"]
)
def test_the_program_and_the_answer_agree(tax: dict[str, Any], objective: dict[str, Any]) -> None:
    for seed in (0, 1, 2):
        problem, w, minimized = solved(tax, objective, seed)
        assert -minimized == pytest.approx(problem.objective.value(w, problem), abs=2e-8)
        for limit in problem.limits:
            assert limit.read(w, problem).worst() <= 1e-8, limit.describe()


def test_a_sharpe_ratio_is_taxed_too() -> None:
    problem, w, minimized = solved(WITHOUT_WASH_SALES, {"kind": "max_sharpe"}, 0)
    assert -minimized == pytest.approx(problem.objective.value(w, problem), abs=1e-7)
    untaxed, u, _ = solved({}, {"kind": "max_sharpe"}, 0)
    assert problem.objective.value(w, problem) >= problem.objective.value(u, problem) - 1e-7
    assert untaxed.tax is None


def test_an_objective_without_costs_chooses_lots_all_the_same() -> None:
    problem, w, _ = solved(WITHOUT_WASH_SALES, {"kind": "min_risk"}, 0)
    _, u, _ = solved({}, {"kind": "min_risk"}, 0)
    assert np.abs(w - u).max() < 1e-6
    assert lot_choice(w, problem).sold.sum() == pytest.approx(np.maximum(problem.previous() - w, 0.0).sum(), abs=1e-9)


@pytest.mark.parametrize("kind", TAX_LIMITS)
def test_every_limit_binds_somewhere_and_opens(kind: str) -> None:
    """An opened limit is the same one, in the same words, farther out."""
    limit = TAX_LIMITS[kind].parse(TAX_LIMITS[kind].example)
    opened = limit.relaxed(0.01)
    assert opened.kind == limit.kind == kind
    assert opened.describe().replace(" beyond 1.00 % of the portfolio", "") == limit.describe() != opened.describe()


def test_a_budget_of_no_tax_costs_what_it_costs() -> None:
    """The tighter the budget, the less the objective, and the tax keeps it."""
    values, dues = [], []
    for budget in ("0", "500", "100000"):
        problem, w, _ = solved({**US, "limits": {"max_tax": budget}}, {"kind": "utility", "risk_aversion": 4.0}, 1)
        values.append(problem.objective.value(w, problem))
        dues.append(lot_choice(w, problem).due * problem.held_lots().value)
        assert dues[-1] <= float(budget) + 0.01
    assert values[0] <= values[1] + 1e-9 <= values[2] + 2e-9
    assert dues[0] <= 0.01 < 100 < dues[2]


def test_of_two_substitutes_the_first_is_bought() -> None:
    tax = {**WITHOUT_WASH_SALES, "substitutes": {"A0000": ["A0001", "A0002", "A0003"]}}
    problem, w, _ = solved(tax, {"kind": "utility", "risk_aversion": 4.0}, 1)
    bought = w - problem.previous() > 1e-7
    assert not bought[2:4].any()
    assert list(problem.held_lots().later.values()) == ["A0001 comes before it in the place of A0000"] * 2
    free, u, _ = solved(WITHOUT_WASH_SALES, {"kind": "utility", "risk_aversion": 4.0}, 1)
    assert ((u - free.previous())[2:4] > 1e-4).any(), "without the rank they would be"


def test_a_plan_over_several_periods_refuses_a_tax() -> None:
    with pytest.raises(InvalidValue, match="does not reach over several periods"):
        solved(US, {"kind": "multi_period", "risk_aversion": 4.0, "periods": 2, "years": 0.5}, 0)
