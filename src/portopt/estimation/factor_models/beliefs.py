"""How a factor model enters what is believed: as the covariance, as the expected returns, or beside them as exposures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.factor_model import FactorModel
from portopt.domain.factor_returns import Dates, FactorReturns
from portopt.domain.moments import Covariance
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Universe
from portopt.estimation.covariance.forms import scaled
from portopt.estimation.factor_models.choice import FactorChoice, read_choice
from portopt.estimation.factor_models.estimate import chosen_premia, factor_model
from portopt.estimation.filling import filled_by_factors, within_gaps

NAME = "factor_model"


def asked_model(
    universe: Universe,
    at: Indices,
    X: Matrix,
    spans: Indices | None,
    dates: Dates | None,
    choice: EstimationChoice,
    factors: FactorReturns | None,
    risk_free_rate: float,
) -> FactorModel | None:
    """The model of the assets at positions `at`, from their returns X (T, len(at)) that cover `spans` periods each, None
    being one; None where no model is asked for.

    An estimator named "factor_model" without a described model means factors found in the returns. Those need every
    return: missing ones are filled as filling.py does, and the variance that filled days lack is specific. Factors that are
    given need none: days without a return are left out, a return over several days is spread over them.
    """
    if not choice.factors and NAME not in (choice.expected_returns, choice.covariance):
        return None
    described, years = _described(choice), choice.periods_per_year
    part = Universe(tuple(universe.assets[i] for i in at))
    X, unseen = _complete(X, spans) if described.method == "statistical" else (within_gaps(X, spans), None)
    model = factor_model(
        part, X, described, factors=factors, dates=dates, risk_free_rate=risk_free_rate, periods_per_year=years
    )
    return model if unseen is None else replace(model, D=model.D + unseen * years)


def _complete(X: Matrix, spans: Indices | None) -> tuple[Matrix, Vector | None]:
    """Returns with none missing, and (n,) the variance that filled days lack; None where none is filled."""
    if spans is None:
        X = X[~np.isnan(X).all(axis=1)]
    if not np.isnan(X).any():
        return X, None
    filled = filled_by_factors(X, spans)
    return filled.X, filled.own


def _described(choice: EstimationChoice) -> FactorChoice:
    return read_choice(choice.factors or {"method": "statistical"})


def model_covariance(model: FactorModel) -> Covariance:
    """Per period, as the other estimators give it."""
    return scaled(model.covariance, 1.0 / model.periods_per_year)


def model_mean(model: FactorModel, choice: EstimationChoice, risk_free_rate: float) -> Vector:
    """(n,) per period: the risk-free rate and what the factors are expected to pay for the exposures."""
    described = _described(choice)
    premia = chosen_premia(model, described)
    return model.expected_returns(risk_free_rate, premia, described.alpha_kept) / model.periods_per_year


def placed(
    model: FactorModel | None, n: int, risky: Indices, known: Indices, covariance: Covariance, choice: EstimationChoice
) -> FactorModel | None:
    """The model on the whole universe, (n,) with cash, the same as the covariance to the last bit where it is that."""
    if model is None:
        return None
    whole = model.on(n, risky[known], np.delete(risky, known))
    if choice.covariance != NAME or not covariance.is_factor_form:
        return whole
    parts: dict[str, Any] = dict(zip(("B", "Omega", "D"), covariance.factors(), strict=True))
    return replace(whole, **parts)
