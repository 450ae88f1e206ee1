"""S1's OptimizationRequest: what it means, and that nothing in it is guessed at."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from portopt.dialects.strategy import read_request, write_request
from portopt.domain.errors import InvalidValue, MalformedDocument, MissingInput, PortoptError, UnknownField
from portopt.domain.universe import CASH


def strategy(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "expected_return": 0.08, "volatility": 0.2, **more}


def request(**changes: Any) -> dict[str, Any]:
    document = {
        "portfolio_id": "portfolio_001",
        "strategies": [
            strategy("momentum", sector="Equity", asset_class="Alpha", expected_return=0.12),
            strategy("value", sector="Equity", expected_return=0.09, volatility=0.1),
            strategy("carry", sector="Rates", expected_return=0.05, volatility=0.05),
        ],
        "objective": "MAX_SHARPE",
        "method": "MEAN_VARIANCE",
        "constraints": {"max_weight": 0.6, "sector_limits": {"Equity": 0.7}},
        "risk_parameters": {"risk_free_rate": 0.02, "correlation": [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]]},
    }
    return {**document, **changes}


def with_value(path: str, value: Any) -> dict[str, Any]:
    """The valid request with one value replaced; the path is dotted, numbers are positions."""
    document = copy.deepcopy(request())
    inner: Any = document
    *steps, last = path.split(".")
    for step in steps:
        inner = inner[int(step)] if step.isdigit() else inner[step]
    inner[int(last) if last.isdigit() else last] = value
    return document


def test_volatilities_and_correlation_make_the_covariance() -> None:
    read = read_request(request())
    sigma = np.array([0.2, 0.1, 0.05])
    expected = np.diag(sigma) @ np.array([[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]]) @ np.diag(sigma)
    assert read.covariance is not None
    np.testing.assert_allclose(read.covariance, expected, rtol=1e-15)
    np.testing.assert_array_equal(read.expected_returns, [0.12, 0.09, 0.05])
    assert read.returns is None


def test_a_book_is_long_only_unless_something_says_otherwise() -> None:
    assert read_request(request()).limits == {"long_only": True, "max_weight": 0.6, "sector_limits": {"Equity": 0.7}}


def test_a_floor_of_zero_says_no_more_than_long_only() -> None:
    limits = read_request(request(constraints={"min_weight": 0.0})).limits
    assert limits == {"long_only": True}


@pytest.mark.parametrize(
    ("constraints", "limits"),
    [
        ({"min_weight": -0.1}, {"long_only": False, "min_weight": {"*": -0.1}}),
        ({"min_weight": {"carry": -0.1}}, {"long_only": False, "min_weight": {"*": 0.0, "carry": -0.1}}),
        ({"leverage_limit": 1.5}, {"long_only": False, "leverage_limit": 1.5}),
        ({"leverage_limit": 1.0}, {"long_only": True, "leverage_limit": 1.0}),
        ({"leverage_limit": 1.5, "min_weight": 0.0}, {"long_only": False, "leverage_limit": 1.5, "min_weight": {"*": 0.0}}),
    ],
)
def test_short_sales_need_a_negative_floor_or_leverage(constraints: dict[str, Any], limits: dict[str, Any]) -> None:
    assert read_request(request(constraints=constraints)).limits == limits


def test_short_sales_without_leverage_never_borrow_cash() -> None:
    document = request(constraints={"min_weight": -0.1})
    document["strategies"] = [strategy("a", returns=None), {"id": CASH}]
    document["risk_parameters"] = {}
    assert read_request(document).limits["cash"] == {"min": 0.0}


def test_s1_names_become_the_catalogs() -> None:
    constraints = {
        "turnover_limit": 0.3, "target_volatility": 0.2, "target_return": 0.05, "min_quality": 5, "max_tracking_error": 0.03,
        "asset_class_limits": {"Alpha": 0.5},
    }  # fmt: skip
    document = request(constraints=constraints)
    for i, s in enumerate(document["strategies"]):
        s |= {"current_weight": [0.5, 0.3, 0.2][i], "benchmark_weight": [0.2, 0.3, 0.5][i], "quality_score": 7}
    read = read_request(document)
    assert read.limits == {
        "long_only": True, "max_turnover": 0.3, "max_volatility": 0.2, "min_return": 0.05, "min_quality": 5,
        "max_tracking_error": 0.03, "asset_class_limits": {"Alpha": 0.5},
    }  # fmt: skip
    assert read.current_weights == {"momentum": 0.5, "value": 0.3, "carry": 0.2}
    assert read.benchmark_weights == {"momentum": 0.2, "value": 0.3, "carry": 0.5}


def test_cash_goes_last_and_earns_the_risk_free_rate_without_risk() -> None:
    document = request(constraints={"cash": {"max": 0.1}})
    document["strategies"] = [{"id": CASH}, *document["strategies"][:2]]
    document["risk_parameters"] = {"risk_free_rate": 0.03, "correlation": [[1, 0, 0], [0, 1, 0.5], [0, 0.5, 1]]}
    read = read_request(document)
    assert read.universe.ids == ("momentum", "value", CASH)
    assert read.expected_returns is not None
    assert read.covariance is not None
    np.testing.assert_array_equal(read.expected_returns, [0.12, 0.09, 0.03])
    np.testing.assert_allclose(read.covariance, [[0.04, 0.01, 0], [0.01, 0.01, 0], [0, 0, 0]], rtol=1e-15)


@pytest.mark.parametrize(
    ("objective", "aversion", "ours"),
    [
        ("MAX_SHARPE", None, {"kind": "max_sharpe"}),
        ("MIN_VOLATILITY", None, {"kind": "min_risk"}),
        ("MAX_RETURN", None, {"kind": "max_return"}),
        ("MAX_RETURN", 4.0, {"kind": "utility", "risk_aversion": 4.0}),
    ],
)
def test_s1_objectives_become_the_catalogs(objective: str, aversion: float | None, ours: dict[str, Any]) -> None:
    document = request(objective=objective)
    document["risk_parameters"]["risk_aversion"] = aversion
    assert read_request(document).objective == ours


def test_what_has_no_effect_is_said_and_does_not_change_the_identity() -> None:
    quiet, chatty = request(), request()
    chatty["risk_parameters"] = {**quiet["risk_parameters"], "confidence_level": 0.95, "risk_aversion": 3.0}
    read = read_request(chatty)
    assert [note.split(" ")[0] for note in read.notes] == ["risk_parameters.confidence_level", "risk_parameters.risk_aversion"]
    assert read.identity() == read_request(quiet).identity()


def test_returns_alone_are_enough() -> None:
    document = request(risk_parameters={"periods_per_year": 12})
    rng = np.random.default_rng(7)
    for s in document["strategies"]:
        del s["expected_return"], s["volatility"]
        s["returns"] = [None, *rng.normal(0.01, 0.03, 23).tolist()]
    read = read_request(document)
    assert read.expected_returns is None
    assert read.covariance is None
    assert read.returns is not None
    assert read.returns.shape == (24, 3)
    assert np.isnan(read.returns[0]).all()
    assert (read.estimation.periods_per_year, read.estimation.lookback) == (12.0, None)


def test_a_given_volatility_wins_over_the_estimated_one_and_keeps_the_estimated_correlation() -> None:
    rng = np.random.default_rng(3)
    common = rng.normal(0, 0.02, 60)
    document = request(risk_parameters={"periods_per_year": 12, "estimator": {"covariance": "sample"}})
    for s in document["strategies"]:
        s["returns"] = (common + rng.normal(0, 0.02, 60)).tolist()
    read = read_request(document)
    returns = np.array([s["returns"] for s in document["strategies"]])
    sigma = np.array([0.2, 0.1, 0.05])
    assert read.covariance is not None
    np.testing.assert_allclose(read.covariance, np.corrcoef(returns) * np.outer(sigma, sigma), rtol=1e-9)


def test_all_current_weights_zero_means_nothing_is_held_yet() -> None:
    document = request()
    for s in document["strategies"]:
        s["current_weight"] = 0
    assert read_request(document).current_weights is None


WRONG: list[tuple[str, Any, type[PortoptError], str, str | None]] = [
    # where, what stands there, the error, its field, something its sentence or its fixes must say
    ("constraints.max_wieght", 0.1, UnknownField, "constraints.max_wieght", "max_weight"),
    ("strategies.1.expected_retrun", 0.1, UnknownField, "strategies[1].expected_retrun", "expected_return"),
    ("risk_parameters.risk_free", 0.1, UnknownField, "risk_parameters.risk_free", "risk_free_rate"),
    ("objektive", "MAX_SHARPE", UnknownField, "objektive", "objective"),
    ("constraints.sector_limits", {"Equty": 0.5}, UnknownField, "constraints.sector_limits.Equty", "Equity"),
    ("constraints.max_weight", {"momentm": 0.5}, UnknownField, "constraints.max_weight.momentm", "momentum"),
    ("constraints.sector_limits", {"Credit": 0.5}, UnknownField, "constraints.sector_limits.Credit", "use one of"),
    ("constraints.max_weight", "0.4", InvalidValue, "constraints.max_weight", "as 0.4"),
    ("constraints.max_weight", True, InvalidValue, "constraints.max_weight", None),
    ("constraints.max_weight", [0.5], InvalidValue, "constraints.max_weight", None),
    ("constraints.max_weight", 60, InvalidValue, "constraints.max_weight", "fraction"),
    ("constraints.sector_limits", [0.5], InvalidValue, "constraints.sector_limits", None),
    ("constraints", [1], InvalidValue, "constraints", "object"),
    ("constraints", 0.5, InvalidValue, "constraints", "object"),
    ("risk_parameters", "low", InvalidValue, "risk_parameters", "object"),
    ("strategies", {"a": 1}, InvalidValue, "strategies", "list"),
    ("strategies", [], InvalidValue, "strategies", "at least 1"),
    ("strategies.0", "momentum", InvalidValue, "strategies[0]", "object"),
    ("strategies.0.id", "value", InvalidValue, "strategies[1].id", "already"),
    ("strategies.0.id", "*", InvalidValue, "strategies[0].id", "every strategy"),
    ("strategies.0.id", None, MissingInput, "strategies[0].id", None),
    ("strategies.0.volatility", -0.1, InvalidValue, "strategies[0].volatility", None),
    ("strategies.0.volatility", None, MissingInput, "strategies[0].volatility", "volatility of momentum"),
    ("strategies.0.expected_return", None, MissingInput, "strategies[0].expected_return", "momentum"),
    ("strategies.0.expected_return", float("nan"), InvalidValue, "strategies[0].expected_return", "finite"),
    ("strategies.0.expected_return", 10**400, InvalidValue, "strategies[0].expected_return", "too large"),
    ("strategies.0.expected_return", 11, InvalidValue, "strategies[0].expected_return", "write 0.11 for 11 %"),
    ("strategies.0.volatility", 19, InvalidValue, "strategies[0].volatility", "write 0.19 for 19 %"),
    ("strategies.0.returns", [0.1], MissingInput, "strategies[0].returns", "12 are needed"),
    ("strategies.0.returns", [0.1] * 11 + ["x"], InvalidValue, "strategies[0].returns[11]", "number"),
    ("strategies.0.current_weight", 0.5, InvalidValue, "strategies[].current_weight", "add up to 1"),
    ("portfolio_id", "", InvalidValue, "portfolio_id", "empty"),
    ("portfolio_id", "x" * 101, InvalidValue, "portfolio_id", "100"),
    ("portfolio_id", None, MissingInput, "portfolio_id", None),
    ("portfolio_id", "a\x00b", InvalidValue, "portfolio_id", "control"),
    ("objective", "MAX_SHARP", InvalidValue, "objective", "MAX_SHARPE"),
    ("objective", "max_sharpe", InvalidValue, "objective", "MAX_SHARPE"),
    ("objective", 1, InvalidValue, "objective", "text"),
    ("objective", "RISK_PARITY", InvalidValue, "objective", "HIERARCHICAL_RISK_PARITY"),
    ("method", "BLACK_LITTERMAN", MissingInput, "risk_parameters.views", "needs views"),
    ("method", "RISK_PARITY", InvalidValue, "objective", "RISK_PARITY goes with RISK_PARITY"),
    ("objective", {"kind": "min_rsk"}, UnknownField, "objective.min_rsk", "min_risk"),
    ("risk_parameters.views", [{"a": 1}], InvalidValue, "risk_parameters.views", "BLACK_LITTERMAN"),
    ("risk_parameters.uncertainty", {"size": 1}, InvalidValue, "risk_parameters.uncertainty", "ROBUST"),
    ("risk_parameters.risk_budgets", {"a": 1}, InvalidValue, "risk_parameters.risk_budgets", "RISK_PARITY"),
    ("risk_parameters.objective_weights", {"a": 1}, InvalidValue, "risk_parameters.objective_weights", "MULTI"),
    ("risk_parameters.risk_free_rate", 5, InvalidValue, "risk_parameters.risk_free_rate", "5 % is 0.05"),
    ("risk_parameters.estimator", {"covariance": "ledoit"}, InvalidValue, "risk_parameters.estimator.covariance", "ledoit_"),
    ("risk_parameters.estimator", {"lookbak": 5}, UnknownField, "risk_parameters.estimator.lookbak", "lookback"),
    ("risk_parameters.correlation", None, MissingInput, "risk_parameters.correlation", "move together"),
    ("risk_parameters.correlation", [[1, 0.5], [0.5, 1]], InvalidValue, "risk_parameters.correlation", "2 rows for 3"),
    ("risk_parameters.correlation.0.1", 0.4, InvalidValue, "risk_parameters.correlation[0][1]", "not symmetric"),
    ("risk_parameters.correlation.0.0", 0.9, InvalidValue, "risk_parameters.correlation[0][0]", "ones"),
    ("risk_parameters.covariance", [[1, 0, 0], [0, 1, 0], [0, 0, 1]], InvalidValue, "risk_parameters.correlation", "give one"),
    ("constraints.turnover_limit", 0.2, MissingInput, "strategies[].current_weight", "turnover_limit"),
    ("constraints.max_tracking_error", 0.02, MissingInput, "strategies[].benchmark_weight", "max_tracking_error"),
    ("constraints.cash", {"max": 0.1}, InvalidValue, "constraints.cash", CASH),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "error", "field", "says"), WRONG, ids=[f"{w[0]}={str(w[1])[:30]}" for w in WRONG])
def test_what_is_wrong_is_named_where_it_stands(
    path: str, value: Any, error: type[PortoptError], field: str, says: str | None
) -> None:
    with pytest.raises(error) as caught:
        read_request(with_value(path, value))
    assert type(caught.value) is error
    assert caught.value.field == field
    assert caught.value.exit_code == 2
    if says:
        assert says in " ".join((caught.value.detail, *caught.value.fixes))


def test_a_year_that_nobody_spelled_out_is_said() -> None:
    strategies = [{"id": name, "returns": [0.01 * (i + k) % 0.03 for k in range(12)]} for i, name in enumerate("AB")]
    silent = request(strategies=strategies, constraints={}, risk_parameters={})
    assert read_request(silent).notes == (
        "risk_parameters.periods_per_year was not given: the returns are taken to be daily, 252 a year",
    )
    assert read_request({**silent, "risk_parameters": {"periods_per_year": 12}}).notes == ()
    assert read_request(request()).notes == ()


def test_robust_without_sets_and_without_returns_names_what_is_missing() -> None:
    with pytest.raises(MissingInput) as caught:
        read_request(request(method="ROBUST_OPTIMIZATION"))
    assert caught.value.field == "risk_parameters.uncertainty"


def test_a_covariance_no_returns_could_have_is_refused() -> None:
    document = with_value("risk_parameters.correlation", [[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]])
    with pytest.raises(InvalidValue, match="not positive semidefinite"):
        read_request(document)


def test_two_names_for_one_limit_are_not_a_choice() -> None:
    with pytest.raises(InvalidValue, match=r"means the same as constraints\.max_volatility"):
        read_request(request(constraints={"max_volatility": 0.1, "target_volatility": 0.2}))


def test_unequal_histories_are_not_aligned_by_guessing() -> None:
    document = request(risk_parameters={})
    for i, s in enumerate(document["strategies"]):
        s["returns"] = [0.01] * (20 + i)
    with pytest.raises(InvalidValue, match="same periods"):
        read_request(document)


@pytest.mark.parametrize("document", [[], "x", 3, None, True])
def test_a_document_that_is_no_object_is_malformed(document: Any) -> None:
    with pytest.raises(MalformedDocument):
        read_request(document)


ROUND_TRIPS = [
    request(),
    request(constraints={"min_weight": {"carry": -0.1}, "max_weight": {"*": 0.5, "carry": 0.9}}),
    request(constraints={"leverage_limit": 0.9}),
    request(constraints={"leverage_limit": 1.5, "min_weight": 0.0}),
    request(objective="MAX_RETURN", risk_parameters={**request()["risk_parameters"], "risk_aversion": 2.5}),
    request(objective="MIN_VOLATILITY", constraints={}),
]


@pytest.mark.parametrize("document", ROUND_TRIPS)
def test_a_request_written_in_s1_words_reads_back_equal(document: dict[str, Any]) -> None:
    read = read_request(document)
    again = read_request(write_request(read))
    assert again.identity() == read.identity()
    assert (again.limits, again.universe) == (read.limits, read.universe)


def test_an_objective_s1_has_no_word_for_is_written_as_our_object() -> None:
    import dataclasses

    read = dataclasses.replace(read_request(request()), objective={"kind": "min_tracking_error"})
    written = write_request(read)
    assert written["objective"] == {"kind": "min_tracking_error"}
    assert read_request(written).objective == read.objective
