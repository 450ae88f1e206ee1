"""A good request with a few things changed: read, solved and certified, or refused with a reason. Never anything else."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portopt.dialects.strategy import read_request, write_response
from portopt.domain.errors import PortoptError
from portopt.questions import weights

RETURNS = [0.01, -0.02, 0.03, 0.0, 0.01, 0.02, -0.01, 0.03, 0.02, 0.01, -0.02, 0.02, 0.01]
FIGURES = {"a": (0.12, 0.2, "E", 7), "b": (0.09, 0.1, "E", 5), "c": (0.05, 0.05, "R", 8)}
BOOK = {"a": (0.5, 0.4), "b": (0.3, 0.3), "c": (0.1, 0.3), "CASH": (0.1, 0.0)}
VALID: dict[str, Any] = {
    "portfolio_id": "p",
    "strategies": [
        *(
            {"id": name, "expected_return": mu, "volatility": sigma, "sector": sector, "quality_score": score,
             "returns": RETURNS, "current_weight": BOOK[name][0], "benchmark_weight": BOOK[name][1]}
            for name, (mu, sigma, sector, score) in FIGURES.items()
        ),
        {"id": "CASH", "current_weight": 0.1},
    ],
    "objective": "MAX_SHARPE",
    "method": "MEAN_VARIANCE",
    "constraints": {"max_weight": 0.6, "sector_limits": {"E": 0.9}, "turnover_limit": 0.4, "max_tracking_error": 0.2},
    "risk_parameters": {
        "risk_free_rate": 0.02,
        "correlation": [[1, 0.5, 0, 0], [0.5, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
    },
}  # fmt: skip

VALUES: list[Any] = [
    None, True, 0, -1, 1, 0.5, 1e-12, 1e12, -0.3, 100, "x", "", [], {}, [1], {"a": 1}, 1e308, 5e-324, 10**30,
    "CASH", [0.0] * 13,
]  # fmt: skip
LIMITS: list[tuple[str, Any]] = [
    ("min_weight", -0.3), ("leverage_limit", 1.5), ("leverage_limit", 0.5), ("min_quality", 6), ("cash", {"max": 0.02}),
    ("cash", {"min": 0.5}), ("fully_invested", True), ("target_volatility", 0.05), ("target_volatility", 0),
    ("target_return", 0.5), ("min_weight", 0.25), ("max_weight", 0), ("turnover_limit", 0), ("sector_limits", {"E": 0}),
]  # fmt: skip


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(p for key, item in inner for p in paths(item, (*at, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    document = copy.deepcopy(VALID)
    document["objective"] = draw(st.sampled_from(["MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN"]))
    document["constraints"] |= dict(draw(st.lists(st.sampled_from(LIMITS), max_size=3)))
    if draw(st.integers(0, 2)):
        *steps, last = draw(st.sampled_from([p for p in paths(document) if p]))
        inner: Any = document
        for step in steps:
            inner = inner[step]
        inner[last] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    return document


def asked(document: dict[str, Any]) -> dict[str, Any]:
    """The response, or the problem object of a refusal; anything else escapes."""
    try:
        request = read_request(document)
        return write_response(request, weights.optimize(request))
    except PortoptError as error:
        return error.problem()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_changed_request_is_answered_with_a_certificate_or_refused_with_a_reason(document: dict[str, Any]) -> None:
    answer = asked(document)
    json.dumps(answer, allow_nan=False)
    if "code" in answer:
        assert answer["code"] != "internal_error"
        assert answer["detail"]
    else:
        assert answer["optimization_metadata"]["constraints_satisfied"] is True
        assert abs(sum(answer["optimal_weights"].values()) - 1.0) <= 1e-9
