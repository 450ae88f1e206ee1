"""S2, the portfolio optimization service: its optimization and rebalance requests as changes to a policy of ours.

    optimization_type   mean_variance, black_litterman, risk_parity, hierarchical_risk_parity, robust, multi_objective
    objective           maximize_sharpe, minimize_risk, maximize_return, maximize_utility, minimize_tracking_error, risk_parity
    risk_measure        volatility, var, cvar and the others of our catalog
    preferences         risk_aversion, include_transaction_costs, transaction_cost_model (a flat rate, a fraction of what is
                        traded), and ours: confidence, horizon, views, options (further options of the objective)

What a request does not say, the portfolio's policy says. The surfaces themselves (REST, gRPC) come with the service.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portopt.dialects.names import S2_LIMITS, in_users_words
from portopt.dialects.reading import flag, number, object_of, one_of, shown, text, whole_number
from portopt.dialects.records import RANGES, json_object
from portopt.dialects.strategy_words import read_objective, read_views
from portopt.domain.errors import InvalidValue
from portopt.domain.request import Policy

OPTIMIZATION = ("portfolio_id", "optimization_type", "objective", "risk_measure", "constraints", "preferences")
TYPES: Mapping[str, str] = {
    "mean_variance": "MEAN_VARIANCE",
    "black_litterman": "BLACK_LITTERMAN",
    "risk_parity": "RISK_PARITY",
    "hierarchical_risk_parity": "HIERARCHICAL_RISK_PARITY",
    "robust": "ROBUST_OPTIMIZATION",
    "multi_objective": "MEAN_VARIANCE",
}
GOALS: Mapping[str, str] = {
    "maximize_sharpe": "MAX_SHARPE",
    "minimize_risk": "MIN_VOLATILITY",
    "maximize_return": "MAX_RETURN",
    "maximize_utility": "MAX_RETURN",
    "risk_parity": "RISK_PARITY",
    "multi_objective": "MULTI_OBJECTIVE",
}
PREFERENCES = (
    *("risk_aversion", "include_transaction_costs", "consider_tax_implications", "transaction_cost_model"),
    *("confidence", "horizon", "views", "options", "risk_budgets", "uncertainty", "objective_weights"),
)
USUAL_AVERSION = 4.0  # of maximize_utility where none is given: S2's own example
TARGETS = ("optimal", "custom", "benchmark")
REBALANCE = ("target_type", "constraints")
REBALANCE_CONSTRAINTS = ("max_turnover", "min_trade_size", "max_trades", "consider_tax_implications")
WORDS = {
    "risk_parameters.risk_measure": "risk_measure",
    "risk_parameters.confidence_level": "preferences.confidence",
    "risk_parameters": "preferences",
    "method": "optimization_type",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks in place of the policy's own words; what is None or empty there stays as it is."""

    portfolio_id: str | None = None
    objective: Mapping[str, Any] | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    costs: Mapping[str, Any] | None = None
    views: Mapping[str, Any] | None = None
    min_trade_value: float | None = None
    target_type: str = "optimal"
    notes: tuple[str, ...] = ()

    def applied_to(self, policy: Policy) -> Policy:
        """The policy with these wishes in place of its own words."""
        trading, estimation = policy.trading, policy.estimation
        if self.min_trade_value is not None:
            trading = dataclasses.replace(trading, min_trade_value=self.min_trade_value)
        if self.views is not None:
            estimation = dataclasses.replace(estimation, views=self.views)
        return dataclasses.replace(
            policy,
            objective=policy.objective if self.objective is None else self.objective,
            limits={**policy.limits, **self.limits},
            costs=policy.costs if self.costs is None else self.costs,
            estimation=estimation,
            trading=trading,
        )


def read_wish(doc: Any) -> Wish:
    """Either of S2's requests, told apart by their fields."""
    is_rebalance = isinstance(doc, Mapping) and "optimization_type" not in doc and "objective" not in doc
    return read_rebalance(doc) if is_rebalance else read_optimization(doc)


def read_optimization(doc: Any) -> Wish:
    """S2's POST /optimizations body. Raises UnknownField, InvalidValue or MissingInput with the dotted path."""
    found = object_of(doc, "", OPTIMIZATION)
    wants = object_of(found.get("preferences") or {}, "preferences", PREFERENCES)
    _refuse_taxes(wants, "preferences")
    how = one_of(found.get("optimization_type") or "mean_variance", "optimization_type", TYPES)
    usual = {"risk_parity": "risk_parity", "hierarchical_risk_parity": "risk_parity", "multi_objective": "multi_objective"}
    goal = one_of(found.get("objective") or usual.get(how, "maximize_sharpe"), "objective", (*GOALS, "minimize_tracking_error"))
    objective, views, notes = _objective(how, goal, found.get("risk_measure"), wants)
    portfolio_id = found.get("portfolio_id")
    return Wish(
        portfolio_id=None if portfolio_id is None else text(portfolio_id, "portfolio_id"),
        objective=objective,
        limits=read_constraints(found.get("constraints") or {}),
        costs=_costs(wants),
        views=views or None,
        notes=notes,
    )


def read_rebalance(doc: Any) -> Wish:
    """S2's POST /portfolios/{id}/rebalance body. Raises UnknownField or InvalidValue with the dotted path.

    target_type "benchmark" is the portfolio nearest to the benchmark; "custom" needs weights of its own, which S2 has no
    field for.
    """
    found = object_of(doc, "", REBALANCE)
    target = one_of(found.get("target_type") or "optimal", "target_type", TARGETS)
    if target == "custom":
        why = "needs target weights, and the request has no field for them"
        raise InvalidValue("target_type", target, why, fix="give the weights as a benchmark and use 'benchmark'")
    limits, min_trade_value = read_rebalance_constraints(found.get("constraints") or {})
    objective = {"kind": "min_tracking_error"} if target == "benchmark" else None
    return Wish(objective=objective, limits=limits, min_trade_value=min_trade_value, target_type=target)


def read_rebalance_constraints(doc: Any, path: str = "constraints") -> tuple[dict[str, Any], float | None]:
    """Limits under catalog names, and the smallest trade in money (None where not said). Raises as read_rebalance does."""
    found = object_of(doc, path, REBALANCE_CONSTRAINTS)
    _refuse_taxes(found, path)
    smallest, trades = found.get("min_trade_size"), found.get("max_trades")
    low, high = RANGES["min_trade_value"]
    asked = {
        "max_turnover": found.get("max_turnover"),
        "max_trades": None if trades is None else whole_number(trades, f"{path}.max_trades", low=0),
    }
    return (
        _checked(asked, path, S2_LIMITS),
        None if smallest is None else number(smallest, f"{path}.min_trade_size", low=low, high=high),
    )


def read_constraints(doc: Any, path: str = "constraints") -> dict[str, Any]:
    """S2's OptimizationConstraints as limits of our catalog. Raises UnknownField or InvalidValue with the dotted path.

    A scalar (max_position_size) stands for every asset that the map beside it (max_weights) does not name.
    """
    from portopt.terms.catalog import LIMITS

    names = {**{name: name for name in LIMITS if name not in ("budget", "frozen")}, **S2_LIMITS}
    found = json_object(object_of(doc, path, names), path)
    by_name = found.pop("max_weights", None)
    if by_name is not None:
        if not isinstance(by_name, Mapping):
            raise InvalidValue(f"{path}.max_weights", shown(by_name), "an object of weights by asset belongs here")
        scalar = found.pop("max_position_size", None)
        everyone = {} if scalar is None else {"*": number(scalar, f"{path}.max_position_size", low=0.0)}
        found["max_weights"] = {**everyone, **by_name}
    return _checked(found, path, names)


def _objective(
    how: str, goal: str, measure: Any, wants: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    """(objective, views, notes) by the way of S1's words, whose pairs mean the same."""
    views = wants.get("views")
    if how == "black_litterman" and views is None:
        views = {"views": []}  # the equilibrium alone
    if goal == "minimize_tracking_error":
        return {"kind": "min_tracking_error"}, read_views({"views": views}, None), ()
    aversion = wants.get("risk_aversion")
    risk = {name: wants.get(name) for name in ("horizon", "risk_budgets", "uncertainty", "objective_weights")}
    risk |= {
        "views": views,
        "risk_measure": measure,
        "confidence_level": wants.get("confidence"),
        "risk_aversion": USUAL_AVERSION if goal == "maximize_utility" and aversion is None else aversion,
        "method_options": wants.get("options"),
    }
    if goal == "maximize_return":
        risk["risk_aversion"] = None
    with in_users_words(WORDS):
        objective, notes = read_objective(GOALS[goal], TYPES[how], risk)
        return objective, read_views(risk, TYPES[how]), notes


def _costs(wants: Mapping[str, Any]) -> dict[str, Any] | None:
    """None leaves the policy's costs as they are; a rate replaces them; false takes them away."""
    rate, include = wants.get("transaction_cost_model"), wants.get("include_transaction_costs")
    if include is not None and not flag(include, "preferences.include_transaction_costs"):
        return {}
    if rate is None:
        return None
    return {"linear_impact": {"bps": 1e4 * number(rate, "preferences.transaction_cost_model", low=0.0, high=1.0)}}


def _refuse_taxes(found: Mapping[str, Any], path: str) -> None:
    taxes = found.get("consider_tax_implications")
    if taxes is not None and flag(taxes, f"{path}.consider_tax_implications"):
        why = "taxes are not estimated in this version: holdings carry no tax lots"
        raise InvalidValue(f"{path}.consider_tax_implications", True, why, fix="leave it out, or write false")


def _checked(found: Mapping[str, Any], path: str, table: Mapping[str, str]) -> dict[str, Any]:
    """The limits under our names, once the catalog has accepted them; complaints are in the user's names."""
    from portopt.terms.catalog import parse_limits
    from portopt.terms.dynamic import for_reading

    given = {name: value for name, value in found.items() if value is not None}
    limits = {table[name]: value for name, value in given.items()}
    with in_users_words({f"limits.{table[name]}": f"{path}.{name}" for name in given}):
        parse_limits(for_reading(limits))
    return limits
