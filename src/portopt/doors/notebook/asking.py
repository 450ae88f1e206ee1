"""A question about weights out of what a notebook holds: frames or sequences of returns, beliefs by asset, a covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from portopt.domain.errors import InvalidValue
from portopt.domain.request import EstimationChoice, OptimizationRequest
from portopt.estimation.views.spelled import as_choice
from portopt.intake.book import universe_of
from portopt.intake.bounds import limits_of_bounds
from portopt.intake.labelled import annual_returns, attributes_of, by_asset, covariance_of, fraction_of, fractions_by_asset
from portopt.tables.account import in_words
from portopt.terms.catalog import objective_words

TRADING_DAYS = EstimationChoice().periods_per_year


def ask(
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
    estimation: EstimationChoice | None = None,
    views: Mapping[str, Any] | Sequence[Any] | str | None = None,
    bounds: Any = None,
    weight_bounds: Any = None,
    portfolio_value: float | None = None,
    average_daily_value: Mapping[str, float] | None = None,
    prices: Mapping[str, float] | None = None,
    relax_order: Sequence[str] = (),
) -> OptimizationRequest:
    """A question about weights, for `frontier`, `pareto`, `sensitivity` and `periods`; `optimize` takes the same.

    Args:
        returns: periodic simple returns, one column an asset: a Polars or pandas frame, or {asset: sequence}.
        objective: a name ("max_sharpe", "min_risk", "hrp", "1/n", …) or {"kind": …, options}.
        limits, costs: {catalog name: value}, as a policy spells them; long-only and fully invested unless said otherwise.
        expected_returns: annual, by asset. covariance: (n, n) annual, in the order of the assets (a frame's or dict's).
        assets: {asset: {"sector": …, "asset_class": …, "quality_score": …, "attributes": {"beta": …}}}.
        views: what is believed beside the data: "MSFT - XOM == 2% @ 60%", several of them, or
            {"method": "black_litterman", "views": […]}; with an inequality they are entropy pooling's.
        bounds, weight_bounds: (0, 0.2), pairs by asset or in their order, as other libraries take them; they are limits.
        portfolio_value, average_daily_value, prices: money, for liquidity, impact and lots.
    """
    rate = float(fraction_of(risk_free_rate, "risk_free_rate"))
    if rate > 1.0:
        fix = f"write {rate / 100:g} for {rate:g} %"
        raise InvalidValue("risk_free_rate", risk_free_rate, "fractions of a year are meant here", fix=fix)
    announced = estimation is not None and estimation.periods_per_year != TRADING_DAYS
    columns, notes = _columns(returns, "returns", estimation.periods_per_year if estimation and announced else None)
    beliefs = annual_returns(expected_returns, "expected_returns")
    ids = list(columns or beliefs or {})
    if not ids:
        raise InvalidValue("returns", None, "give returns, or expected_returns with a covariance")
    left = [i for i in ids if beliefs is not None and i not in beliefs]
    notes += (f"expected_returns name no {in_words(left)}: estimated from the returns",) if left and columns else ()
    described = attributes_of(assets, "assets")
    strangers = [name for name in described if name not in ids]
    notes += (f"assets: {in_words(strangers)} not among the assets, and not read",) if strangers else ()
    universe = universe_of({i: described.get(i, {}) for i in ids}, "assets")
    choice = estimation or EstimationChoice(lookback=None, min_observations=2)
    return OptimizationRequest(
        portfolio_id="notebook",
        universe=universe,
        objective=objective_words(objective),
        limits=_with_bounds(limits or {}, ids, bounds=bounds, weight_bounds=weight_bounds),
        costs=costs or {},
        risk_free_rate=rate,
        estimation=replace(choice, views=as_choice(views)) if views is not None else choice,
        expected_returns=None if beliefs is None else universe.vector(beliefs, default=np.nan),
        covariance=covariance_of(covariance, ids, "covariance"),
        returns=np.column_stack(list(columns.values())) if columns else None,
        current_weights=fractions_by_asset(current_weights, "current_weights"),
        benchmark_weights=fractions_by_asset(benchmark, "benchmark"),
        relax_order=tuple(relax_order),
        portfolio_value=portfolio_value,
        average_daily_value=by_asset(average_daily_value, "average_daily_value"),
        prices=by_asset(prices, "prices"),
        notes=notes,
    )


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
