"""From a universe's returns and a choice to its FactorModel: aligned, net of the risk-free rate, annual."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import MissingInput, UnknownField
from portopt.domain.factor_model import FactorModel
from portopt.domain.factor_returns import Dates, FactorReturns, aligned, net_of_risk_free
from portopt.domain.universe import Universe
from portopt.estimation.factor_models.choice import FIELD, FactorChoice
from portopt.estimation.factor_models.cross_sectional import cross_sectional, standardized
from portopt.estimation.factor_models.statistical import statistical
from portopt.estimation.factor_models.time_series import time_series


def factor_model(
    universe: Universe,
    returns: Matrix,
    choice: FactorChoice,
    *,
    factors: FactorReturns | None = None,
    dates: Dates | None = None,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
) -> FactorModel:
    """The model of the risky assets of `universe`, (n assets, cash not among them).

    Args:
        returns: (T, n) periodic simple returns, NaN where missing. dates: (T,) the day each ends on, or None.
        factors: what time_series regresses on. risk_free_rate: annual; only where `factors` brings no series of its own.
    Raises:
        MissingInput: time_series without factor returns, or cross_sectional without exposures.
        DataError: no common dates, factors or exposures that say the same, too short a history.
    """
    years = periods_per_year
    if choice.needs_factor_returns:
        if factors is None:
            raise MissingInput(
                "a time-series factor model needs factor returns",
                field=f"{FIELD}.source",
                fixes=['name them: "source": "sample" or "file:PATH"', 'or use {"method": "statistical"}'],
            )
        return _time_series(returns, dates, factors.chosen(choice.names), choice, risk_free_rate / years, years)
    X = returns - risk_free_rate / years
    common = {"periods_per_year": years, "risk_free": risk_free_rate, **choice.options}
    if choice.method == "statistical":
        return statistical(X, count=choice.count, **common)
    B, names = given_exposures(universe, choice)
    reweighted = common.pop("regression_weights") == "inverse_variance"
    return cross_sectional(X, B, names, reweighted=reweighted, **common)


def chosen_premia(model: FactorModel, choice: FactorChoice) -> Vector:
    """(K,) annual: the history's means, replaced where the request gives its own. Raises UnknownField."""
    premia = model.premia.copy()
    for name, value in choice.premia.items():
        if name not in model.names:
            raise UnknownField(name, model.names, path=f"{FIELD}.premia", value=value)
        premia[model.names.index(name)] = value
    return premia


def given_exposures(universe: Universe, choice: FactorChoice) -> tuple[Matrix, tuple[str, ...]]:
    """(n, K) exposures and their names: a constant ("market"), asset attributes, one column a sector."""
    known = universe.attribute_names()
    columns: list[tuple[str, Vector]] = [("market", np.ones(len(universe)))] if choice.intercept else []
    for name in choice.exposures:
        if name not in known:
            raise UnknownField(name, known, path=f"{FIELD}.exposures", value=name)
        missing = [asset.id for asset in universe.assets if name not in asset.attributes]
        if missing:
            raise MissingInput(
                f"no {name} of {', '.join(missing[:6])}{' …' if len(missing) > 6 else ''}",
                field=f"{FIELD}.exposures",
                measured={"without": len(missing)},
                fixes=[f"give every asset its {name}", f"leave {name} out of the exposures"],
            )
        values = universe.attribute(name)[:, None]
        columns.append((name, (standardized(values) if choice.standardize else values)[:, 0]))
    if choice.sectors:
        for sector, members in universe.groups("sector").items():
            dummy = np.zeros(len(universe))
            dummy[members] = 1.0
            columns.append((sector, dummy))
    if not columns:
        raise MissingInput(
            "a cross-sectional factor model needs exposures",
            field=f"{FIELD}.exposures",
            fixes=['name asset attributes: "exposures": ["beta", "size"]', 'or "sectors": true'],
        )
    return np.column_stack([values for _, values in columns]), tuple(name for name, _ in columns)


def _time_series(
    returns: Matrix, dates: Dates | None, factors: FactorReturns, choice: FactorChoice, risk_free: float, years: float
) -> FactorModel:
    if choice.market is not None and choice.market not in factors.names:
        raise UnknownField(choice.market, factors.names, path=f"{FIELD}.market", value=choice.market)
    together = aligned(returns, dates, factors)
    R, F = net_of_risk_free(together.returns, together.factors, risk_free)
    series = together.factors.risk_free
    model = time_series(
        R, F, factors.names, shrink=choice.shrink, market=choice.market, periods_per_year=years,
        risk_free=years * (risk_free if series is None else float(series.mean())), **choice.options,
    )  # fmt: skip
    notes = (f"factors: {factors.source}", together.note, *factors.notes)
    if choice.shrink.method != "none":
        notes += (f"betas shrunk ({choice.shrink.method})",)
    return replace(model, notes=notes)
