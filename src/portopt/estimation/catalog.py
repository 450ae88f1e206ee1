"""The estimators by name, written out: whoever searches for a name finds every use of it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.moments import Covariance
from portopt.estimation.covariance import denoised as denoised_covariance
from portopt.estimation.covariance import ewma as ewma_covariance
from portopt.estimation.covariance import factor as factor_covariance
from portopt.estimation.covariance import gerber as gerber_covariance
from portopt.estimation.covariance import graphical_lasso as sparse_covariance
from portopt.estimation.covariance import ledoit_wolf as shrunk_covariance
from portopt.estimation.covariance import minimum_determinant as robust_covariance
from portopt.estimation.covariance import regime_ewma as regime_covariance
from portopt.estimation.covariance.implied import with_volatilities
from portopt.estimation.covariance.nonlinear_shrinkage import nonlinear_shrinkage
from portopt.estimation.covariance.oas import oas
from portopt.estimation.covariance.sample import sample
from portopt.estimation.expected_returns import bayes_stein as bayes
from portopt.estimation.expected_returns import capm as market_model
from portopt.estimation.expected_returns import equilibrium as reverse
from portopt.estimation.expected_returns import ewma as ewma_mean
from portopt.estimation.expected_returns import shrunk as shrinkage
from portopt.estimation.expected_returns.historical_mean import historical_mean
from portopt.estimation.factor_models.beliefs import NAME, model_covariance
from portopt.estimation.factor_models.statistical import statistical
from portopt.estimation.options import Option


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a mean may be worked out from, all per period, cash excluded.

    mean (n,): the means of the histories. observations: T. market (n,): weights of the market portfolio, adding to one.
    """

    mean: Vector
    covariance: Covariance
    observations: int
    market: Vector
    risk_free: float
    periods_per_year: float


@dataclass(frozen=True, slots=True)
class CovarianceEntry:
    """estimate(X, **options): the per-period covariance of complete returns X (T, n).

    finish: what is done to the annual covariance of the named assets afterwards, if anything.
    """

    name: str
    summary: str
    estimate: Callable[..., Covariance] = field(repr=False)
    options: Mapping[str, Option] = field(default_factory=dict)
    finish: Callable[[Covariance, Sequence[str], Mapping[str, Any]], Covariance] | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class ExpectedReturnsEntry:
    """mean(X, options): per-period means of complete returns X (T, n). finish: what makes the estimate of them, if anything."""

    name: str
    summary: str
    mean: Callable[[Matrix, Mapping[str, Any]], Vector] = field(repr=False)
    finish: Callable[[Evidence, Mapping[str, Any]], Vector] | None = field(repr=False, default=None)
    options: Mapping[str, Option] = field(default_factory=dict)


def _plain_mean(X: Matrix, _: Mapping[str, Any]) -> Vector:
    return historical_mean(X)


def _capm(e: Evidence, options: Mapping[str, Any]) -> Vector:
    annual = options["market_premium"]
    premium = None if annual is None else annual / e.periods_per_year
    return market_model.capm(e.mean, e.covariance, e.market, e.risk_free, premium)


def _equilibrium(e: Evidence, options: Mapping[str, Any]) -> Vector:
    return reverse.equilibrium(e.mean, e.covariance, e.market, e.risk_free, options["risk_aversion"])


def _bayes_stein(e: Evidence, options: Mapping[str, Any]) -> Vector:
    return bayes.bayes_stein(e.mean, e.covariance, e.observations, options["target"])


def _james_stein(e: Evidence, options: Mapping[str, Any]) -> Vector:
    return shrinkage.james_stein(e.mean, e.covariance, e.observations, options["target"])


def _shrunk(e: Evidence, options: Mapping[str, Any]) -> Vector:
    return shrinkage.shrunk(e.mean, e.covariance, options["target"], options["intensity"])


def _of_found_factors(X: Matrix) -> Covariance:
    """What the model is where nobody describes another: factors found in the returns. moments.py forms the described ones."""
    return model_covariance(statistical(X))


EXPECTED_RETURNS: dict[str, ExpectedReturnsEntry] = {
    entry.name: entry
    for entry in (
        ExpectedReturnsEntry("historical_mean", "arithmetic mean of the returns", _plain_mean),
        ExpectedReturnsEntry(
            "ewma", "mean with exponentially fading weights", lambda X, o: ewma_mean.ewma(X, **o), options=ewma_mean.OPTIONS
        ),
        ExpectedReturnsEntry("capm", "risk-free rate plus beta times premium", _plain_mean, _capm, market_model.OPTIONS),
        ExpectedReturnsEntry(
            "equilibrium", "returns that make the market portfolio optimal", _plain_mean, _equilibrium, reverse.OPTIONS
        ),
        ExpectedReturnsEntry(
            "bayes_stein", "means shrunk toward one value (Jorion 1986)", _plain_mean, _bayes_stein, bayes.OPTIONS
        ),
        ExpectedReturnsEntry(
            "james_stein", "means shrunk toward one value (James and Stein)", _plain_mean, _james_stein, shrinkage.JAMES_STEIN
        ),
        ExpectedReturnsEntry("shrunk", "means shrunk by a given share", _plain_mean, _shrunk, shrinkage.SHRUNK),
        ExpectedReturnsEntry(NAME, "risk-free rate plus exposures times factor premia (estimation.factors)", _plain_mean),
    )
}


def _implied(X: Matrix, volatilities: Mapping[str, float] | None, correlation: str) -> Covariance:
    base = COVARIANCE[correlation]
    return base.estimate(X, **{name: option.default for name, option in base.options.items()})


def _given_volatilities(covariance: Covariance, ids: Sequence[str], options: Mapping[str, Any]) -> Covariance:
    return with_volatilities(covariance, ids, options["volatilities"] or {})


IMPLIED = {
    "volatilities": Option(None, "annual, by asset; one left out: as estimated", least=0.0, most=100.0, by_asset=True),
    "correlation": Option(
        "ledoit_wolf", "the estimator the correlations come from",
        words=("sample", "ewma", "ledoit_wolf", "oas", "factor", "denoised", "gerber", "nonlinear_shrinkage"),
    ),
}  # fmt: skip

COVARIANCE: dict[str, CovarianceEntry] = {
    entry.name: entry
    for entry in (
        CovarianceEntry("sample", "unbiased sample covariance", sample),
        CovarianceEntry("ewma", "exponentially fading weights", ewma_covariance.ewma, ewma_covariance.OPTIONS),
        CovarianceEntry(
            "ledoit_wolf",
            "shrunk linearly (Ledoit and Wolf 2003, 2004)",
            shrunk_covariance.shrunk_to,
            shrunk_covariance.OPTIONS,
        ),
        CovarianceEntry("oas", "shrunk to the scaled identity (Chen et al. 2010)", oas),
        CovarianceEntry(
            "factor", "principal components and specific risk", factor_covariance.factor, factor_covariance.OPTIONS
        ),
        CovarianceEntry(
            "denoised",
            "noise eigenvalues flattened (random matrix theory)",
            denoised_covariance.denoised,
            denoised_covariance.OPTIONS,
        ),
        CovarianceEntry(
            "nonlinear_shrinkage", "every eigenvalue by its own amount (Ledoit and Wolf 2020)", nonlinear_shrinkage
        ),
        CovarianceEntry(
            "regime_ewma",
            "fading weights, scaled to the volatility regime",
            regime_covariance.regime_ewma,
            regime_covariance.OPTIONS,
        ),
        CovarianceEntry(
            "gerber", "co-movements counted (Gerber et al. 2022)", gerber_covariance.gerber, gerber_covariance.OPTIONS
        ),
        CovarianceEntry(
            "graphical_lasso", "sparse inverse correlations", sparse_covariance.graphical_lasso, sparse_covariance.OPTIONS
        ),
        CovarianceEntry(
            "minimum_determinant",
            "of the days that agree most (minimum covariance determinant)",
            robust_covariance.minimum_determinant,
            robust_covariance.OPTIONS,
        ),
        CovarianceEntry("implied", "given volatilities, estimated correlations", _implied, IMPLIED, _given_volatilities),
        CovarianceEntry(NAME, "exposures, factor covariance and specific risk (estimation.factors)", _of_found_factors),
    )
}

Entry = TypeVar("Entry")


def looked_up(catalog: Mapping[str, Entry], name: str, field_name: str) -> Entry:
    """The entry of that name. Raises InvalidValue naming the nearest one."""
    if name not in catalog:
        near = difflib.get_close_matches(name, catalog, n=1, cutoff=0.5)
        raise InvalidValue(
            field_name,
            name,
            f"is not a known estimator; known: {', '.join(catalog)}",
            fix=f"use {near[0]!r}" if near else f"use one of {', '.join(catalog)}",
        )
    return catalog[name]
