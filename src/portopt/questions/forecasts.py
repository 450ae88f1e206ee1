"""Which estimators were right on one's own returns."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt.domain.arrays import Matrix
from portopt.domain.errors import DataError, InvalidValue, MissingInput
from portopt.domain.forecasts import ForecastReport
from portopt.domain.found import ForecastsCompared
from portopt.domain.moments import Moments
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Universe
from portopt.questions.posed import Asked, history_of, rests_on

if TYPE_CHECKING:
    from portopt.runtime import Runtime

# Beside the plainest mean, which every history allows: a mean that cannot be fitted says nothing of a covariance.
PLAINLY: dict[str, Any] = {"expected_returns": "historical_mean", "expected_returns_options": {}, "covariance_options": {}}


def forecasts(
    request: Asked,
    covariances: Sequence[str],
    means: Sequence[str] = (),
    *,
    window: int = 252,
    step: int = 21,
    runtime: Runtime | None = None,
) -> ForecastsCompared:
    """Estimators compared out of sample on one's own returns: calibration, QLIKE, the risk of the portfolios they lead to.

    covariances: estimators by name; the first that these returns allow is what the others are measured against. means:
    likewise, each beside the first covariance. What cannot be fitted is named with its reason (`unfitted`), and the others
    are compared. A rebalance request looks back over the whole history there is.

    Raises MissingInput without returns on common dates, DataError where no covariance can be fitted.
    """
    from portopt.estimation.evaluation import evaluate

    beliefs, choice, snapshot = history_of(request, runtime)
    universe, returns, choice = _history(beliefs, choice)
    if not covariances:
        raise InvalidValue("covariances", "", "names no estimator", fix="name at least one: sample,ledoit_wolf")
    compare = partial(evaluate, universe, returns, risk_free_rate=request.risk_free_rate, window=window, step=step)
    found = compare(choices={name: dataclasses.replace(choice, **PLAINLY, covariance=name) for name in covariances})
    if not found.covariance:
        raise _none_fitted(found, covariances)
    beside = dataclasses.replace(choice, **PLAINLY, covariance=found.baseline)
    by_mean = {name: dataclasses.replace(beside, expected_returns=name) for name in means}
    of_means = compare(choices=by_mean) if by_mean else None
    return ForecastsCompared(universe.ids, found, of_means, rests_on(snapshot, runtime))


def _none_fitted(found: ForecastReport, covariances: Sequence[str]) -> DataError:
    reasons = "; ".join(f"{one.name}: {one.reason}" for one in found.unfitted)
    return DataError(
        f"none of these estimators can be fitted: {reasons}",
        field="covariances",
        value=list(covariances),
        fixes=["name one that few observations allow: ledoit_wolf, oas or factor"],
    )


def _history(moments: Moments, choice: EstimationChoice) -> tuple[Universe, Matrix, EstimationChoice]:
    """(universe without cash, (T, n) complete returns, the choice on as many of them a year as there are)."""
    if moments.scenarios is None:
        fix = "give every asset `returns`, or a longer history"
        raise MissingInput("forecasts are compared on returns of every asset on common dates", field="returns", fixes=[fix])
    choice = dataclasses.replace(choice, periods_per_year=moments.scenarios_per_year)
    risky = np.flatnonzero(~moments.universe.is_cash)
    universe = Universe(tuple(moments.universe.assets[i] for i in risky))
    return universe, moments.scenarios[:, risky], choice
