"""A question about weights out of what a notebook holds: frames or sequences of returns, beliefs by asset, a covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from portopt.domain.errors import InvalidValue
from portopt.domain.request import EstimationChoice, OptimizationRequest
from portopt.doors.notebook.histories import history_of, is_history
from portopt.estimation.views.spelled import as_choice
from portopt.intake.book import day_of, universe_of
from portopt.intake.bounds import limits_of_bounds
from portopt.intake.labelled import annual_returns, attributes_of, by_asset, covariance_of, fraction_of, fractions_by_asset
from portopt.tables.account import in_words
from portopt.terms.catalog import limit_words, objective_words

TRADING_DAYS = EstimationChoice().periods_per_year


def asked_weights(
    returns: Any = None,
    objective: str | Mapping[str, Any] = "max_sharpe",
    *,
    limits: Mapping[str, Any] | None = None,
    costs: Mapping[str, Any] | None = None,
    expected_returns: Mapping[str, float] | None = None,
    covariance: Any = None,
    risk_free_rate: float | str = 0.0,
    current_weights: Mapping[str, float] | None = None,
    benchmark: Mapping[str, float] | None = None,
    assets: Mapping[str, Mapping[str, Any]] | None = None,
    universe: Mapping[str, Mapping[str, Any]] | None = None,
    estimation: EstimationChoice | None = None,
    views: Mapping[str, Any] | Sequence[Any] | str | None = None,
    bounds: Any = None,
    weight_bounds: Any = None,
    portfolio_value: float | None = None,
    average_daily_value: Mapping[str, float] | None = None,
    prices: Any = None,
    relax_order: Sequence[str] = (),
    as_of: date | str | None = None,
    portfolio_id: str = "notebook",
) -> OptimizationRequest:
    """A question about weights that brings its own beliefs, or what they are estimated from. See `posing.ask`."""
    rate = float(fraction_of(risk_free_rate, "risk_free_rate"))
    if rate > 1.0:
        fix = f"write {rate / 100:g} for {rate:g} %"
        raise InvalidValue("risk_free_rate", risk_free_rate, "fractions of a year are meant here", fix=fix)
    choice = estimation or EstimationChoice(lookback=None, min_observations=2)
    columns, choice, notes = _history(returns, prices, as_of, choice, said=estimation is not None)
    beliefs = annual_returns(expected_returns, "expected_returns")
    ids = list(columns or beliefs or {})
    if not ids:
        fix = "or prices=…, or holdings=… with a policy"
        raise InvalidValue("returns", None, "give returns, or expected_returns with a covariance", fix=fix)
    left = [i for i in ids if beliefs is not None and i not in beliefs]
    notes += (f"expected_returns name no {in_words(left)}: estimated from the returns",) if left and columns else ()
    described = attributes_of(_described(assets, universe), "universe" if assets is None else "assets")
    strangers = [name for name in described if name not in ids]
    notes += (f"assets: {in_words(strangers)} not among the assets, and not read",) if strangers else ()
    among = universe_of({i: described.get(i, {}) for i in ids}, "assets")
    return OptimizationRequest(
        portfolio_id=portfolio_id,
        universe=among,
        objective=objective_words(objective),
        limits=_with_bounds(limit_words(limits or {}), ids, bounds=bounds, weight_bounds=weight_bounds),
        costs=costs or {},
        risk_free_rate=rate,
        estimation=replace(choice, views=as_choice(views)) if views is not None else choice,
        expected_returns=None if beliefs is None else among.vector(beliefs, default=np.nan),
        covariance=covariance_of(covariance, ids, "covariance"),
        returns=np.column_stack(list(columns.values())) if columns else None,
        current_weights=fractions_by_asset(current_weights, "current_weights"),
        benchmark_weights=fractions_by_asset(benchmark, "benchmark"),
        relax_order=tuple(relax_order),
        portfolio_value=portfolio_value,
        average_daily_value=by_asset(average_daily_value, "average_daily_value"),
        prices=None if is_history(prices) else by_asset(prices, "prices"),
        notes=notes,
    )


def _history(
    returns: Any, prices: Any, as_of: date | str | None, choice: EstimationChoice, *, said: bool
) -> tuple[dict[str, np.ndarray], EstimationChoice, tuple[str, ...]]:
    """({asset: returns}, the choice on as many a year as their dates say, notes). said: whether the choice was given."""
    if returns is not None and is_history(prices):
        raise InvalidValue("prices", type(prices).__name__, "stand beside returns", fix="give one of them")
    if not is_history(prices):
        if as_of is not None:
            raise InvalidValue(
                "as_of", str(as_of), "ends a history of prices, and none is given", fix="give prices=…, or leave it out"
            )
        announced = choice.periods_per_year if said and choice.periods_per_year != TRADING_DAYS else None
        columns, notes = _columns(returns, "returns", announced)
        return columns, choice, notes
    found = history_of(prices, day_of(as_of, "as_of"))
    counted = choice if choice.periods_per_year != TRADING_DAYS else replace(choice, periods_per_year=found.periods_per_year)
    return found.columns, counted, found.notes


def _described(assets: Any, universe: Any) -> Any:
    if assets is not None and universe is not None:
        raise InvalidValue("assets", "…", "says what universe says too", fix="give one of the two")
    return universe if assets is None else assets


def _with_bounds(limits: Mapping[str, Any], ids: list[str], **bounds: Any) -> Mapping[str, Any]:
    """The limits, and those that bounds are. Raises InvalidValue where both speak of the same."""
    said = {name: value for name, value in bounds.items() if value is not None}
    if not said:
        return limits
    if len(said) > 1:
        raise InvalidValue("weight_bounds", str(bounds["weight_bounds"]), "mean the same as bounds", fix="give one of the two")
    ((name, value),) = said.items()
    found = limits_of_bounds(value, ids, name)
    both = sorted(found.keys() & limits.keys())
    if both:
        why = f"and limits both speak of {', '.join(both)}"
        raise InvalidValue(name, str(value), why, fix=f"give {name}, or limits.{both[0]}")
    return {**found, **limits}


def _columns(returns: Any, where: str, periods_per_year: float | None) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """{asset: (T,) returns}, and what was not read. Dates, indices and years are no assets; prices are no returns.

    periods_per_year: as announced; None is nobody's word, and a year of trading days.
    """
    if returns is None:
        return {}, ()
    from portopt.tables.account import Account
    from portopt.tables.frames import table_of_columns, table_of_frame
    from portopt.tables.prices_or_returns import refuse_prices
    from portopt.tables.returns import returns_of

    table = table_of_columns(returns, where) if isinstance(returns, Mapping) else table_of_frame(returns, where)
    said = Account(where)
    columns = returns_of(table, said)
    if periods_per_year is None:
        refuse_prices(columns, TRADING_DAYS, where)
    return columns, tuple(said.notes)
