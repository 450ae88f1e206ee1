"""Names people type, from other libraries and papers, as names of the catalog. Written out: every door reads this table.

An alias means one thing. What would leave a choice open (which limit? which views? which risk aversion?) is not guessed: the
refusal spells what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from portopt.domain.errors import InvalidValue

ALIASES: Mapping[str, Mapping[str, Any]] = {
    # equal weights
    "1/n": {"kind": "equal_weight"},
    "ew": {"kind": "equal_weight"},
    "equal": {"kind": "equal_weight"},
    "equal_weights": {"kind": "equal_weight"},
    "equal_weighted": {"kind": "equal_weight"},
    "equal_weighting": {"kind": "equal_weight"},
    "equally_weighted": {"kind": "equal_weight"},
    "one_over_n": {"kind": "equal_weight"},
    "naive": {"kind": "equal_weight"},
    "uniform": {"kind": "equal_weight"},
    # trees of assets
    "hrp": {"kind": "hierarchical", "variant": "hrp"},
    "hierarchical_risk_parity": {"kind": "hierarchical", "variant": "hrp"},
    "herc": {"kind": "hierarchical", "variant": "herc"},
    "hierarchical_equal_risk": {"kind": "hierarchical", "variant": "herc"},
    "hierarchical_equal_risk_contribution": {"kind": "hierarchical", "variant": "herc"},
    "nco": {"kind": "hierarchical", "variant": "nco"},
    "nested_clusters_optimization": {"kind": "hierarchical", "variant": "nco"},
    "nested_clustered_optimization": {"kind": "hierarchical", "variant": "nco"},
    # least risk
    "min_variance": {"kind": "min_risk"},
    "minimum_variance": {"kind": "min_risk"},
    "minimize_variance": {"kind": "min_risk"},
    "min_var_portfolio": {"kind": "min_risk"},
    "global_minimum_variance": {"kind": "min_risk"},
    "gmv": {"kind": "min_risk"},
    "gmvp": {"kind": "min_risk"},
    "min_volatility": {"kind": "min_risk"},
    "minimum_volatility": {"kind": "min_risk"},
    "minimize_volatility": {"kind": "min_risk"},
    "min_vol": {"kind": "min_risk"},
    "minimum_risk": {"kind": "min_risk"},
    "minimize_risk": {"kind": "min_risk"},
    "least_risk": {"kind": "min_risk"},
    "min_cvar": {"kind": "min_risk", "measure": "cvar"},
    "minimum_cvar": {"kind": "min_risk", "measure": "cvar"},
    "min_expected_shortfall": {"kind": "min_risk", "measure": "cvar"},
    "min_cdar": {"kind": "min_risk", "measure": "cdar"},
    "min_evar": {"kind": "min_risk", "measure": "evar"},
    "min_mad": {"kind": "min_risk", "measure": "mad"},
    "min_semivariance": {"kind": "min_risk", "measure": "semideviation"},
    "min_semideviation": {"kind": "min_risk", "measure": "semideviation"},
    "min_drawdown": {"kind": "min_risk", "measure": "max_drawdown"},
    "min_max_drawdown": {"kind": "min_risk", "measure": "max_drawdown"},
    "min_ulcer_index": {"kind": "min_risk", "measure": "ulcer_index"},
    "minimax": {"kind": "min_risk", "measure": "worst_realization"},
    # the best ratio
    "sharpe": {"kind": "max_sharpe"},
    "sharpe_ratio": {"kind": "max_sharpe"},
    "max_sharpe_ratio": {"kind": "max_sharpe"},
    "maximum_sharpe": {"kind": "max_sharpe"},
    "maximum_sharpe_ratio": {"kind": "max_sharpe"},
    "maximize_sharpe": {"kind": "max_sharpe"},
    "maximize_sharpe_ratio": {"kind": "max_sharpe"},
    "tangency": {"kind": "max_sharpe"},
    "tangency_portfolio": {"kind": "max_sharpe"},
    "max_diversification_ratio": {"kind": "max_diversification"},
    "maximum_diversification": {"kind": "max_diversification"},
    "most_diversified": {"kind": "max_diversification"},
    "most_diversified_portfolio": {"kind": "max_diversification"},
    "mdp": {"kind": "max_diversification"},
    # shares of the risk
    "erc": {"kind": "risk_parity"},
    "equal_risk": {"kind": "risk_parity"},
    "equal_risk_contribution": {"kind": "risk_parity"},
    "equal_risk_contributions": {"kind": "risk_parity"},
    "risk_budgeting": {"kind": "risk_parity"},
    "risk_budgets": {"kind": "risk_parity"},
    # no more trading than needed
    "comply": {"kind": "min_turnover"},
    "least_trading": {"kind": "min_turnover"},
    # return, utility, benchmark
    "max_expected_return": {"kind": "max_return"},
    "maximum_return": {"kind": "max_return"},
    "maximize_return": {"kind": "max_return"},
    "max_utility": {"kind": "utility"},
    "quadratic_utility": {"kind": "utility"},
    "max_quadratic_utility": {"kind": "utility"},
    "maximize_utility": {"kind": "utility"},
    "tracking_error": {"kind": "min_tracking_error"},
    "minimum_tracking_error": {"kind": "min_tracking_error"},
    "minimize_tracking_error": {"kind": "min_tracking_error"},
    "index_tracking": {"kind": "min_tracking_error"},
    "benchmark_tracking": {"kind": "min_tracking_error"},
}

# What leaves a choice open: why it is not an objective here, and how it is written.
TOLD: Mapping[str, tuple[str, str]] = {
    "efficient_risk": (
        "is the most return under a limit on the volatility",
        'write objective: {"kind": "max_return"} and limits: {"max_volatility": 0.15}, your target volatility',
    ),
    "efficient_return": (
        "is the least risk above a floor on the return",
        'write objective: {"kind": "min_risk"} and limits: {"min_return": 0.08}, your target return',
    ),
    "black_litterman": (
        "is no objective but a way to form expected returns",
        'write objective: {"kind": "max_sharpe"} and estimation: {"views": {"method": "black_litterman", '
        '"views": ["AAPL == 10%"]}}',
    ),
    "entropy_pooling": (
        "is no objective but a way to hold views on scenarios",
        'write objective: {"kind": "max_sharpe"} and estimation: {"views": {"method": "entropy_pooling", '
        '"views": ["AAPL >= 10%"]}}',
    ),
    "mean_variance": (
        "leaves open what of the frontier is wanted",
        'write {"kind": "max_sharpe"}, {"kind": "min_risk"}, or {"kind": "utility", "risk_aversion": 4.0}',
    ),
    "markowitz": (
        "leaves open what of the frontier is wanted",
        'write {"kind": "max_sharpe"}, {"kind": "min_risk"}, or {"kind": "utility", "risk_aversion": 4.0}',
    ),
    "efficient_frontier": (
        "is a line of portfolios, not one",
        'ask `portopt frontier`, or write {"kind": "max_sharpe"}, {"kind": "min_risk"} for one of them',
    ),
    "cla": (
        "is an algorithm: the frontier here is exact by the same lines",
        'write {"kind": "max_sharpe"} or {"kind": "min_risk"}, or ask `portopt frontier`',
    ),
    "kelly": (
        "is, to second order, the utility at a risk aversion of one",
        'write {"kind": "utility", "risk_aversion": 1.0}',
    ),
    "max_growth": (
        "is, to second order, the utility at a risk aversion of one",
        'write {"kind": "utility", "risk_aversion": 1.0}',
    ),
    "sortino": (
        "is a ratio over the downside, and leaves open below what",
        'write {"kind": "max_ratio", "measure": "semideviation", "target": 0.0}',
    ),
    "max_sortino": (
        "is a ratio over the downside, and leaves open below what",
        'write {"kind": "max_ratio", "measure": "semideviation", "target": 0.0}',
    ),
    "calmar": (
        "is a ratio over the deepest drawdown",
        'write {"kind": "max_ratio", "measure": "max_drawdown"}',
    ),
    "starr": (
        "is a ratio over the mean of the worst losses",
        'write {"kind": "max_ratio", "measure": "cvar"}',
    ),
    "min_var": (
        "is the least variance to some and the least value at risk to others",
        'write {"kind": "min_risk"}, or {"kind": "min_risk", "measure": "var"}',
    ),
    "inverse_volatility": (
        "is risk parity where every correlation is the same, and is not built by itself",
        'write {"kind": "risk_parity"}, or give the weights: {"kind": "target_weights", "weights": {…}}',
    ),
    "market_cap": (
        "needs capitalizations, which are no part of a request",
        'give the weights: {"kind": "target_weights", "weights": {…}}, or a benchmark and {"kind": "min_tracking_error"}',
    ),
    "cap_weighted": (
        "needs capitalizations, which are no part of a request",
        'give the weights: {"kind": "target_weights", "weights": {…}}, or a benchmark and {"kind": "min_tracking_error"}',
    ),
    "robust": (
        "leaves open what is uncertain",
        'write {"kind": "robust_max_sharpe", "returns": {"set": "ellipsoid", "radius": "estimate"}}, robust_min_risk or '
        "robust_utility",
    ),
    "monte_carlo": (
        "is how draws are made, not what is wanted of them",
        'write {"kind": "resampled", "of": {"kind": "max_sharpe"}, "draws": 50}',
    ),
    "buy_and_hold": (
        "trades nothing",
        "leave the portfolio as it is; in a backtest write rebalance: never",
    ),
}
NESTED = ("inner", "outer", "of")


def key_of(name: str) -> str:
    """A name as this table has it: "Max Sharpe-Ratio" is "max_sharpe_ratio"."""
    return re.sub(r"[\s\-_.]+", "_", name.strip().casefold()).strip("_")


def in_catalog_words(spec: Any, known: Collection[str], path: str = "objective") -> Any:
    """An objective as a policy spells it, its kind and those inside it in the catalog's words; a text is a kind alone.

    known: the catalog's kinds. What is no objective at all, and a kind that nobody knows, stay as they are for the catalog to
    refuse. Raises InvalidValue for a name that leaves a choice open, and for an option that contradicts what an alias says.
    """
    if isinstance(spec, str):
        return _of_name(spec, known, path)
    if not isinstance(spec, Mapping):
        return spec
    given = {name: in_catalog_words(item, known, f"{path}.{name}") if name in NESTED else item for name, item in spec.items()}
    kind = given.get("kind")
    if not isinstance(kind, str):
        return given
    return {**given, **_agreeing(_of_name(kind, known, f"{path}.kind"), given, path)}


def is_a_name(name: str, known: Collection[str]) -> bool:
    """Whether a name alone says what is wanted: of the catalog, of people, or one that is told how to be said."""
    return name in known or key_of(name) in known or key_of(name) in ALIASES or key_of(name) in TOLD


def _of_name(name: str, known: Collection[str], path: str) -> dict[str, Any]:
    key = key_of(name)
    if name in known:
        return {"kind": name}
    if key in TOLD:
        why, fix = TOLD[key]
        raise InvalidValue(path, name, why, fix=fix)
    return dict(ALIASES.get(key, {"kind": key if key in known else name}))


def _agreeing(meant: Mapping[str, Any], given: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    for name, value in meant.items():
        if name != "kind" and given.get(name) not in (None, value):
            why = f"{given['kind']} is {name} {value}"
            raise InvalidValue(f"{path}.{name}", given[name], why, fix=f"leave {name} out, or write kind: {meant['kind']}")
    return meant
