"""Which estimator forecasts best on one's own returns: every one is given the same past and asked about the same future."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.forecasts import CovarianceScore, Difference, ForecastReport, MeanScore, Unfitted
from portopt.domain.moments import Covariance, Moments
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Universe
from portopt.estimation.covariance.forms import scaled
from portopt.estimation.expected_returns.bayes_stein import solve
from portopt.estimation.moments import moments_from_returns

FEWEST_WINDOWS = 4
NORMAL_90, NORMAL_99 = 1.6448536269514722, 2.5758293035489004


def evaluate(
    universe: Universe,
    returns: Matrix,
    choices: Mapping[str, EstimationChoice],
    *,
    risk_free_rate: float = 0.0,
    market_weights: Vector | None = None,
    window: int = 504,
    step: int = 21,
    portfolios: int = 100,
    seed: int = 0,
) -> ForecastReport:
    """Compare estimators out of sample, walking through history.

    At every `step`-th day each choice sees the `window` returns before it and nothing else; what it says is held against
    the next `step` returns. Half of the test portfolios are long only (uniform on the simplex), half are long and short
    and sum to zero; they are drawn once from the seed, so the same question has the same answer.

    Args:
        universe: n assets without cash. returns: (T, n) periodic simple returns, complete.
        choices: by the name to be shown, two or more usually; the first that can be fitted is the baseline of differences.
            Their lookback is the window.
    Raises:
        InvalidValue, UnknownField: windows or counts that leave fewer than 4 windows, estimators that are not known.
        DataError: missing returns. An estimator that cannot be fitted to them is named in the report, beside the others.
    Source: Patton (2011), Volatility forecast comparison using imperfect volatility proxies, for QLIKE.
    """
    T, n = returns.shape
    _check(universe, returns, choices, window, step, portfolios)
    starts = range(window, T - step + 1, step)
    W = drawn_portfolios(n, portfolios, seed)
    fitted: list[_Fitted] = []
    unfitted: list[Unfitted] = []
    for name, choice in choices.items():
        asked = dataclasses.replace(choice, lookback=None, min_observations=min(choice.min_observations, window))
        try:
            forecasts = [
                moments_from_returns(universe, returns[t - window : t], asked, risk_free_rate, market_weights) for t in starts
            ]
            fitted.append(_scored(name, forecasts, [returns[t : t + step] for t in starts], W, choice.periods_per_year))
        except DataError as error:
            unfitted.append(Unfitted(name, error.detail))
    first = fitted[0] if fitted else None
    return ForecastReport(
        first.covariance.name if first else "",
        len(starts),
        window,
        step,
        n,
        len(W),
        seed,
        tuple(one.covariance if first is None or one is first else one.covariance_against(first) for one in fitted),
        tuple(one.mean if first is None or one is first else one.mean_against(first) for one in fitted),
        tuple(unfitted),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """One estimator's scores, and the losses of each window that they are means of: qlike and squared errors, (N,) each."""

    covariance: CovarianceScore
    losses: Vector
    mean: MeanScore
    errors: Vector

    def covariance_against(self, first: _Fitted) -> CovarianceScore:
        return dataclasses.replace(self.covariance, difference=difference(self.losses, first.losses))

    def mean_against(self, first: _Fitted) -> MeanScore:
        return dataclasses.replace(self.mean, difference=difference(self.errors, first.errors))


def _scored(name: str, forecasts: Sequence[Moments], futures: Sequence[Matrix], W: Matrix, years: float) -> _Fitted:
    score, losses = _covariance_score(name, [scaled(m.covariance, 1.0 / years) for m in forecasts], futures, W, years)
    return _Fitted(score, losses, *_mean_score(name, forecasts, futures, years))


def drawn_portfolios(n: int, count: int, seed: int) -> Matrix:
    """(count, n) weights: half long only adding to one, half adding to zero with a gross of one (for one asset all are it)."""
    rng = np.random.default_rng(seed)
    if n == 1:
        return np.ones((1, 1))
    long_only = rng.dirichlet(np.ones(n), size=count - count // 2)
    spread = rng.normal(size=(count // 2, n))
    spread -= spread.mean(axis=1, keepdims=True)
    return np.concatenate([long_only, spread / np.abs(spread).sum(axis=1, keepdims=True)])


def difference(losses: Vector, baseline: Vector) -> Difference:
    """Diebold and Mariano's comparison of two series of losses, one per window; Bartlett weights, 4 (N/100)^(2/9) lags.

    losses, baseline: (N,), in the same unit.
    """
    from scipy.stats import t as student

    d = losses - baseline
    N = len(d)
    mean = float(d.mean())
    away = d - mean
    lags = int(4.0 * (N / 100.0) ** (2.0 / 9.0))
    variance = float(away @ away) / N
    for lag in range(1, min(lags, N - 1) + 1):
        variance += 2.0 * (1.0 - lag / (lags + 1.0)) * float(away[lag:] @ away[:-lag]) / N
    error = float(np.sqrt(max(variance, 0.0) / N))
    chance = 1.0 if error == 0.0 else float(2.0 * student.sf(abs(mean) / error, N - 1))
    return Difference(mean, error, chance)


def _covariance_score(
    name: str, forecasts: Sequence[Covariance], futures: Sequence[Matrix], W: Matrix, years: float
) -> tuple[CovarianceScore, Vector]:
    """The score without a difference, and (N,) qlike of each window."""
    f = np.array([[S.variance(w) for w in W] for S in forecasts])
    if float(f.min()) <= 0.0:
        k = int(np.argwhere(f <= 0.0)[0, 0])
        raise DataError(
            f"{name} forecasts no risk at all for a test portfolio in window {k + 1}", field="estimation.covariance"
        )
    R = np.array([future @ W.T for future in futures])  # (N, step, K)
    ratio = np.maximum((R**2).mean(axis=1) / f, 1e-300)
    losses = (ratio - np.log(ratio) - 1.0).mean(axis=1)
    z = R / np.sqrt(f)[:, None, :]
    total = R.sum(axis=1) / np.sqrt(f * R.shape[1])
    score = CovarianceScore(
        name,
        float(losses.mean()),
        float((z**2).mean()),
        float((np.abs(z) <= NORMAL_90).mean()),
        float((np.abs(z) <= NORMAL_99).mean()),
        float(total.std(axis=0, ddof=1).mean()),
        _min_variance_volatility(forecasts, futures, years),
        _condition(forecasts),
        None,
    )
    return score, losses


def _min_variance_volatility(forecasts: Sequence[Covariance], futures: Sequence[Matrix], years: float) -> float | None:
    realized = []
    for S, future in zip(forecasts, futures, strict=True):
        try:
            raw = solve(S, np.ones((len(S), 1)))[:, 0]
        except DataError:
            return None  # singular: it names no minimum-variance portfolio, which is what None says
        realized.append(future @ (raw / raw.sum()))
    return float(np.concatenate(realized).std(ddof=1) * np.sqrt(years))


def _condition(forecasts: Sequence[Covariance]) -> float | None:
    ends = np.array([np.linalg.eigvalsh(S.dense())[[0, -1]] for S in forecasts])
    if (ends[:, 0] <= 1e-14 * ends[:, 1]).any():
        return None
    return float(np.median(ends[:, 1] / ends[:, 0]))


def _mean_score(name: str, forecasts: Sequence[Moments], futures: Sequence[Matrix], years: float) -> tuple[MeanScore, Vector]:
    """The score without a difference, and (N,) mean squared error of each window, annual."""
    from scipy.stats import rankdata

    said = np.array([m.mu for m in forecasts])
    came = np.array([future.mean(axis=0) * years for future in futures])
    errors = ((said - came) ** 2).mean(axis=1)
    ranks = [(rankdata(a), rankdata(b)) for a, b in zip(said, came, strict=True)]
    rated = [float(np.corrcoef(a, b)[0, 1]) for a, b in ranks if np.ptp(a) > 0.0 and np.ptp(b) > 0.0]
    rank = float(np.mean(rated)) if rated else None
    return MeanScore(name, float(np.sqrt(errors.mean())), rank, None), errors


def _check(
    universe: Universe, returns: Matrix, choices: Mapping[str, EstimationChoice], window: int, step: int, portfolios: int
) -> None:
    T, n = returns.shape
    if len(universe) != n or universe.cash_position is not None:
        raise DataError(f"returns of {n} assets for a universe of {len(universe)}; cash has no forecast", field="returns")
    if not np.isfinite(returns).all():
        raise DataError("a comparison needs complete returns: some are missing", field="returns")
    if not choices:
        raise InvalidValue("estimators", [], "name at least one estimator")
    for field, value, least in (("window", window, 2), ("step", step, 1), ("portfolios", portfolios, 2)):
        if value < least:
            raise InvalidValue(field, value, f"must be at least {least}")
    count = (T - window) // step
    if count < FEWEST_WINDOWS:
        raise InvalidValue("window", window, f"{T} returns leave {max(count, 0)} windows of {step}; at least 4 are needed")
