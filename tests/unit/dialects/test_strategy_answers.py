"""S1's OptimizationResponse and event, field for field."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from portopt.dialects.strategy import event_body, read_request, rebalance_event_body, write_response
from portopt.domain.certificate import Certificate, ValidatedSolution
from portopt.domain.explanation import LeftOut, ShadowPrice
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.run import RunRecord, RunStatus
from portopt.domain.solution import RawAnswer, Solution, SolveStatus
from portopt.terms.catalog import parse_limits, parse_objective

RESPONSE = {
    "portfolio_id": str, "optimal_weights": dict, "expected_return": float, "expected_volatility": float,
    "sharpe_ratio": float, "optimization_metadata": dict,
}  # fmt: skip
METADATA = {
    "convergence_status": str, "iterations": int, "optimization_time_ms": float, "objective_value": float,
    "constraints_satisfied": bool,
}  # fmt: skip

DOCUMENT = {
    "portfolio_id": "portfolio_001",
    "strategies": [
        {"id": "a", "expected_return": 0.10, "volatility": 0.2},
        {"id": "b", "expected_return": 0.06, "volatility": 0.1},
    ],
    "objective": "MAX_SHARPE",
    "method": "MEAN_VARIANCE",
    "constraints": {},
    "risk_parameters": {"risk_free_rate": 0.02, "correlation": [[1, 0], [0, 1]], "confidence_level": 0.95},
}


@dataclass(frozen=True)
class Answered:
    problem: Problem
    validated: ValidatedSolution
    prices: tuple[ShadowPrice, ...]
    seconds: float
    left_out: tuple[LeftOut, ...] = ()
    rests_on: None = None


def answered(weights: list[float]) -> Answered:
    """What the service would give for DOCUMENT, with these weights."""
    request = read_request(DOCUMENT)
    assert request.expected_returns is not None
    moments = Moments(request.universe, request.expected_returns, Covariance(Sigma=request.covariance))
    limits = parse_limits({"budget": True, **request.limits})
    problem = Problem(moments, parse_objective(request.objective), limits, risk_free_rate=0.02)
    w = np.array(weights)
    raw = RawAnswer(SolveStatus.OPTIMAL, w, None, "piqp", 7, 0.001, polished=True)
    solution = Solution(SolveStatus.OPTIMAL, problem.identity(), w, raw)
    paper = Certificate(
        problem.identity(), "certified", (), (), 0.0, "budget", 0.0, 0.0, 0.0, 0.5, 1e-16, 1e-15, 1.0, 0
    )  # fmt: skip
    return Answered(problem, ValidatedSolution(solution, paper), (), 0.0124)


def test_the_response_is_s1s_and_one_object_of_ours_beside_it() -> None:
    response = write_response(read_request(DOCUMENT), answered([0.5, 0.5]))
    assert set(response) == {*RESPONSE, "portopt"}
    for name, kind in RESPONSE.items():
        assert type(response[name]) is kind, name
    assert set(response["optimization_metadata"]) == set(METADATA)
    for name, kind in METADATA.items():
        assert type(response["optimization_metadata"][name]) is kind, name
    json.dumps(response, allow_nan=False)


def test_the_figures_are_those_of_the_request() -> None:
    response = write_response(read_request(DOCUMENT), answered([0.5, 0.5]))
    # 0.5*0.10 + 0.5*0.06 = 0.08; sqrt(0.25*0.04 + 0.25*0.01) = sqrt(0.0125)
    assert response["expected_return"] == pytest.approx(0.08, abs=1e-15)
    assert response["expected_volatility"] == pytest.approx(0.0125**0.5, abs=1e-15)
    assert response["sharpe_ratio"] == pytest.approx(0.06 / 0.0125**0.5, abs=1e-12)
    assert response["optimization_metadata"]["optimization_time_ms"] == pytest.approx(12.4)
    assert response["portopt"]["risk_free_rate"] == 0.02
    assert response["portopt"]["certificate"]["verdict"] == "certified"
    assert len(response["portopt"]["notes"]) == 1


def test_a_minus_zero_weight_leaves_as_zero() -> None:
    response = write_response(read_request(DOCUMENT), answered([-0.0, 1.0]))
    assert str(response["optimal_weights"]["a"]) == "0.0"


def test_a_book_without_risk_has_no_sharpe_ratio() -> None:
    assert write_response(read_request(DOCUMENT), answered([1e-15, 1e-15]))["sharpe_ratio"] is None


def test_the_event_is_s1s_with_whole_milliseconds_and_utc() -> None:
    two_hours_east = datetime(2025, 6, 21, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    metadata = {
        "convergence_status": "optimal", "iterations": 45, "optimization_time_ms": 2400.6, "objective_value": 0.67,
        "constraints_satisfied": True,
    }  # fmt: skip
    weights = {"strategy_momentum": 0.35, "strategy_value": 0.25, "strategy_growth": 0.40}
    body = event_body(
        event_id="uuid", timestamp=two_hours_east, portfolio_id="portfolio_001", optimal_weights=weights,
        expected_return=0.12, expected_volatility=0.18, sharpe_ratio=0.67, metadata=metadata,
    )  # fmt: skip
    assert body == {
        "event_id": "uuid",
        "timestamp": "2025-06-21T10:00:00.123Z",
        "schema_version": "1.0",
        "portfolio_optimized": {
            "portfolio_id": "portfolio_001",
            "optimal_weights": weights,
            "expected_return": 0.12,
            "expected_volatility": 0.18,
            "sharpe_ratio": 0.67,
            "optimization_metadata": {
                "convergence_status": "optimal",
                "iterations": 45,
                "optimization_time_ms": 2401,
                "objective_value": 0.67,
                "constraints_satisfied": True,
            },
        },
    }


def rebalance_record(**changes: Any) -> RunRecord:
    figures = {"expected_return": 0.09, "volatility": 0.15, "sharpe_ratio": 0.46}
    rows = [("AAPL", 0.3, 0.2), ("XOM", 0.1, 0.0), ("NEW", 0.0, 0.0), ("CASH", 0.0, 0.01)]
    document = {
        "figures": [{"name": name, "before": None, "after": value} for name, value in figures.items()],
        "proposal": [{"asset_id": a, "weight_before": before, "weight_after": after} for a, before, after in rows],
        "certificate": {"objective": 0.46, "engine": {"iterations": 9}},
        "limits": [{"holds": True, "soft": False}, {"holds": False, "soft": True}],
        **changes,
    }
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    return RunRecord(
        run_id="reb-1", kind="rebalance", portfolio_id="P1", status=RunStatus.COMPLETED, request={}, pricing_pack_id="pack-1",
        as_of=noon.date(), created_at=noon, completed_at=noon, document=document, timings={"optimize": 0.0307},
    )  # fmt: skip


def test_a_rebalances_event_carries_the_proposed_book() -> None:
    body = rebalance_event_body(rebalance_record(), "e-1")["portfolio_optimized"]
    assert body["optimal_weights"] == {"AAPL": 0.2, "XOM": 0.0, "CASH": 0.01}
    assert (body["expected_return"], body["expected_volatility"], body["sharpe_ratio"]) == (0.09, 0.15, 0.46)
    assert body["optimization_metadata"]["optimization_time_ms"] == 31
    assert body["optimization_metadata"]["constraints_satisfied"] is True


def test_a_broken_hard_limit_is_not_called_satisfied() -> None:
    record = rebalance_record(limits=[{"holds": False, "soft": False}])
    assert rebalance_event_body(record, "e-1")["portfolio_optimized"]["optimization_metadata"]["constraints_satisfied"] is False
