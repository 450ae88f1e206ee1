"""S1, the strategy optimization service: its request and response, word for word, to and from our values.

What S1 leaves open is settled here:
    required            portfolio_id, strategies, objective, method; null anywhere else is the same as leaving it out
    signs               long-only, unless a floor is negative or leverage_limit exceeds one; only leverage borrows cash
    cash                a strategy with the id CASH: no risk, the risk-free rate unless it says otherwise
    current weights     add up to one, a missing one is zero; all zero is a portfolio that holds nothing yet
    moments             what is given wins, part by part; the rest comes from `returns`, all of them, at least twelve each;
                        or from beliefs that were uploaded before and are named by risk_parameters.beliefs
Our additions: max_weight and min_weight as maps by strategy id ("*" for the others), a scalar or [floor, cap] in
sector_limits, target_volatility and target_return, every other limit of our catalog under its own name; `costs`,
`relax_order` and `portfolio_value` beside the constraints; `attributes` (beta, duration, …), `average_daily_value` and
`price` of a strategy.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from portopt.dialects.estimators import check_estimators
from portopt.dialects.names import S1_LIMITS, in_users_words
from portopt.dialects.reading import list_of, mapping_of, number, numbers, object_of, required, shown, text
from portopt.dialects.records import RANGES, json_object
from portopt.dialects.strategy_answers import event_body, optimize_event_body, rebalance_event_body, write_response
from portopt.dialects.strategy_beliefs import NamedBeliefs, read_beliefs
from portopt.dialects.strategy_columns import are_in_order, floats, universe_of
from portopt.dialects.strategy_moments import ESTIMATOR, MAX_RETURNS, Given, read_estimation, read_moments
from portopt.dialects.strategy_words import method_of, read_objective, read_views, write_objective
from portopt.domain.errors import InvalidValue, MissingInput, UnknownField
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.request import OptimizationRequest
from portopt.domain.universe import CASH, NO_GROUP, Asset, Universe
from portopt.tables.prices_or_returns import refuse_prices

__all__ = [
    "event_body", "optimize_event_body", "read_request", "rebalance_event_body", "write_request", "write_response",
]  # fmt: skip

MAX_STRATEGIES = 10_000
MAX_OFFERED = 20  # names in a refusal
MAX_ATTRIBUTES = 200
MAX_FACTORS = 100
WEIGHT_SUM_TOLERANCE = 1e-3  # weights rounded to three digits still add up
REQUEST = (
    *("portfolio_id", "strategies", "objective", "method", "constraints", "risk_parameters"),
    *("costs", "relax_order", "portfolio_value"),
)
STRATEGY = (
    *("id", "name", "sector", "asset_class", "current_weight", "benchmark_weight", "expected_return", "volatility"),
    *("esg_score", "quality_score", "returns", "attributes", "average_daily_value", "price"),
)
KNOWN = frozenset(STRATEGY)
RISK = (
    *("risk_free_rate", "risk_aversion", "confidence_level", "periods_per_year", "covariance", "correlation"),
    *("estimator", "views", "risk_budgets", "uncertainty", "objective_weights"),
    *("risk_measure", "horizon", "method_options", "factor_returns", "beliefs"),
)


def read_request(doc: Any, named: NamedBeliefs | None = None) -> OptimizationRequest:
    """S1's OptimizationRequest as ours, complete: S1's optional parts filled with their documented defaults.

    named: opens the beliefs that `risk_parameters.beliefs` names, where there is a store of them.
    Raises MalformedDocument, UnknownField, InvalidValue or MissingInput; every one says where.
    """
    found = object_of(doc, "", REQUEST)
    portfolio_id = text(required(found, "portfolio_id"), "portfolio_id")
    strategies = _strategies(required(found, "strategies"))
    risk = object_of(found.get("risk_parameters") or {}, "risk_parameters", RISK)
    objective, notes = read_objective(required(found, "objective"), found.get("method"), risk)
    ids = [s["id"] for s in strategies]
    order = sorted(range(len(ids)), key=lambda i: ids[i] == CASH)  # stable: cash last, the rest as they came
    universe = universe_of(strategies, order) or Universe(tuple(_asset(i, strategies[i]) for i in order))
    low, high = RANGES["risk_free_rate"]
    rate = risk.get("risk_free_rate")
    rf = 0.0 if rate is None else number(rate, "risk_parameters.risk_free_rate", low=low, high=high, fraction=True)
    choice = dataclasses.replace(read_estimation(risk), views=read_views(risk, found.get("method")))
    if risk.get("estimator") is not None:
        check_estimators(choice, "risk_parameters.estimator")
    if risk.get("beliefs") is None:
        given = read_moments(ids, strategies, risk, choice, rf).ordered(order)
    else:
        given, choice = read_beliefs(universe.ids, strategies, risk, choice, rf, named)
    if given.returns is not None and risk.get("beliefs") is None and risk.get("periods_per_year") is None:
        columns = {name: given.returns[:, i] for i, name in enumerate(universe.ids) if name != CASH}
        refuse_prices(columns, choice.periods_per_year, "strategies.returns", "risk_parameters.periods_per_year")
    current = _weights(strategies, "current_weight")
    benchmark = _weights(strategies, "benchmark_weight")
    limits = _limits(found.get("constraints") or {}, universe)
    costs = _costs(found.get("costs") or {})
    _require_books(limits, current, benchmark)
    _require_returns(found.get("method"), risk, given.returns is not None)
    value = found.get("portfolio_value")
    return OptimizationRequest(
        portfolio_id=portfolio_id,
        universe=universe,
        objective=objective,
        limits=limits,
        costs=costs,
        risk_free_rate=rf,
        estimation=choice,
        expected_returns=given.mu,
        covariance=given.Sigma,
        returns=given.returns,
        current_weights=current,
        benchmark_weights=benchmark,
        relax_order=_relax_order(found.get("relax_order") or [], limits),
        portfolio_value=None if value is None else number(value, "portfolio_value", low=0.01, high=1e15),
        average_daily_value=_amounts(strategies, "average_daily_value"),
        prices=_amounts(strategies, "price"),
        factor_returns=_factor_returns(risk.get("factor_returns")),
        notes=(*notes, *_year_said(risk, given, universe.ids)),
        beliefs_id=risk.get("beliefs"),
    )


def _year_said(risk: Mapping[str, Any], given: Given, ids: Sequence[str]) -> tuple[str, ...]:
    """What a year is taken to be, where returns are made annual and nobody said how many there are in one."""
    risky = [i for i, asset_id in enumerate(ids) if asset_id != CASH]
    estimated = given.Sigma is None or given.mu is None or bool(np.isnan(given.mu[risky]).any())
    said = risk.get("periods_per_year") is not None or given.periods_per_year is not None
    if given.returns is None or not estimated or said:
        return ()
    return ("risk_parameters.periods_per_year was not given: the returns are taken to be daily, 252 a year",)


def _strategies(value: Any) -> list[Mapping[str, Any]]:
    items = list_of(value, "strategies", least=1, most=MAX_STRATEGIES)
    if are_in_order(items, KNOWN):
        return list(items)
    strategies = [object_of(item, f"strategies[{i}]", STRATEGY) for i, item in enumerate(items)]
    seen: dict[str, int] = {}
    for i, s in enumerate(strategies):
        field = f"strategies[{i}].id"
        asset_id = text(required(s, "id", f"strategies[{i}]"), field)
        if asset_id == "*":
            raise InvalidValue(field, "*", "stands for every strategy in a map of weights", fix="give it another id")
        if asset_id in seen:
            raise InvalidValue(field, asset_id, f"is already the id of strategies[{seen[asset_id]}]", fix="make ids unique")
        seen[asset_id] = i
    return strategies


def _asset(i: int, s: Mapping[str, Any]) -> Asset:
    words = {
        name: text(s[name], f"strategies[{i}].{name}") for name in ("name", "sector", "asset_class") if s.get(name) is not None
    }
    scores = {
        name: number(s[name], f"strategies[{i}].{name}", low=-1e6, high=1e6)
        for name in ("esg_score", "quality_score")
        if s.get(name) is not None
    }
    given = mapping_of(s.get("attributes") or {}, f"strategies[{i}].attributes")
    if len(given) > MAX_ATTRIBUTES:
        raise InvalidValue(f"strategies[{i}].attributes", len(given), f"are more than {MAX_ATTRIBUTES}")
    attributes = {
        text(name, f"strategies[{i}].attributes"): number(value, f"strategies[{i}].attributes.{name}", low=-1e9, high=1e9)
        for name, value in given.items()
    }
    return Asset(id=s["id"], **words, **scores, attributes=attributes)  # type: ignore[arg-type]  # words are texts, scores numbers


def _factor_returns(value: Any) -> FactorReturns | None:
    """Lists of returns by factor name, period by period as the strategies' returns; a factor RF is the risk-free rate."""
    if value is None:
        return None
    where = "risk_parameters.factor_returns"
    given = mapping_of(value, where)
    if not 1 <= len(given) <= MAX_FACTORS:
        raise InvalidValue(where, f"{len(given)} factors", f"between 1 and {MAX_FACTORS} are accepted")
    columns = {name: numbers(item, f"{where}.{name}", low=-1.0, high=1e3, most=MAX_RETURNS) for name, item in given.items()}
    if len({len(column) for column in columns.values()}) > 1:
        lengths = ", ".join(f"{name} {len(column)}" for name, column in columns.items())
        raise InvalidValue(where, lengths, "are of different lengths", fix="give one return for each period")
    rates = columns.pop("RF", None)
    if not columns:
        raise InvalidValue(where, "RF", "is the risk-free rate alone", fix="add at least one factor")
    return FactorReturns(tuple(columns), np.column_stack(list(columns.values())), risk_free=rates, excess=rates is not None)


def _amounts(strategies: Sequence[Mapping[str, Any]], name: str) -> dict[str, float] | None:
    """Amounts of money by id, positive; None where nobody has one."""
    return _given(strategies, name, low=1e-9, high=1e15) or None


def _given(strategies: Sequence[Mapping[str, Any]], name: str, *, low: float, high: float) -> dict[str, float]:
    column = floats(strategies, name, low=low, high=high)
    return {s["id"]: value for s, value in zip(strategies, column, strict=True) if value is not None}


def _costs(value: Any) -> dict[str, Any]:
    from portopt.terms.catalog import parse_costs

    costs = json_object(value, "costs")
    parse_costs(costs)
    return costs


def _relax_order(value: Any, limits: Mapping[str, Any]) -> tuple[str, ...]:
    """Limits under S1's names or ours, the first to give way first. Raises InvalidValue for one that is not asked for."""
    order = []
    for i, item in enumerate(list_of(value, "relax_order", most=100)):
        name = text(item, f"relax_order[{i}]")
        ours = S1_LIMITS.get(name, name)
        if ours not in limits:
            raise InvalidValue(
                f"relax_order[{i}]", name, "is not among the constraints", fix="name a constraint of this request"
            )
        order.append(ours)
    return tuple(order)


def _weights(strategies: Sequence[Mapping[str, Any]], name: str) -> dict[str, float] | None:
    """Weights by id, absent ones zero; None where nobody has one (or every one is zero: nothing is held yet).

    Raises InvalidValue unless they add up to one.
    """
    given = _given(strategies, name, low=-10.0, high=10.0)
    total = math.fsum(given.values())
    if not any(given.values()):
        return None
    if abs(total - 1.0) > WEIGHT_SUM_TOLERANCE:
        rest = f'; if the rest is cash, add a strategy with the id "{CASH}" and {name} {1 - total:.6g}' if total < 1 else ""
        raise InvalidValue(
            f"strategies[].{name}", round(total, 9), "the weights do not add up to 1", fix=f"make them add up{rest}"
        )
    return {s["id"]: given.get(s["id"], 0.0) for s in strategies}


def _limits(constraints: Any, universe: Universe) -> dict[str, Any]:
    """S1's OptimizationConstraints under our catalog's names, checked by the catalog and told in S1's words."""
    from portopt.terms.catalog import LIMITS, parse_limits
    from portopt.terms.limit_spellings import limits_in_catalog_words
    from portopt.terms.shared.dynamic import for_reading
    from portopt.terms.shared.percentages import in_fractions
    from portopt.terms.soft import bare

    known = {**{name: name for name in LIMITS if name not in ("budget", "long_only", "frozen")}, **S1_LIMITS}
    given = limits_in_catalog_words(constraints, known, "constraints")
    found = json_object(object_of(given, "constraints", known), "constraints")
    limits: dict[str, Any] = {}
    names: dict[str, str] = {}
    for theirs, value in found.items():
        ours = known[theirs]
        if value is None:
            continue
        if ours in limits:
            other = names[f"limits.{ours}"]
            raise InvalidValue(f"constraints.{theirs}", shown(value), f"means the same as {other}; give one of them")
        limits[ours], names[f"limits.{ours}"] = value, f"constraints.{theirs}"
    with in_users_words(names):
        readable = for_reading(limits)
        parse_limits(readable)
    limits = in_fractions(limits)
    plain = {kind: bare(value) for kind, value in in_fractions(readable).items()}
    _require_known_names(plain, names, universe)
    return _signed(limits, plain, universe)


def _require_known_names(limits: Mapping[str, Any], names: Mapping[str, str], universe: Universe) -> None:
    known: dict[str, list[str]] = {
        "max_weight": [a for a in universe.ids if a != CASH],
        "min_weight": [a for a in universe.ids if a != CASH],
        "sector_limits": [*universe.groups("sector"), NO_GROUP],
        "asset_class_limits": [*universe.groups("asset_class"), NO_GROUP],
    }
    for limit, allowed in known.items():
        value = limits.get(limit)
        if not isinstance(value, Mapping):
            continue
        for name in value:
            if name != "*" and name not in allowed:
                offered = [known for known in allowed if known != NO_GROUP]
                near = difflib.get_close_matches(name, offered, n=MAX_OFFERED, cutoff=0.3) or offered[:MAX_OFFERED]
                raise UnknownField(name, near or ["(no strategy has one)"], path=names[f"limits.{limit}"], value=value[name])
    for limit in ("cash", "fully_invested"):
        if limits.get(limit) and universe.cash_position is None:
            fix = f'add a strategy with the id "{CASH}", or leave the limit out'
            raise InvalidValue(names[f"limits.{limit}"], shown(limits[limit]), f"there is no strategy {CASH}", fix=fix)


def _signed(limits: dict[str, Any], plain: Mapping[str, Any], universe: Universe) -> dict[str, Any]:
    """The limits with what S1 leaves unsaid about signs: long-only, unless a floor or the leverage says otherwise.

    plain: their values without what is dynamic or wished in them.
    """
    floor = plain.get("min_weight")
    floors = dict(floor) if isinstance(floor, Mapping) else {} if floor is None else {"*": floor}
    may_short = any(f < 0 for f in floors.values())
    levered = float(plain.get("leverage_limit") or 0.0) > 1.0
    if not may_short and not levered:
        if floor == 0 and limits["min_weight"] == 0:  # says no more than long_only does
            limits.pop("min_weight")
        return {"long_only": True, **limits}
    if floors and plain["min_weight"] == limits["min_weight"]:
        limits["min_weight"] = {"*": 0.0, **floors}
    if not levered and universe.cash_position is not None and "fully_invested" not in limits:
        # Without leverage nothing is borrowed: short sales may leave much in cash, but never less than none.
        limits["cash"] = {"min": 0.0, **plain.get("cash", {})}
    return {"long_only": False, **limits}


def _require_books(limits: Mapping[str, Any], current: Any, benchmark: Any) -> None:
    for limit, theirs, book, field in (
        ("max_turnover", "turnover_limit", current, "current_weight"),
        ("max_tracking_error", "max_tracking_error", benchmark, "benchmark_weight"),
    ):
        if limit in limits and book is None:
            raise MissingInput(
                f"constraints.{theirs} needs the strategies' {field}, and none is given",
                field=f"strategies[].{field}",
                fixes=[f"add {field} to every strategy", f"leave constraints.{theirs} out"],
            )


def _require_returns(method: Any, risk: Mapping[str, Any], has_returns: bool) -> None:
    """Raises MissingInput for ROBUST_OPTIMIZATION with neither sets nor returns to estimate them from."""
    if method != "ROBUST_OPTIMIZATION" or risk.get("uncertainty") or has_returns:
        return
    example = '{"returns": {"set": "box", "radius": 0.01}, "covariance": {"set": "box", "radius": 0.1}}'
    raise MissingInput(
        "ROBUST_OPTIMIZATION needs to know how far the moments may be off, and there are no returns to estimate that from",
        field="risk_parameters.uncertainty",
        fixes=[f"add risk_parameters.uncertainty: {example}", "give every strategy `returns`"],
    )


def write_request(request: OptimizationRequest) -> dict[str, Any]:
    """The request in S1's words; `read_request` gives it back equal. Raises InvalidValue for what S1 cannot say."""
    objective, risk = write_objective(request.objective)
    short = {ours: theirs for theirs, ours in reversed(tuple(S1_LIMITS.items()))}
    constraints = {short.get(name, name): value for name, value in request.limits.items() if name != "long_only"}
    if request.limits.get("long_only") and "leverage_limit" in constraints:
        constraints.setdefault("min_weight", 0.0)
    choice = request.estimation
    risk |= {
        "risk_free_rate": request.risk_free_rate,
        "periods_per_year": choice.periods_per_year,
        "estimator": {name: getattr(choice, name) for name in ESTIMATOR},
    }
    if choice.views:
        risk["views"] = dict(choice.views)
    if request.covariance is not None:
        risk["covariance"] = request.covariance.tolist()
    return {
        "portfolio_id": request.portfolio_id,
        "strategies": [_strategy(i, asset, request) for i, asset in enumerate(request.universe.assets)],
        "objective": objective,
        "method": method_of(request.objective, choice.views),
        "constraints": constraints,
        "risk_parameters": risk,
        **({"costs": dict(request.costs)} if request.costs else {}),
        **({"relax_order": list(request.relax_order)} if request.relax_order else {}),
        **({"portfolio_value": request.portfolio_value} if request.portfolio_value is not None else {}),
    }


def _strategy(i: int, asset: Asset, request: OptimizationRequest) -> dict[str, Any]:
    out: dict[str, Any] = {name: getattr(asset, name) for name in ("id", "name", "sector", "asset_class")}
    out |= {"esg_score": asset.esg_score, "quality_score": asset.quality_score}
    if request.expected_returns is not None and not math.isnan(request.expected_returns[i]):
        out["expected_return"] = float(request.expected_returns[i])
    if request.returns is not None:
        out["returns"] = [None if math.isnan(r) else r for r in request.returns[:, i].tolist()]
    if asset.attributes:
        out["attributes"] = dict(asset.attributes)
    for name, amounts in (("average_daily_value", request.average_daily_value), ("price", request.prices)):
        if amounts is not None and asset.id in amounts:
            out[name] = amounts[asset.id]
    for name, book in (("current_weight", request.current_weights), ("benchmark_weight", request.benchmark_weights)):
        if book is not None:
            out[name] = book.get(asset.id, 0.0)
    return {name: value for name, value in out.items() if value is not None and value != ""}
