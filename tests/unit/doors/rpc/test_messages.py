"""Messages to JSON and back: nothing is lost, nothing is made up, and what is no number is refused by its place."""

from __future__ import annotations

import math
from typing import Any

import pytest
from google.protobuf.message import Message

from portopt.domain.errors import InvalidValue
from portopt.doors.rpc.messages import fill, object_of, to_data
from portopt.doors.rpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as contract

FRONTIER = {
    "portfolio_id": "port-123456",
    "risk_measure": "volatility",
    "risk_free_rate": 0.01,
    "efficient_frontier": [
        {"return": 0.04, "risk": 0.06, "sharpe": None, "volatility": 0.06, "weights": {"AAPL": 0.4, "BND": 0.6}},
        {"return": 0.0, "risk": 0.09, "sharpe": 0.667, "weights": {"AAPL": 1.0}},
    ],
    "current_portfolio": None,
    "optimal_portfolio": {"return": 0.085, "risk": 0.11, "sharpe": 0.773},
}


def filled(message: Message, data: dict[str, Any]) -> Message:
    fill(message, data)
    return message


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def test_an_answer_comes_back_as_it_was_but_for_nulls() -> None:
    message = filled(contract.EfficientFrontierResponse(), FRONTIER)
    assert to_data(message) == without_nulls(FRONTIER)


def test_zero_is_not_absent() -> None:
    points = filled(contract.EfficientFrontierResponse(), FRONTIER).efficient_frontier
    assert points[1].HasField("return")
    assert not points[0].HasField("sharpe")
    assert to_data(contract.OptimizationConstraints(max_turnover=0.0)) == {"max_turnover": 0.0}
    assert to_data(contract.OptimizationConstraints()) == {}


def test_what_has_no_field_travels_beside() -> None:
    message = filled(contract.PortfolioPoint(), {"return": 0.1, "volatility": 0.2, "notes": ["a", {"b": None}]})
    assert object_of(message.additional) == {"volatility": 0.2, "notes": ["a", {"b": None}]}


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (contract.PortfolioPoint, {"return": "much", "risk": 0.1}),
        (contract.Trade, {"instrument_id": 7, "priority": 2**40, "action": True}),
        (contract.OptimizationMetadata, {"constraints_satisfied": "yes", "iterations": 1.5}),
        (contract.RebalancePlanResponse, {"created_at": "yesterday", "trades": [{"action": "buy"}, "sell"]}),
        (contract.RebalancePlanResponse, {"target_allocation": {"A": "x"}, "metrics": [1], "trades": {}}),
        (contract.OptimizeResponse, {"optimal_weights": [["A", 1.0]]}),
        (contract.StrategyDefinition, {"returns": [0.1, "x"]}),
    ],
)
def test_what_does_not_fit_its_field_is_not_lost(message: type[Message], data: dict[str, Any]) -> None:
    found = filled(message(), data)
    fitting = {field.name for field, _ in found.ListFields()} - {"additional"}
    beside = object_of(found.additional)  # type: ignore[attr-defined]
    assert set(beside) | fitting == set(data)
    assert all(beside[name] == data[name] for name in beside)
    assert beside


def test_money_that_is_a_text_is_a_number() -> None:
    message = filled(contract.Trade(), {"instrument_id": "AAPL", "estimated_value": "17500.00", "quantity": 100})
    assert (message.estimated_value, message.quantity) == (17500.0, 100.0)


def test_a_date_is_its_midnight_and_an_instant_keeps_its_zone() -> None:
    day = filled(contract.FactorExposureResponse(), {"as_of": "2022-12-28"})
    assert day.as_of.ToJsonString() == "2022-12-28T00:00:00Z"
    instant = filled(contract.GetOptimizationResponse(), {"created_at": "2025-06-20T16:30:00.250000+02:00"})
    assert instant.created_at.ToJsonString() == "2025-06-20T14:30:00.250Z"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_by_its_place(value: float) -> None:
    asked = contract.OptimizeRequest(portfolio_id="P")
    asked.strategies.add(id="A", returns=[0.1, value])
    with pytest.raises(InvalidValue, match=r"strategies\[0\].returns\[1\]"):
        to_data(asked)
    limits = contract.OptimizationConstraints(max_weights={"A": value})
    with pytest.raises(InvalidValue, match=r"constraints.max_weights.A"):
        to_data(contract.CreateOptimizationRequest(constraints=limits))
    matrix = contract.RiskParameters(covariance=[contract.Row(values=[1.0, value])])
    with pytest.raises(InvalidValue, match=r"risk_parameters.covariance\[0\]\[1\]"):
        to_data(contract.OptimizeRequest(risk_parameters=matrix))
    open_part = contract.OptimizationPreferences()
    open_part.additional.update({"views": [{"return": value}]})
    with pytest.raises(InvalidValue, match=r"preferences.additional.views\[0\].return"):
        to_data(contract.CreateOptimizationRequest(preferences=open_part))


def test_a_matrix_is_a_list_of_lists() -> None:
    rows = [[0.04, 0.01], [0.01, 0.09]]
    message = contract.RiskParameters()
    fill(message, {"covariance": rows})
    assert to_data(message) == {"covariance": rows}


def test_a_field_cannot_be_given_twice() -> None:
    message = contract.OptimizationConstraints(max_turnover=0.1)
    message.additional.update({"max_turnover": 0.2})
    with pytest.raises(InvalidValue, match="is given twice"):
        to_data(message)
    message.ClearField("max_turnover")
    assert to_data(message) == {"max_turnover": 0.2}


def test_whole_numbers_of_open_parts_are_whole() -> None:
    message = contract.OptimizationConstraints()
    message.additional.update({"max_positions": 10, "half": 0.5, "far": 1e300})
    found = to_data(message)
    assert [type(found[name]) for name in ("max_positions", "half", "far")] == [int, float, float]


def test_numbers_whose_sum_is_too_large_are_numbers() -> None:
    far = [1e308, 1e308]
    assert to_data(contract.Row(values=far)) == {"values": far}
    assert to_data(contract.RiskParameters(covariance=[contract.Row(values=far)])) == {"covariance": [far]}
