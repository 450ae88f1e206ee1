"""What people type as an objective: understood as one of the catalog, or told what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

import portopt
from portopt.dialects.policies import override, read_policy
from portopt.dialects.portfolio import read_optimization
from portopt.dialects.strategy import read_request
from portopt.domain.errors import InvalidValue, MissingInput, RequestError, UnknownField
from portopt.doors.commands.history_asked import find_policy
from portopt.intake.policy import Wishes, laid_over
from portopt.questions.through_time.question import plain_policy
from portopt.runtime import open_runtime
from portopt.terms.catalog import OBJECTIVES, objective_words, parse_objective
from portopt.terms.spellings import ALIASES, TOLD, is_a_name, key_of

HRP, HERC, NCO = ({"kind": "hierarchical", "variant": name} for name in ("hrp", "herc", "nco"))
EQUAL, SHARPE, LEAST = {"kind": "equal_weight"}, {"kind": "max_sharpe"}, {"kind": "min_risk"}
PARITY, DIVERSE, NEAREST = {"kind": "risk_parity"}, {"kind": "max_diversification"}, {"kind": "min_tracking_error"}


def least(measure: str) -> dict[str, Any]:
    return {"kind": "min_risk", "measure": measure}


UNDERSTOOD: dict[str, dict[str, Any]] = {
    "equal_weight": EQUAL,
    "1/n": EQUAL,
    "1/N": EQUAL,
    "ew": EQUAL,
    "EW": EQUAL,
    "equal weights": EQUAL,
    "Equal-Weighted": EQUAL,
    "equally weighted": EQUAL,
    "one over n": EQUAL,
    "naive": EQUAL,
    "uniform": EQUAL,
    "equal": EQUAL,
    "equal weighting": EQUAL,
    "hrp": HRP,
    "HRP": HRP,
    "hierarchical_risk_parity": HRP,
    "Hierarchical Risk Parity": HRP,
    "herc": HERC,
    "HERC": HERC,
    "hierarchical equal risk": HERC,
    "hierarchical equal risk contribution": HERC,
    "nco": NCO,
    "NCO": NCO,
    "nested clusters optimization": NCO,
    "nested clustered optimization": NCO,
    "hierarchical": {"kind": "hierarchical"},
    "min_risk": LEAST,
    "MIN_RISK": LEAST,
    "min_variance": LEAST,
    "minimum variance": LEAST,
    "minimum_variance": LEAST,
    "min_volatility": LEAST,
    "MIN_VOLATILITY": LEAST,
    "minimum_volatility": LEAST,
    "Minimum-Volatility": LEAST,
    "min_vol": LEAST,
    "gmv": LEAST,
    "GMVP": LEAST,
    "global minimum variance": LEAST,
    "minimize_risk": LEAST,
    "minimize variance": LEAST,
    "minimize_volatility": LEAST,
    "least risk": LEAST,
    "minimum risk": LEAST,
    "min_var_portfolio": LEAST,
    "min_cvar": least("cvar"),
    "minimum cvar": least("cvar"),
    "min expected shortfall": least("cvar"),
    "min_cdar": least("cdar"),
    "min_evar": least("evar"),
    "min_mad": least("mad"),
    "min_semivariance": least("semideviation"),
    "min_semideviation": least("semideviation"),
    "min_drawdown": least("max_drawdown"),
    "min_max_drawdown": least("max_drawdown"),
    "min_ulcer_index": least("ulcer_index"),
    "minimax": least("worst_realization"),
    "max_sharpe": SHARPE,
    "MAX_SHARPE": SHARPE,
    "sharpe": SHARPE,
    "Sharpe ratio": SHARPE,
    "max_sharpe_ratio": SHARPE,
    "Max Sharpe-Ratio": SHARPE,
    "maximum sharpe": SHARPE,
    "maximum_sharpe_ratio": SHARPE,
    "maximize_sharpe": SHARPE,
    "maximize sharpe ratio": SHARPE,
    "tangency": SHARPE,
    "tangency portfolio": SHARPE,
    "max_diversification": DIVERSE,
    "maximum_diversification": DIVERSE,
    "max diversification ratio": DIVERSE,
    "most diversified": DIVERSE,
    "most_diversified_portfolio": DIVERSE,
    "MDP": DIVERSE,
    "risk_parity": PARITY,
    "Risk Parity": PARITY,
    "erc": PARITY,
    "ERC": PARITY,
    "equal risk": PARITY,
    "equal_risk_contribution": PARITY,
    "equal risk contributions": PARITY,
    "risk_budgeting": PARITY,
    "risk budgets": PARITY,
    "max_return": {"kind": "max_return"},
    "maximum return": {"kind": "max_return"},
    "maximize_return": {"kind": "max_return"},
    "max expected return": {"kind": "max_return"},
    "min_tracking_error": NEAREST,
    "tracking error": NEAREST,
    "minimize_tracking_error": NEAREST,
    "minimum tracking error": NEAREST,
    "index tracking": NEAREST,
    "benchmark_tracking": NEAREST,
    "comply": {"kind": "min_turnover"},
    "least trading": {"kind": "min_turnover"},
    " hrp ": HRP,
    "min.variance": LEAST,
}
# What leaves a choice open, and what the answer tells to write.
REFUSED = {
    "efficient_risk": ["max_return", "max_volatility"],
    "Efficient Risk": ["max_volatility"],
    "efficient_return": ["min_risk", "min_return"],
    "efficient-return": ["min_return"],
    "black_litterman": ["black_litterman", "AAPL == 10%"],
    "Black Litterman": ["views"],
    "entropy_pooling": ["AAPL >= 10%"],
    "mean_variance": ["utility", "max_sharpe"],
    "Markowitz": ["utility"],
    "efficient frontier": ["portopt frontier"],
    "CLA": ["portopt frontier"],
    "kelly": ['"risk_aversion": 1.0'],
    "max_growth": ['"risk_aversion": 1.0'],
    "sortino": ["semideviation"],
    "max sortino": ["semideviation"],
    "Calmar": ["max_drawdown"],
    "starr": ["cvar"],
    "min_var": ['"measure": "var"'],
    "inverse volatility": ["risk_parity"],
    "market_cap": ["target_weights"],
    "cap weighted": ["target_weights"],
    "robust": ["robust_max_sharpe"],
    "monte carlo": ["resampled"],
    "buy and hold": ["backtest"],
}


@pytest.mark.parametrize("typed", UNDERSTOOD)
def test_a_name_that_means_one_thing_is_understood_as_it(typed):
    assert objective_words(typed) == UNDERSTOOD[typed]
    assert parse_objective(typed) == parse_objective(UNDERSTOOD[typed])
    assert parse_objective({"kind": typed}) == parse_objective(UNDERSTOOD[typed])


@pytest.mark.parametrize("typed", REFUSED)
def test_a_name_that_leaves_a_choice_open_is_told_what_to_write(typed):
    with pytest.raises(InvalidValue) as refused:
        parse_objective(typed)
    assert refused.value.value == typed
    assert all(word in " ".join(refused.value.fixes) for word in REFUSED[typed])


def test_more_than_a_hundred_spellings_are_tried_and_every_alias_and_every_telling_is_among_them():
    assert len(UNDERSTOOD) + len(REFUSED) > 100
    tried = {key_of(name) for name in (*UNDERSTOOD, *REFUSED)}
    # The three names of the utility are tried with their risk aversion, below.
    assert set(ALIASES) | set(TOLD) == (tried & (set(ALIASES) | set(TOLD))) | set(OF_UTILITY)


OF_UTILITY = ("max_utility", "quadratic_utility", "max_quadratic_utility", "maximize_utility")


@pytest.mark.parametrize("typed", OF_UTILITY)
def test_a_utility_is_understood_and_asks_for_its_risk_aversion(typed):
    assert parse_objective({"kind": typed, "risk_aversion": 1.0}) == parse_objective({"kind": "utility", "risk_aversion": 1.0})
    with pytest.raises(MissingInput, match="risk_aversion"):
        parse_objective(typed)


def test_no_alias_hides_a_name_of_the_catalog_and_each_means_a_term_of_it():
    assert not (set(ALIASES) | set(TOLD)) & set(OBJECTIVES)
    assert not set(ALIASES) & set(TOLD)
    assert all(key_of(name) == name for name in (*ALIASES, *TOLD))
    for meant in ALIASES.values():
        more = {"risk_aversion": 2.0} if meant["kind"] == "utility" else {}
        assert parse_objective({**meant, **more}).kind == meant["kind"]


@pytest.mark.parametrize("typed", ["max_shrape", "hrpp", "", "1/m", "the best one"])
def test_a_name_that_nobody_has_is_refused_with_what_there_is(typed):
    assert not is_a_name(typed, OBJECTIVES)
    with pytest.raises(UnknownField):
        parse_objective(typed)


def test_options_go_with_an_alias_and_what_contradicts_it_is_told():
    assert parse_objective({"kind": "herc", "measure": "cvar"}) == parse_objective({**HERC, "measure": "cvar"})
    assert parse_objective({"kind": "hrp", "variant": "hrp"}) == parse_objective(HRP)
    with pytest.raises(InvalidValue, match="herc is variant herc"):
        parse_objective({"kind": "herc", "variant": "nco"})
    with pytest.raises(InvalidValue, match="min_cvar is measure cvar"):
        parse_objective({"kind": "min_cvar", "measure": "mad"})


def test_objectives_inside_others_are_spelled_the_same_way():
    assert objective_words({"kind": "resampled", "of": "sharpe", "draws": 5})["of"] == SHARPE
    assert objective_words({"kind": "nco", "inner": "gmv", "outer": {"kind": "erc"}}) == {
        **NCO,
        "inner": LEAST,
        "outer": PARITY,
    }
    with pytest.raises(InvalidValue, match=r"objective\.of = 'kelly'"):
        parse_objective({"kind": "resampled", "of": "kelly"})


# --- every door ---------------------------------------------------------------------------------------------------

STRATEGIES = [{"id": "a", "expected_return": 0.05, "volatility": 0.2}, {"id": "b", "expected_return": 0.06, "volatility": 0.1}]


def s1(objective: Any, **more: Any) -> Any:
    doc = {"portfolio_id": "p", "strategies": STRATEGIES, "objective": objective, **more}
    return read_request({**doc, "risk_parameters": {"correlation": [[1, 0], [0, 1]]}}).objective


def test_a_policy_takes_the_names_and_keeps_the_catalogs_words():
    policy = read_policy({"id": "p", "objective": "HRP", "limits": {}})
    assert policy.objective == HRP
    assert override(policy, {"objective": "1/n"}).objective == EQUAL
    assert read_policy({"id": "p", "objective": {"kind": "herc", "linkage": "ward"}, "limits": {}}).objective == {
        **HERC,
        "linkage": "ward",
    }
    with pytest.raises(InvalidValue) as refused:
        read_policy({"id": "p", "objective": "efficient_risk", "limits": {}}, path="policies[3]")
    assert refused.value.field == "policies[3].objective"


def test_the_notebook_takes_them():
    returns = {"A": [0.01, -0.02, 0.03, 0.0], "B": [0.02, 0.01, -0.01, 0.0], "C": [0.0, 0.01, 0.02, -0.01]}
    assert portopt.ask(returns, "erc").objective == PARITY
    assert portopt.optimize(returns, "1/n").weights == pytest.approx(dict.fromkeys("ABC", 1 / 3))


def test_s1_takes_them_beside_its_own_words():
    assert s1("hrp") == HRP
    assert s1("min_cvar") == least("cvar")
    assert s1({"kind": "sharpe"}, method="MEAN_VARIANCE") == SHARPE
    assert s1("RISK_PARITY", method="RISK_PARITY") == PARITY
    with pytest.raises(InvalidValue, match="is none of"):
        s1("risk_parity")  # its own word, in the wrong case
    with pytest.raises(InvalidValue, match="floor on the return"):
        s1("efficient_return")


def test_s2_takes_them_beside_its_own_words():
    assert read_optimization({"objective": "hrp"}).objective == HRP
    assert read_optimization({"objective": "maximize_sharpe"}).objective == SHARPE
    found = read_optimization({"objective": "1/n", "preferences": {"risk_aversion": 3.0}})
    assert found.objective == EQUAL
    assert found.notes == ("preferences.risk_aversion has no effect on 1/n",)
    with pytest.raises(InvalidValue, match="optimization_type"):
        read_optimization({"objective": "hrp", "optimization_type": "risk_parity"})


def test_the_form_and_a_backtest_take_them():
    policy = read_policy({"id": "p", "objective": "max_sharpe", "limits": {}})
    assert laid_over(policy, Wishes(goal="herc")).objective == HERC
    assert laid_over(policy, Wishes(goal="sharpe", risk_measure="cvar")).objective == {"kind": "max_ratio", "measure": "cvar"}
    assert laid_over(policy, Wishes(changes={"objective": "gmv"})).objective == LEAST
    with pytest.raises(InvalidValue, match="has no part in the goal"):
        laid_over(policy, Wishes(goal="min_cvar", risk_measure="mad"))
    assert plain_policy("1/n").objective == EQUAL
    assert find_policy("1/n", open_runtime()).objective == EQUAL
    assert find_policy("hrp", open_runtime()).objective == HRP
    with pytest.raises(RequestError, match="trades nothing"):
        plain_policy("buy and hold")
