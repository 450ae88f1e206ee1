"""From a request's Black-Litterman views to moments: excess and absolute returns meet here and nowhere else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.moments import Covariance, Moments
from portopt.domain.universe import Universe
from portopt.estimation.views import black_litterman as formulas
from portopt.estimation.views import parse
from portopt.estimation.views.parse import PATH
from portopt.estimation.views.spelled import return_view

FIELDS = (
    "method", "tau", "market_weights", "risk_aversion", "prior", "returns_are", "omega", "posterior_covariance", "views",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class ReturnView:
    """combination' r = value. confidence and variance: how sure; both None is He and Litterman's proportional variance."""

    combination: Vector
    value: float
    confidence: float | None
    variance: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What a request says. market: (n,) or None. omega: (K, K) for all views together, or None."""

    views: tuple[ReturnView, ...]
    tau: float
    market: Vector | None
    risk_aversion: float | None
    prior: str
    returns_are: str
    omega: Matrix | None
    posterior_covariance: bool


def read(doc: Mapping[str, Any], universe: Universe) -> Choice:
    """The choice a request spells. Raises UnknownField, InvalidValue, MissingInput with the path of the fault."""
    parse.known_fields(doc, FIELDS, PATH)
    views = tuple(_view(entry, f"{PATH}.views[{k}]", universe) for k, entry in enumerate(parse.listed(doc, "views", PATH)))
    tau = parse.checked(doc.get("tau", 0.05), f"{PATH}.tau", least=1e-12, most=100.0)
    aversion = doc.get("risk_aversion")
    omega = doc.get("omega")
    if omega is not None and any(v.confidence is not None or v.variance is not None for v in views):
        raise InvalidValue(f"{PATH}.omega", omega, "is given for all views, and a view has a confidence or variance of its own")
    market = doc.get("market_weights")
    return Choice(
        views,
        tau,
        None if market is None else _market(market, universe),
        None if aversion is None else parse.checked(aversion, f"{PATH}.risk_aversion", least=1e-9),
        parse.word(doc, "prior", ("equilibrium", "estimate"), "equilibrium", PATH),
        parse.word(doc, "returns_are", ("absolute", "excess"), "absolute", PATH),
        None if omega is None else parse.matrix(omega, len(views), f"{PATH}.omega"),
        parse.flag(doc, "posterior_covariance", True, PATH),
    )


def _view(entry: Any, path: str, universe: Universe) -> ReturnView:
    entry = return_view(entry, universe, path) if isinstance(entry, str) else entry
    parse.known_fields(entry, ("assets", "return", "confidence", "variance"), path)
    if "confidence" in entry and "variance" in entry:
        raise InvalidValue(f"{path}.variance", entry["variance"], "a view has a confidence or a variance, not both")
    return ReturnView(
        parse.combination(entry.get("assets"), universe, f"{path}.assets"),
        parse.number(entry, "return", path),
        parse.number(entry, "confidence", path, least=0.0, most=1.0) if "confidence" in entry else None,
        parse.number(entry, "variance", path, least=0.0) if "variance" in entry else None,
    )


def _market(weights: Any, universe: Universe) -> Vector:
    field = f"{PATH}.market_weights"
    if not isinstance(weights, Mapping):
        raise InvalidValue(field, weights, "must be an object {asset: weight}")
    parse.known_assets(weights, universe, field)
    out = np.zeros(len(universe))
    for asset, weight in weights.items():
        out[universe.positions[asset]] = parse.checked(weight, f"{field}.{asset}", least=0.0)
    return out


def apply(choice: Choice, moments: Moments, risk_free: float, market_weights: Vector | None) -> tuple[Moments, dict[str, Any]]:
    """Moments after the views, and what was done, as plain data.

    Everything is worked out on excess returns of the risky assets, r - rf; cash earns its own return before and after.
    A view on absolute returns is turned by  P(r - rf 1) = Q - rf P1;  a difference of two assets is the same in both.
    market_weights: (n,), None where no market is known.
    """
    universe = moments.universe
    risky = np.flatnonzero(~universe.is_cash)
    covariance = _among(moments.covariance, risky)
    weights = choice.market if choice.market is not None else market_weights
    market = _shares(weights, risky)
    pi, aversion = _prior(choice, covariance, moments.mu[risky] - risk_free, market)
    everywhere = np.array([v.combination for v in choice.views]).reshape(-1, len(universe))
    said = np.array([v.value for v in choice.views])
    shift = risk_free * everywhere.sum(axis=1) if choice.returns_are == "absolute" else np.zeros(len(said))
    P, omega = everywhere[:, risky], _omega(choice, covariance, everywhere[:, risky])
    heard = np.flatnonzero(np.isfinite(np.diagonal(omega)))
    P_in, Q_in = P[heard], (said - shift)[heard]
    U = formulas.reach(covariance, choice.tau, P_in)
    A = P_in @ U + omega[np.ix_(heard, heard)]
    _require_independent(A, heard, choice, universe)
    excess = formulas.posterior_mean(pi, U, P_in, Q_in, A)
    mu = moments.mu.copy()
    mu[risky] = excess + risk_free
    if choice.posterior_covariance:
        covariance = formulas.posterior_covariance(covariance, choice.tau, U, P_in, A)
        covariance = covariance if len(risky) == len(universe) else covariance.embedded(len(universe), risky)
    else:
        covariance = moments.covariance
    how = f"black_litterman (tau {choice.tau:g}, prior {choice.prior}, {len(said)} views)"
    after = dataclasses.replace(
        moments,
        mu=mu,
        covariance=covariance,
        expected_return_method=how,
        covariance_method=f"{moments.covariance_method} + {how}" if choice.posterior_covariance else moments.covariance_method,
    )
    views = _told(choice, universe, P @ pi + shift, P @ excess + shift, np.diagonal(omega))
    return after, _facts(choice, universe, risk_free, aversion, market, pi, excess) | {"views": views}


def _facts(
    choice: Choice, universe: Universe, risk_free: float, aversion: float | None, market: Vector, pi: Vector, excess: Vector
) -> dict[str, Any]:
    ids = [asset_id for asset_id, cash in zip(universe.ids, universe.is_cash, strict=True) if not cash]

    def by_asset(values: Vector) -> dict[str, float]:
        return {asset_id: float(value) for asset_id, value in zip(ids, values, strict=True)}

    return {
        "method": "black_litterman",
        "tau": choice.tau,
        "risk_aversion": aversion,
        "prior": choice.prior,
        "returns_are": choice.returns_are,
        "risk_free_rate": risk_free,
        "market_weights": by_asset(market),
        "prior_returns": by_asset(pi + risk_free),
        "posterior_returns": by_asset(excess + risk_free),
    }


def _among(covariance: Covariance, risky: Indices) -> Covariance:
    if len(risky) == len(covariance):
        return covariance
    if covariance.Sigma is not None:
        return Covariance(Sigma=covariance.Sigma[np.ix_(risky, risky)])
    F, Omega, D = covariance.factors()
    return Covariance(F=F[risky], Omega=Omega, D=D[risky])


def _shares(weights: Vector | None, risky: Indices) -> Vector:
    """(n,) market portfolio of the risky assets, adding to one; equal weights where none is given."""
    if weights is None or float(weights[risky].sum()) <= 0.0:
        return np.full(len(risky), 1.0 / len(risky))
    return np.asarray(weights[risky] / weights[risky].sum())


def _prior(choice: Choice, covariance: Covariance, estimated: Vector, market: Vector) -> tuple[Vector, float | None]:
    """(n,) excess returns before the views, and the risk aversion behind them; an estimate has none."""
    if choice.prior == "estimate":
        return estimated, choice.risk_aversion
    aversion = choice.risk_aversion
    if aversion is None:
        premium, variance = float(market @ estimated), covariance.variance(market)
        if not (premium > 0.0 and variance > 0.0):
            raise DataError(
                f"the market portfolio's estimated premium is {premium:.2%} a year: no risk aversion follows from it",
                field=f"{PATH}.risk_aversion",
                measured={"market_premium": premium, "market_variance": variance},
                fixes=["give risk_aversion (2.5 in He and Litterman)", 'set prior to "estimate"'],
            )
        aversion = premium / variance
    return formulas.equilibrium(covariance, market, aversion), aversion


def _omega(choice: Choice, covariance: Covariance, P: Matrix) -> Matrix:
    """(K, K) covariance of the views' errors; infinite on the diagonal where a view has no confidence."""
    if choice.omega is not None:
        return choice.omega
    variances = np.zeros(len(P))
    for k, (view, p) in enumerate(zip(choice.views, P, strict=True)):
        if view.variance is not None:
            variances[k] = view.variance
        else:  # He and Litterman's proportional variance is Idzorek's at a confidence of one half
            confidence = 0.5 if view.confidence is None else view.confidence
            variances[k] = formulas.idzorek_variance(p, covariance, choice.tau, confidence)
    return np.diag(variances)


def _require_independent(A: Matrix, heard: Indices, choice: Choice, universe: Universe) -> None:
    k = formulas.dependent_view(A)
    if k is not None:
        view = choice.views[heard[k]]
        raise InvalidValue(
            f"{PATH}.views[{heard[k]}]",
            parse.told(view.combination, universe),
            "this certain view repeats or contradicts what earlier certain views already fix, or concerns no risk at all",
            fix="give one of these views a confidence below 1, or take it away",
        )


def _told(choice: Choice, universe: Universe, before: Vector, after: Vector, omega: Vector) -> list[dict[str, Any]]:
    return [
        {
            "view": parse.told(view.combination, universe),
            "return": view.value,
            "confidence": view.confidence,
            "variance": None if np.isinf(w) else float(w),
            "prior": float(b),
            "posterior": float(a),
        }
        for view, b, a, w in zip(choice.views, before, after, omega, strict=True)
    ]
