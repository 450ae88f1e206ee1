"""Identities of the terms for all inputs, and their manners with any input at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from portopt.domain.errors import RequestError
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem, describe_term
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.catalog import COSTS, LIMITS, OBJECTIVES, parse_costs, parse_limits, parse_objective

unhurried = settings(deadline=None, max_examples=100)

N = 5
weights = st.lists(st.floats(0.0, 1.0), min_size=N, max_size=N).filter(lambda v: sum(v) > 1e-3)
amounts = st.floats(0.0, 0.5)
texts = st.text(max_size=6) | st.sampled_from(["AAPL", "*", CASH, "5.00"])
options = st.sampled_from(["*", CASH, "limit", "soft", "penalty", "score", "grandfather", "min", "max", "bps", "per_trade"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | options, inner, max_size=3),
    max_leaves=6,
)


def normalized(values: list[float]) -> np.ndarray:
    w = np.array(values)
    return w / w.sum()


def book(w_prev: np.ndarray, **terms) -> Problem:
    assets = tuple(Asset(f"A{i}", sector="odd" if i % 2 else "even", quality_score=float(i)) for i in range(N - 1))
    Sigma = np.zeros((N, N))
    Sigma[: N - 1, : N - 1] = 0.03 + 0.02 * np.eye(N - 1)
    return Problem(
        moments=Moments(Universe((*assets, Asset(CASH))), np.linspace(0.02, 0.1, N), Covariance(Sigma=Sigma)),
        objective=terms.get("objective", parse_objective({"kind": "max_return"})),
        limits=terms.get("limits", ()),
        costs=terms.get("costs", ()),
        w_prev=w_prev,
        benchmark=np.full(N, 1.0 / N),
        portfolio_value=1e6,
        average_daily_value=np.full(N, 1e6),
    )


@unhurried
@given(a=weights, b=weights)
def test_turnover_is_what_is_bought_and_also_what_is_sold(a, b):
    w, w_prev = normalized(a), normalized(b)
    (limit,) = parse_limits({"max_turnover": 0.2})
    measured = limit.read(w, book(w_prev)).measured[0]
    z = w - w_prev
    np.testing.assert_allclose(measured, z[z > 0].sum(), atol=1e-12)
    np.testing.assert_allclose(measured, -z[z < 0].sum(), atol=1e-12)


@unhurried
@given(
    w=st.lists(st.floats(-2.0, 2.0), min_size=N, max_size=N),
    w_prev=weights,
    by=amounts,
    limit=st.sampled_from(
        [
            {"max_weight": {"A0": 0.2, "*": 0.1}},
            {"min_weight": 0.05},
            {"sector_limits": {"odd": [0.1, 0.3], "*": 0.2}},
            {"max_turnover": 0.1},
            {"leverage_limit": 0.8},
            {"max_tracking_error": 0.02},
            {"max_volatility": 0.1},
            {"min_return": 0.07},
            {"cash": {"min": 0.05, "max": 0.1}},
            {"fully_invested": True},
            {"budget": True},
            {"long_only": True},
            {"frozen": True},
        ]
    ),
)
def test_opening_a_limit_takes_exactly_that_much_off_its_violation(w, w_prev, by, limit):
    (term,) = parse_limits(limit)
    p, w = book(normalized(w_prev)), np.array(w)
    before, after = term.read(w, p).worst(), term.relaxed(by).read(w, p).worst()
    np.testing.assert_allclose(after, max(before - by, 0.0), atol=1e-12)


@unhurried
@given(w=weights, w_prev=weights, low=st.floats(-1.0, 5.0), by=st.floats(0.0, 3.0), grandfather=st.booleans())
def test_lowering_the_quality_score_never_bars_another_asset(w, w_prev, low, by, grandfather):
    p, w = book(normalized(w_prev)), normalized(w)
    (term,) = parse_limits({"min_quality": {"score": low, "grandfather": grandfather}})
    before, after = term.read(w, p), term.relaxed(by).read(w, p)
    assert set(after.members) <= set(before.members)
    assert after.worst() <= before.worst()


@unhurried
@given(a=weights, b=weights, w_prev=weights, share=st.floats(0.0, 1.0))
def test_what_the_program_is_charged_is_convex_and_free_where_nothing_trades(a, b, w_prev, share):
    w, v = normalized(a), normalized(b)
    costs = parse_costs({"commission": {"per_trade": "5.00", "bps": 2}, "linear_impact": {"bps": 15}, "square_root_impact": {}})
    p = book(normalized(w_prev), costs=costs)
    for cost in costs:
        mixed = cost.convex_value(share * w + (1 - share) * v, p)
        assert mixed <= share * cost.convex_value(w, p) + (1 - share) * cost.convex_value(v, p) + 1e-12
        assert cost.value(p.previous(), p) == 0.0


def answer(parse: Callable[[Any], Any], spec: Any) -> tuple[Any, RequestError | None]:
    """What `parse` makes of it: the terms, or the refusal. Any other exception is a failure of the test."""
    try:
        return parse(spec), None
    except RequestError as refusal:
        return None, refusal


@unhurried
@given(kind=st.sampled_from(sorted(LIMITS)), value=json_values)
def test_any_json_for_a_limit_is_a_term_or_a_refusal_that_names_it(kind, value):
    found, refusal = answer(parse_limits, {kind: value})
    if refusal is None:
        assert all(json.loads(json.dumps(describe_term(term)))["kind"] == kind for term in found)
    else:
        assert f"limits.{kind}" in refusal.field
        assert refusal.fixes


@unhurried
@given(kind=st.sampled_from(sorted(COSTS)), value=json_values)
def test_any_json_for_a_cost_is_a_term_or_a_refusal_that_names_it(kind, value):
    found, refusal = answer(parse_costs, {kind: value})
    if refusal is None:
        assert [term.kind for term in found] == ([] if value is None else [kind])
    else:
        assert f"costs.{kind}" in refusal.field
        assert refusal.fixes


objective_names = st.sampled_from(sorted(OBJECTIVES))
objective_like = st.dictionaries(st.sampled_from(["kind", "risk_aversion"]), objective_names | json_values)


@unhurried
@given(spec=json_values | objective_like)
def test_any_json_for_an_objective_is_a_term_or_a_refusal_that_names_it(spec):
    found, refusal = answer(parse_objective, spec)
    if refusal is None:
        assert found.kind == spec["kind"]
    else:
        assert refusal.field.startswith("objective")
        assert refusal.fixes


@unhurried
@given(spec=json_values)
def test_terms_that_come_as_anything_but_an_object_are_refused(spec):
    for parse in (parse_limits, parse_costs):
        _, refusal = answer(parse, spec)
        assert refusal is not None or isinstance(spec, dict)
