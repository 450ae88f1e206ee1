"""What a portfolio, and the beliefs behind it, look like: risk in every measure, views, factors, forecasts held to account.

Each takes requests and gives plain data, weights keyed by asset id.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt import formulation, pipeline
from portopt.domain.arrays import Matrix
from portopt.domain.canonical import plain
from portopt.domain.errors import DataError, InvalidValue, MissingInput
from portopt.domain.request import EstimationChoice, OptimizationRequest, RebalanceRequest
from portopt.domain.universe import Universe
from portopt.questions import service
from portopt.questions.inquiries import by_asset, certificate_summary

if TYPE_CHECKING:
    from portopt.runtime import Runtime

STATISTICAL = {"method": "statistical"}


def risk(
    request: OptimizationRequest, *, measure: str = "volatility", options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Every risk measure of the optimal, the current and the benchmark portfolio, and one measure of the first taken apart.

    measure, options: the one that is decomposed by asset, sector and factor. Scenario figures need returns.
    What cannot be said of the certified weights stands in `left_out` with its reason.
    """
    from portopt.analysis import Attempts
    from portopt.analysis.decomposition import decompose
    from portopt.analysis.risk_figures import risk_figures
    from portopt.terms.risk_measures.catalog import parse_measure

    chosen = parse_measure("risk_measure", measure, dict(options or {}))
    answer = service.optimize(request)
    problem, w = answer.problem, answer.validated.weights
    books = {"optimal": w, "current": problem.w_prev, "benchmark": problem.benchmark}
    held = {name: book for name, book in books.items() if book is not None}
    said = Attempts(list(answer.left_out))
    measured = {b: said.attempt(f"the risk of the {b} book", partial(risk_figures, problem, v)) for b, v in held.items()}
    parts = {b: said.attempt(f"the parts of the {b} risk", partial(decompose, problem, v, chosen)) for b, v in held.items()}
    columns = {name: figures for name, figures in measured.items() if figures is not None}
    first = next(iter(columns.values()), ())
    return {
        "portfolio_id": problem.portfolio_id,
        "optimal_weights": by_asset(problem, w),
        "figures": [
            {**plain(figure), "value": {name: column[k].value for name, column in columns.items()}}
            for k, figure in enumerate(first)
        ],
        "decomposition": {name: plain(found) for name, found in parts.items() if found is not None},
        "left_out": [{**plain(left), "sentence": left.sentence} for left in said.left_out],
        "certificate": certificate_summary(answer.validated.certificate),
    }


def views(request: OptimizationRequest) -> dict[str, Any]:
    """What the request's views did to the beliefs: expected returns before and after, and each view with its weight."""
    from portopt.estimation.views.application import views_applied

    prior = formulation.prior_beliefs(request)
    posterior, told = views_applied(prior, request.estimation, request.risk_free_rate, formulation.market_of(request))
    universe = prior.universe
    # An equilibrium is a prior of its own: what the data estimate has no part in it.
    started = told.get("prior_returns", {})
    rows = zip(universe.ids, prior.mu.tolist(), posterior.mu.tolist(), strict=True)
    deviations = (np.sqrt(prior.covariance.diagonal()), np.sqrt(posterior.covariance.diagonal()))
    return {
        "portfolio_id": request.portfolio_id,
        "beliefs": [
            {
                "asset_id": a,
                "expected_return_before": started.get(a, before),
                "expected_return_after": after,
                "volatility_before": float(deviations[0][i]),
                "volatility_after": float(deviations[1][i]),
            }
            for i, (a, before, after) in enumerate(rows)
        ],
        **plain(told),
    }


def factors(
    request: OptimizationRequest | RebalanceRequest, names: Sequence[str] | None = None, runtime: Runtime | None = None
) -> dict[str, Any]:
    """S2's factor analysis of the current book, of the optimal one where nothing is held: exposures with their errors,
    risk and return by factor.

    The request's own factor model; where it has none, the statistical one. names: factors wanted, None for all.
    """
    from portopt.analysis.factors import analyze_factors

    as_of, data = None, {}
    if isinstance(request, RebalanceRequest):
        if runtime is None:
            raise InvalidValue("runtime", None, "a rebalance request needs one to fetch prices with")
        policy = request.policy
        if not policy.estimation.factors:
            choice = dataclasses.replace(policy.estimation, factors=STATISTICAL)
            request = dataclasses.replace(request, policy=dataclasses.replace(policy, estimation=choice))
        snapshot = service.read_market(request, runtime)
        problem, as_of = formulation.formulate(request, snapshot, pipeline.estimate(request, snapshot)), snapshot.as_of
        data = {"pricing_pack_id": service.rests_on(snapshot, runtime)["pricing_pack_id"]}
    else:
        if not request.estimation.factors:
            request = dataclasses.replace(request, estimation=dataclasses.replace(request.estimation, factors=STATISTICAL))
        problem = formulation.formulate_weights(request)
    w = problem.w_prev if problem.w_prev is not None else pipeline.validate(pipeline.optimize(problem)).weights
    found = analyze_factors(problem, w, names, as_of)
    return {**found.to_data(), "portfolio": "current" if problem.w_prev is not None else "optimal", **data}


def forecasts(
    request: OptimizationRequest | RebalanceRequest,
    covariances: Sequence[str],
    means: Sequence[str] = (),
    *,
    window: int = 252,
    step: int = 21,
    runtime: Runtime | None = None,
) -> dict[str, Any]:
    """Estimators compared out of sample on one's own returns: calibration, QLIKE, the risk of the portfolios they lead to.

    covariances: estimators by name; the first that these returns allow is what the others are measured against. means:
    likewise, each beside the first covariance. What cannot be fitted is named with its reason (`unfitted`), and the others
    are compared. A rebalance request looks back over the whole history there is.

    Raises MissingInput without returns on common dates, DataError where no covariance can be fitted.
    """
    universe, returns, choice, rf = _history(request, runtime)
    if not covariances:
        raise InvalidValue("covariances", "", "names no estimator", fix="name at least one: sample,ledoit_wolf")
    compare = partial(_compared, universe, returns, risk_free_rate=rf, window=window, step=step)
    # Beside the plainest mean, which every history allows: a mean that cannot be fitted says nothing of a covariance.
    plainly: dict[str, Any] = {"expected_returns": "historical_mean", "expected_returns_options": {}, "covariance_options": {}}
    data = compare({name: dataclasses.replace(choice, **plainly, covariance=name) for name in covariances})
    unfitted = [{"of": "covariance", **one} for one in data["unfitted"]]
    if not data["covariance"]:
        reasons = "; ".join(f"{one['name']}: {one['reason']}" for one in unfitted)
        raise DataError(
            f"none of these estimators can be fitted: {reasons}",
            field="covariances",
            value=list(covariances),
            fixes=["name one that few observations allow: ledoit_wolf, oas or factor"],
        )
    beside = dataclasses.replace(choice, **plainly, covariance=data["baseline"])
    said = compare({name: dataclasses.replace(beside, expected_returns=name) for name in means}) if means else None
    unfitted += [{"of": "expected_returns", **one} for one in (said["unfitted"] if said else ())]
    scores = said["expected_returns"] if said else []
    return {**data, "assets": list(universe.ids), "expected_returns": scores, "unfitted": unfitted}


def _compared(universe: Universe, returns: Matrix, choices: Mapping[str, EstimationChoice], **how: Any) -> dict[str, Any]:
    from portopt.estimation.evaluation import evaluate

    return evaluate(universe, returns, choices, **how).as_data()


def _history(
    request: OptimizationRequest | RebalanceRequest, runtime: Runtime | None
) -> tuple[Universe, Matrix, EstimationChoice, float]:
    """(universe without cash, (T, n) complete returns, the request's own estimation without views, risk-free rate)."""
    if isinstance(request, RebalanceRequest):
        if runtime is None:
            raise InvalidValue("runtime", None, "a rebalance request needs one to fetch prices with")
        policy = request.policy
        whole = dataclasses.replace(policy.estimation, lookback=None, views={}, factors={})
        request = dataclasses.replace(request, policy=dataclasses.replace(policy, estimation=whole))
        moments, choice, rf = pipeline.estimate(request, service.read_market(request, runtime)), whole, policy.risk_free_rate
    else:
        moments, choice = formulation.prior_beliefs(request), dataclasses.replace(request.estimation, views={}, factors={})
        rf = request.risk_free_rate
    if moments.scenarios is None:
        fix = "give every asset `returns`, or a longer history"
        raise MissingInput("forecasts are compared on returns of every asset on common dates", field="returns", fixes=[fix])
    choice = dataclasses.replace(choice, periods_per_year=moments.scenarios_per_year)
    risky = np.flatnonzero(~moments.universe.is_cash)
    universe = Universe(tuple(moments.universe.assets[i] for i in risky))
    return universe, moments.scenarios[:, risky], choice, rf
