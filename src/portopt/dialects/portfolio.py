"""S2, the portfolio optimization service: its optimization and rebalance requests as changes to a policy of ours.

    optimization_type   mean_variance, black_litterman, risk_parity, hierarchical_risk_parity, robust, multi_objective
    objective           maximize_sharpe, minimize_risk, maximize_return, maximize_utility, minimize_tracking_error, risk_parity;
                        ours: a name of our catalog, or one that people have for such ("hrp", "1/n", "min_cvar")
    risk_measure        volatility, var, cvar and the others of our catalog
    preferences         risk_aversion, include_transaction_costs, transaction_cost_model (a flat rate, a fraction of what is
                        traded), risk_free_rate (0.0 where not given, whatever the policy says), and ours: confidence,
                        horizon, views, options (further options of the objective)
    cash_flow           ours: money that comes in or, below zero, leaves: {"amount": "-30000.00", "by": "2026-12-31"}
    no_worse            ours: limits that the book misses already need only not be missed by more
    confirmed_shares    ours: assets whose shares are those of the prices' day, whatever it looks like: ["AAPL"]
    splits              ours: assets whose shares are of before a split: {"AAPL": "4:1"}; they and their lots are converted
    target_type         optimal; benchmark: the portfolio nearest to it; custom: the one nearest to target_weights

What a request does not say, the portfolio's policy says. The surfaces themselves (REST, gRPC) come with the service.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portopt.dialects.names import S2_LIMITS, in_users_words, in_vocabulary
from portopt.dialects.reading import flag, number, object_of, one_of, shown, text, whole_number
from portopt.dialects.records import RANGES, json_object
from portopt.dialects.requests import read_cash_flow, read_confirmed, read_splits
from portopt.dialects.strategy_words import is_ours, read_objective, read_views
from portopt.domain.cash_flow import CashFlow
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.request import Policy, RebalanceRequest
from portopt.terms.wished import laid_over_limits

OPTIMIZATION = (
    *("portfolio_id", "optimization_type", "objective", "risk_measure", "constraints", "preferences"),
    *("cash_flow", "no_worse", "confirmed_shares", "splits"),
)
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
    *("confidence", "horizon", "views", "options", "risk_budgets", "uncertainty", "objective_weights", "risk_free_rate"),
)
NOT_FOR_TRACKING = ("risk_aversion", "confidence", "horizon", "options", "risk_budgets", "uncertainty", "objective_weights")
TRACKING = "minimize_tracking_error"
USUAL_AVERSION = 4.0  # of maximize_utility where none is given: S2's own example
TARGETS = ("optimal", "custom", "benchmark")
REBALANCE = (
    "portfolio_id",
    "target_type",
    "target_weights",
    "constraints",
    "cash_flow",
    "no_worse",
    "confirmed_shares",
    "splits",
)
MAY_TRADE = ("buy_only", "sell_only", "do_not_buy", "do_not_sell", "keep", "max_positions")  # ours, under the catalog's names
REBALANCE_CONSTRAINTS = ("max_turnover", "min_trade_size", "max_trades", "consider_tax_implications", *MAY_TRADE)
WORDS = {
    "risk_parameters.risk_measure": "risk_measure",
    "risk_parameters.confidence_level": "preferences.confidence",
    "risk_parameters": "preferences",
    "method": "optimization_type",
}
# S1's words in S2's, for sentences that the shared reading of both writes.
VOCABULARY = {
    **{theirs: ours for ours, theirs in reversed(tuple(TYPES.items()))},
    **{theirs: ours for ours, theirs in reversed(tuple(GOALS.items()))},
    "method": "optimization_type",
    **{f"risk_parameters.{name}": f"preferences.{name}" for name in PREFERENCES},
    **{place: word for place, word in WORDS.items() if "." in place},
}
MOST_NAMED = 6
OTHER = "other"


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
    risk_free_rate: float | None = None
    considers_taxes: bool = False
    cash_flow: CashFlow | None = None
    no_worse: bool = False
    confirmed_shares: tuple[str, ...] = ()
    splits: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def asked_of(self, request: RebalanceRequest) -> RebalanceRequest:
        """The request with these wishes in place of its policy's own words.

        Raises InvalidValue where the wish names another portfolio than the one whose holdings these are.
        """
        if self.portfolio_id not in (None, request.holdings.portfolio_id):
            raise InvalidValue(
                "portfolio_id",
                self.portfolio_id,
                f"the holdings are those of {request.holdings.portfolio_id!r}",
                fix=f"ask for {request.holdings.portfolio_id!r}, or give the holdings of {self.portfolio_id!r}",
            )
        self._refuse_other(request)
        without = [a for a in sorted(request.holdings.shares) if not (request.holdings.tax and request.holdings.tax.lots_of(a))]
        policy = self.applied_to(request.policy, held=without)
        return dataclasses.replace(
            request,
            policy=policy,
            target_type=self.target_type,
            cash_flow=self.cash_flow or request.cash_flow,
            no_worse=self.no_worse or request.no_worse,
        )

    def _refuse_other(self, request: RebalanceRequest) -> None:
        """S2's "other" is no instrument: what it stands for stays as it is, under its own ids."""
        named = {"max_weights": self.limits.get("max_weight"), "min_weights": self.limits.get("min_weight")}
        places = {f"constraints.{name}": weights for name, weights in named.items()}
        places["target_weights"] = (self.objective or {}).get("weights")
        for place, weights in places.items():
            if not isinstance(weights, Mapping) or OTHER not in weights or OTHER in request.universe.ids:
                continue
            kept = [a.id for a in request.universe.assets if not a.tradable and request.holdings.shares.get(a.id)]
            stands = f"{', '.join(kept)}, which may not be traded and stay as they are" if kept else "no holding of this book"
            fix = f"take it out: what is in {', '.join(kept)} stays" if kept else "take it out, or name the assets meant"
            raise InvalidValue(f"{place}.{OTHER}", shown(weights[OTHER]), f"stands for {stands}", fix=fix)

    def applied_to(self, policy: Policy, *, held: Sequence[str] = ()) -> Policy:
        """The policy with these wishes in place of its own words. held: the assets that notes may name."""
        trading, estimation = policy.trading, policy.estimation
        if self.min_trade_value is not None:
            trading = dataclasses.replace(trading, min_trade_value=self.min_trade_value)
        if self.views is not None:
            estimation = dataclasses.replace(estimation, views=self.views)
        return dataclasses.replace(
            policy,
            objective=policy.objective if self.objective is None else self.objective,
            limits=laid_over_limits(policy.limits, self.limits),
            costs=policy.costs if self.costs is None else self.costs,
            estimation=estimation,
            trading=trading,
            risk_free_rate=policy.risk_free_rate if self.risk_free_rate is None else self.risk_free_rate,
            notes=(*policy.notes, *self.notes, *self._rate_said(policy), *self._taxes_said(held, policy)),
        )

    def _taxes_said(self, without: Sequence[str], policy: Policy) -> tuple[str, ...]:
        """Where taxes were to be considered and something is missing for it. without: the assets that have no lots."""
        if not self.considers_taxes:
            return ()
        more = f" and {len(without) - MOST_NAMED} more" if len(without) > MOST_NAMED else ""
        named = f"{', '.join(without[:MOST_NAMED])}{more}"
        if policy.tax:
            bare = "; what is sold of them counts as bought for nothing"
            return (f"consider_tax_implications: {named} have no tax lots here{bare}",) if without else ()
        lacks = f"{named} have no tax lots here" if without else f"the policy {policy.id} names no tax (tax.regime)"
        return (f"consider_tax_implications: {lacks}, so no tax was estimated and none changed the trades",)

    def _rate_said(self, policy: Policy) -> tuple[str, ...]:
        if self.risk_free_rate in (None, policy.risk_free_rate):
            return ()
        return (f"risk_free_rate is the request's, {self.risk_free_rate:g} a year; the policy's is {policy.risk_free_rate:g}",)


def read_wish(doc: Any) -> Wish:
    """Either of S2's requests, told apart by their fields."""
    is_rebalance = isinstance(doc, Mapping) and "optimization_type" not in doc and "objective" not in doc
    return read_rebalance(doc) if is_rebalance else read_optimization(doc)


def read_optimization(doc: Any) -> Wish:
    """S2's POST /optimizations body. Raises UnknownField, InvalidValue or MissingInput with the dotted path."""
    found = object_of(doc, "", OPTIMIZATION)
    wants = object_of(found.get("preferences") or {}, "preferences", PREFERENCES)
    how = one_of(found.get("optimization_type") or "mean_variance", "optimization_type", TYPES)
    usual = {"risk_parity": "risk_parity", "hierarchical_risk_parity": "risk_parity", "multi_objective": "multi_objective"}
    said, known = found.get("objective"), (*GOALS, TRACKING)
    if isinstance(said, str) and is_ours(said) and said not in known:
        objective, views, notes = _own_objective(found, said, wants)
    else:
        goal = one_of(said or usual.get(how, "maximize_sharpe"), "objective", known)
        objective, views, notes = _objective(how, goal, found.get("risk_measure"), wants)
    rate, (low, high) = wants.get("risk_free_rate"), RANGES["risk_free_rate"]
    return Wish(
        portfolio_id=_portfolio_id(found),
        objective=objective,
        limits=read_constraints(found.get("constraints") or {}),
        costs=_costs(wants),
        views=views or None,
        risk_free_rate=0.0 if rate is None else number(rate, "preferences.risk_free_rate", low=low, high=high, fraction=True),
        considers_taxes=_considers_taxes(wants, "preferences"),
        **read_money(found),
        notes=notes,
    )


def read_rebalance(doc: Any) -> Wish:
    """S2's POST /portfolios/{id}/rebalance body. Raises UnknownField or InvalidValue with the dotted path.

    target_type "benchmark" is the portfolio nearest to the benchmark, "custom" the one nearest to `target_weights`.
    """
    found = object_of(doc, "", REBALANCE)
    target = one_of(found.get("target_type") or "optimal", "target_type", TARGETS)
    constraints = found.get("constraints") or {}
    limits, min_trade_value = read_rebalance_constraints(constraints)
    return Wish(
        portfolio_id=_portfolio_id(found),
        objective=_target(target, found.get("target_weights")),
        limits=limits,
        min_trade_value=min_trade_value,
        target_type=target,
        considers_taxes=_considers_taxes(constraints, "constraints"),
        **read_money(found),
    )


def read_rebalance_constraints(doc: Any, path: str = "constraints") -> tuple[dict[str, Any], float | None]:
    """Limits under catalog names, and the smallest trade in money (None where not said). Raises as read_rebalance does."""
    found = object_of(doc, path, REBALANCE_CONSTRAINTS)
    smallest, trades = found.get("min_trade_size"), found.get("max_trades")
    low, high = RANGES["min_trade_value"]
    asked = {
        **{name: found.get(name) for name in ("max_turnover", *MAY_TRADE)},
        "max_trades": None if trades is None else whole_number(trades, f"{path}.max_trades", low=0),
    }
    return (
        _checked(asked, path, {**{name: name for name in MAY_TRADE}, **S2_LIMITS}),
        None if smallest is None else number(smallest, f"{path}.min_trade_size", low=low, high=high),
    )


def read_constraints(doc: Any, path: str = "constraints") -> dict[str, Any]:
    """S2's OptimizationConstraints as limits of our catalog. Raises UnknownField or InvalidValue with the dotted path.

    A scalar (max_position_size) stands for every asset that the map beside it (max_weights) does not name.
    """
    from portopt.terms.catalog import LIMITS
    from portopt.terms.limit_spellings import limits_in_catalog_words

    names = {**{name: name for name in LIMITS if name not in ("budget", "frozen")}, **S2_LIMITS}
    found = json_object(object_of(limits_in_catalog_words(doc, names, path), path, names), path)
    by_name = found.pop("max_weights", None)
    if by_name is not None:
        if not isinstance(by_name, Mapping):
            raise InvalidValue(f"{path}.max_weights", shown(by_name), "an object of weights by asset belongs here")
        scalar = found.pop("max_position_size", None)
        everyone = {} if scalar is None else {"*": number(scalar, f"{path}.max_position_size", low=0.0, fraction=True)}
        found["max_weights"] = {**everyone, **by_name}
    return _checked(found, path, names)


def _objective(
    how: str, goal: str, measure: Any, wants: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    """(objective, views, notes) by the way of S1's words, whose pairs mean the same."""
    views = wants.get("views")
    if how == "black_litterman" and views is None:
        views = {"views": []}  # the equilibrium alone
    if goal == TRACKING:
        ignored = [f"preferences.{name}" for name in NOT_FOR_TRACKING if wants.get(name)]
        ignored += [f"risk_measure {measure}"] if measure not in (None, "volatility") else []
        said = tuple(f"{word} has no effect on {goal}" for word in ignored)
        return {"kind": "min_tracking_error"}, read_views({"views": views}, None), said
    aversion = wants.get("risk_aversion")
    risk = {name: wants.get(name) for name in ("horizon", "risk_budgets", "uncertainty", "objective_weights")}
    risk |= {
        "views": views,
        "risk_measure": measure,
        "confidence_level": wants.get("confidence"),
        "risk_aversion": USUAL_AVERSION if goal == "maximize_utility" and aversion is None else aversion,
        "method_options": wants.get("options"),
    }
    unpriced: tuple[str, ...] = ()
    if goal == "maximize_return" and aversion is not None:
        risk["risk_aversion"] = None
        unpriced = ("preferences.risk_aversion has no effect on maximize_return; with maximize_utility it prices risk",)
    words = VOCABULARY | {GOALS[goal]: goal, TYPES[how]: how}
    if GOALS[goal] != "MAX_RETURN":
        words["MAX_RETURN"] = "maximize_utility"
    with in_users_words(WORDS, words):
        objective, notes = read_objective(GOALS[goal], TYPES[how], risk)
        return objective, read_views(risk, TYPES[how]), (*unpriced, *(in_vocabulary(note, words) for note in notes))


def _own_objective(
    found: Mapping[str, Any], name: str, wants: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    """(objective, views, notes) of a name of our catalog; what else is said must go with it."""
    how = found.get("optimization_type")
    risk = {"views": wants.get("views"), "risk_measure": found.get("risk_measure"), "method_options": wants.get("options")}
    risk |= {kept: wants.get(kept) for kept in ("risk_budgets", "uncertainty", "objective_weights")}
    with in_users_words(WORDS, VOCABULARY):
        objective, notes = read_objective(name, None if how is None else TYPES[how], risk)
        unread = tuple(
            f"preferences.{word} has no effect on {name}"
            for word in ("risk_aversion", "confidence", "horizon")
            if wants.get(word) is not None
        )
        return objective, read_views(risk, None), (*notes, *unread)


def _portfolio_id(found: Mapping[str, Any]) -> str | None:
    given = found.get("portfolio_id")
    return None if given is None else text(given, "portfolio_id")


def _target(target: str, weights: Any) -> dict[str, Any] | None:
    """The objective of a target type; None leaves the policy's. Raises MissingInput and InvalidValue."""
    from portopt.terms.catalog import parse_objective

    if target != "custom":
        if weights is not None:
            why = f"belong to target_type custom, not to {target}"
            raise InvalidValue("target_weights", shown(weights), why, fix='use "target_type": "custom"')
        return {"kind": "min_tracking_error"} if target == "benchmark" else None
    if weights is None:
        fix = 'add "target_weights": {"AAPL": 0.3, "MSFT": 0.2}, and the rest is cash'
        raise MissingInput("target_type custom needs target_weights", field="target_weights", fixes=[fix])
    wanted = {"kind": "target_weights", "weights": json_object(weights, "target_weights")}
    with in_users_words({"objective.weights": "target_weights"}):
        parse_objective(wanted)
    return wanted


def read_money(found: Mapping[str, Any]) -> dict[str, Any]:
    """Ours: what comes in or leaves, whether what is missed already has to be mended, and what is said of shares held."""
    strict = found.get("no_worse")
    return {
        "cash_flow": read_cash_flow(found.get("cash_flow")),
        "no_worse": strict is not None and flag(strict, "no_worse"),
        "confirmed_shares": read_confirmed(found.get("confirmed_shares") or []),
        "splits": read_splits(found.get("splits") or {}),
    }


def _costs(wants: Mapping[str, Any]) -> dict[str, Any] | None:
    """None leaves the policy's costs as they are; a rate replaces them; false takes them away."""
    rate, include = wants.get("transaction_cost_model"), wants.get("include_transaction_costs")
    if include is not None and not flag(include, "preferences.include_transaction_costs"):
        return {}
    if rate is None:
        return None
    return {
        "linear_impact": {"bps": 1e4 * number(rate, "preferences.transaction_cost_model", low=0.0, high=1.0, fraction=True)}
    }


def _considers_taxes(found: Mapping[str, Any], path: str) -> bool:
    taxes = found.get("consider_tax_implications")
    return taxes is not None and flag(taxes, f"{path}.consider_tax_implications")


def _checked(found: Mapping[str, Any], path: str, table: Mapping[str, str]) -> dict[str, Any]:
    """The limits under our names, once the catalog has accepted them; complaints are in the user's names."""
    from portopt.terms.catalog import parse_limits
    from portopt.terms.shared.dynamic import for_reading

    given = {name: value for name, value in found.items() if value is not None}
    limits = {table[name]: value for name, value in given.items()}
    with in_users_words({f"limits.{table[name]}": f"{path}.{name}" for name in given}):
        parse_limits(for_reading(limits))
    return limits
