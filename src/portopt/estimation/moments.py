"""From returns to what is believed about next year: choose, estimate, annualize once, put cash back."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.calendar import TRADING_DAYS, periods_per_year
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.factor_model import FactorModel
from portopt.domain.factor_returns import Dates, FactorReturns
from portopt.domain.market import MarketSnapshot
from portopt.domain.moments import Covariance, Moments
from portopt.domain.own_returns import OwnReturns, Together, own_returns, together_of
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import CASH, Universe
from portopt.estimation.catalog import COVARIANCE, EXPECTED_RETURNS, Evidence, looked_up
from portopt.estimation.covariance.forms import scaled
from portopt.estimation.factor_models.beliefs import NAME, asked_model, model_covariance, model_mean, placed
from portopt.estimation.filling import filled_by_factors
from portopt.estimation.histories import two_moments
from portopt.estimation.options import chosen
from portopt.estimation.stand_ins import with_stand_ins
from portopt.estimation.views import apply_views

UNTRUE_MOVES = ("unadjusted_split", "extreme_move")  # findings that speak of one return
MOST_SCENARIO_CELLS = 5_000_000  # 40 MB; beyond it scenarios are not carried along


def estimate(
    snapshot: MarketSnapshot,
    universe: Universe,
    choice: EstimationChoice,
    risk_free_rate: float,
    market_weights: Vector | None = None,
    factor_returns: FactorReturns | None = None,
) -> Moments:
    """Moments of `universe` from the prices of a pack. See `moments_from_returns`.

    A quarantined asset may be in the universe, held and not tradable: what the checks found wrong is left out of its
    returns, and where too few remain it is given the risk of the average asset (see stand_ins.py).

    So is a holding that the pack knows nothing of. Raises DataError for other assets of the universe that it does not hold.
    market_weights: (n,) the market portfolio of an equilibrium, None where there is none. Moments are annual.
    """
    known = set(snapshot.asset_ids)
    missing = [a.id for a in universe.assets if a.id != CASH and a.tradable and a.id not in known]
    if missing:
        raise DataError(
            f"pricing pack {snapshot.pricing_pack_id} has no prices of {', '.join(missing)}", field="assets", value=missing
        )
    at = np.array([i for i, asset_id in enumerate(universe.ids) if asset_id in known and asset_id != CASH], dtype=np.intp)
    own = _usable_returns(snapshot, snapshot.positions(tuple(universe.ids[i] for i in at))).newest(choice.lookback)
    returns = np.where(universe.is_cash, 0.0, np.nan) * np.ones((len(own.X), 1))
    returns[:, at] = own.X
    spans = None
    if own.spans is not None:
        spans = np.isfinite(returns).astype(np.intp)
        spans[:, at] = own.spans
    choice = dataclasses.replace(choice, periods_per_year=_counted_a_year(choice, own))
    return moments_from_returns(universe, returns, choice, risk_free_rate, market_weights, factor_returns, own.dates, spans)


def _counted_a_year(choice: EstimationChoice, own: OwnReturns) -> float:
    """What the choice says; where it says trading days and the dates are weeks or months, as many as those make a year."""
    if choice.periods_per_year != TRADING_DAYS:
        return choice.periods_per_year
    return periods_per_year(own.dates) or choice.periods_per_year


def _usable_returns(snapshot: MarketSnapshot, wanted: Indices) -> OwnReturns:
    """Returns of these assets between their own prices; of quarantined ones without the very returns that are wrong."""
    prices = snapshot.prices[:, wanted]
    place = {snapshot.asset_ids[j]: at for at, j in enumerate(wanted)}
    wrong = [f for f in snapshot.findings if f.treatment == "quarantined" and f.asset_id in place]
    if wrong:
        columns = sorted({place[str(f.asset_id)] for f in wrong})
        prices[:, columns] = np.where(prices[:, columns] > 0.0, prices[:, columns], np.nan)
    own = own_returns(snapshot.dates, prices)
    for finding in wrong:
        if finding.kind in UNTRUE_MOVES and finding.date is not None:
            t, j = int(np.searchsorted(own.dates, np.datetime64(finding.date))), place[str(finding.asset_id)]
            if t < len(own.dates):
                own.X[t, j] = np.nan
                if own.spans is not None:
                    own.spans[t, j] = 0
    return own


def moments_from_returns(
    universe: Universe,
    returns: Matrix,
    choice: EstimationChoice,
    risk_free_rate: float,
    market_weights: Vector | None = None,
    factor_returns: FactorReturns | None = None,
    dates: Dates | None = None,
    spans: Indices | None = None,
) -> Moments:
    """Annual expected returns and covariance from periodic returns.

    Args:
        universe: n assets; CASH, where there is one, gets no risk and `choice.cash_return` or the risk-free rate.
        returns: (T, n) periodic simple returns in the universe's order, NaN where missing; cash's column is not read.
        risk_free_rate: annual. market_weights: (n,) the market portfolio of `capm` and of views; None is equal weights.
        factor_returns: what `choice.factors` regresses on. dates: (T,) the day each return ends on, to join them by.
        spans: (T, n) how many periods each return covers, 0 where there is none; None is one each. A return over several
        periods counts as what it is: in means whole, in variances by its length, in factor models spread over its periods.
    `choice.views` are applied last, to annual moments.
    Raises:
        DataError: fewer than `choice.min_observations` returns of a tradable asset, or a return that no price can give.
        InvalidValue, UnknownField: an estimator or option that is not known or out of range.
    """
    _check(choice)
    n, years = len(universe), choice.periods_per_year
    returns = _history(returns, n, choice.lookback)
    spans = spans if spans is None or choice.lookback is None else spans[-choice.lookback :]
    risky = np.flatnonzero(~universe.is_cash)
    cash_return = risk_free_rate if choice.cash_return is None else choice.cash_return
    if len(risky) == 0:
        return Moments(universe, np.array([cash_return]), Covariance(Sigma=np.zeros((1, 1))), years)
    # One memory layout, because BLAS rounds by layout: the same returns give the same bytes with or without cash beside them.
    X = np.ascontiguousarray(returns[:, risky])
    counts, known = _checked_counts(X, universe, risky, choice.min_observations)
    S = None if spans is None else spans[:, risky]
    counts = counts if S is None else S.sum(axis=0).astype(np.float64)
    X = X if len(known) == len(risky) else np.ascontiguousarray(X[:, known])
    S = S if S is None or len(known) == len(risky) else S[:, known]
    dates = dates if dates is None or choice.lookback is None else dates[-choice.lookback :]
    model = asked_model(universe, risky[known], X, S, dates, choice, factor_returns, risk_free_rate)
    mean, per_period, note = _per_period(X, S, choice, risk_free_rate, _market(market_weights, risky[known]), model)
    if len(known) < len(risky):
        mean, per_period = with_stand_ins(mean, per_period, len(risky), known)
        note += f" ({len(risky) - len(known)} frozen by the average asset)"
    mu, covariance = annualized(mean, per_period, years)
    covariance = _finished(covariance, [universe.ids[i] for i in risky], choice)
    covariance = covariance if len(risky) == n else covariance.embedded(n, risky)
    together = _scenarios(X, S, n, choice.min_observations) if len(known) == len(risky) else None
    moments = Moments(
        universe,
        _with_cash(mu, n, risky, cash_return),
        covariance,
        years,
        choice.expected_returns + note,
        choice.covariance + note,
        None if together is None else _with_cash_beside(together, n, risky, cash_return / years),
        _with_cash(counts, n, risky, float(len(X))),
        factor_model=placed(model, n, risky, known, covariance, choice),
        scenario_span=1.0 if together is None else together.span,
    )
    return apply_views(moments, choice, risk_free_rate, market_weights)


def annualized(mu: Vector, covariance: Covariance, periods_per_year: float) -> tuple[Vector, Covariance]:
    """The only place where periods become years: means and variances of simple returns times the number of periods.

    mu: (n,) per period in, annual out.
    """
    return mu * periods_per_year, scaled(covariance, periods_per_year)


def _check(choice: EstimationChoice) -> None:
    if choice.lookback is not None and choice.lookback < 2:
        raise InvalidValue("estimation.lookback", choice.lookback, "must be at least 2 returns")
    if choice.min_observations < 2:
        raise InvalidValue("estimation.min_observations", choice.min_observations, "must be at least 2")
    if not choice.periods_per_year > 0:
        raise InvalidValue("estimation.periods_per_year", choice.periods_per_year, "must be positive")


def _history(returns: Matrix, n: int, lookback: int | None) -> Matrix:
    returns = np.asarray(returns, dtype=np.float64)
    if returns.ndim != 2 or returns.shape[1] != n:
        raise DataError(f"returns have the shape {returns.shape} for {n} assets", field="returns")
    return returns if lookback is None else returns[-lookback:]


def _checked_counts(X: Matrix, universe: Universe, risky: Indices, min_observations: int) -> tuple[Vector, Indices]:
    """(n,) returns of each asset, and positions of those with enough; only a frozen one may have too few.

    Raises DataError naming every other asset with too few, or with an impossible return.
    """
    impossible = np.argwhere(np.isinf(X) | (X < -1.0))
    if len(impossible):
        names = [universe.ids[risky[j]] for j in np.unique(impossible[:, 1])]
        t, j = impossible[0]
        raise DataError(
            f"returns that no price can give: {', '.join(names)}, first {universe.ids[risky[j]]} with {X[t, j]:g} in row {t}",
            field="returns",
            value=names,
            measured={"count": len(impossible)},
            fixes=["where these are percentages (1.5 for 1.5 %), divide them by 100; else correct or empty the cells named"],
        )
    counts = np.isfinite(X).sum(axis=0).astype(np.float64)
    enough = counts >= min_observations
    needed = np.array([universe.assets[i].tradable for i in risky]) | (not enough.any())
    short = {universe.ids[risky[j]]: int(counts[j]) for j in np.flatnonzero(~enough & needed)}
    if short:
        said = ", ".join(f"{asset_id} has {count}" for asset_id, count in short.items())
        raise DataError(
            f"too short a history to estimate from: {said} of the {min_observations} returns needed",
            field="estimation.min_observations",
            value=min_observations,
            measured={"observations": short},
            fixes=[f"take {', '.join(short)} out of the universe", "lower estimation.min_observations"],
        )
    return np.asarray(counts), np.flatnonzero(enough)


def _market(market_weights: Vector | None, risky: Indices) -> Vector:
    """(n,) market portfolio among the risky assets, adding to one; equal weights where none is given."""
    if market_weights is None or float(np.sum(market_weights[risky])) <= 0.0:
        return np.full(len(risky), 1.0 / len(risky))
    weights = market_weights[risky]
    return np.asarray(weights / weights.sum())


def _per_period(
    X: Matrix,
    spans: Indices | None,
    choice: EstimationChoice,
    risk_free_rate: float,
    market: Vector,
    model: FactorModel | None,
) -> tuple[Vector, Covariance, str]:
    means = looked_up(EXPECTED_RETURNS, choice.expected_returns, "estimation.expected_returns")
    risks = looked_up(COVARIANCE, choice.covariance, "estimation.covariance")
    mean_options = chosen(means.options, choice.expected_returns_options, "estimation.expected_returns_options")
    risk_options = chosen(risks.options, choice.covariance_options, "estimation.covariance_options")

    def mean_of(part: Matrix) -> Vector:
        return means.mean(part, mean_options)

    if model is not None and choice.covariance == NAME:
        how = "filled" if np.isnan(X).any() else ""
        mean, covariance = mean_of(filled_by_factors(X, spans).X if how else X), model_covariance(model)
    else:
        mean, covariance, how = two_moments(X, mean_of, functools.partial(risks.estimate, **risk_options), spans)
    if model is not None and choice.expected_returns == NAME:
        mean = model_mean(model, choice, risk_free_rate)
    if means.finish is not None:
        years = choice.periods_per_year
        evidence = Evidence(mean, covariance, len(X), market, risk_free_rate / years, years)
        mean = means.finish(evidence, mean_options)
    notes = {"": "", "stages": " (unequal histories by stages)", "filled": " (missing returns filled by factors)"}
    return mean, covariance, notes[how]


def _finished(covariance: Covariance, ids: list[str], choice: EstimationChoice) -> Covariance:
    """What an estimator does to the annual covariance of named assets (given volatilities), if anything."""
    entry = looked_up(COVARIANCE, choice.covariance, "estimation.covariance")
    if entry.finish is None:
        return covariance
    return entry.finish(covariance, ids, chosen(entry.options, choice.covariance_options, "estimation.covariance_options"))


def _with_cash(values: Vector, n: int, risky: Indices, of_cash: float) -> Vector:
    out = np.full(n, of_cash)
    out[risky] = values
    return out


def _scenarios(X: Matrix, spans: Indices | None, n: int, least: int) -> Together | None:
    """What all assets did over the same days; None when too few or too many."""
    found = together_of(X, spans)
    return None if len(found.X) < least or found.X.shape[0] * n > MOST_SCENARIO_CELLS else found


def _with_cash_beside(together: Together, n: int, risky: Indices, cash_period: float) -> Matrix:
    """(T', n) the scenarios in the universe's order, cash growing evenly."""
    if len(risky) == n:
        return together.X
    out = np.repeat((cash_period * together.spans)[:, None], n, axis=1)
    out[:, risky] = together.X
    return out
