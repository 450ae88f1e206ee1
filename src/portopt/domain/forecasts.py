"""Estimators held to account out of sample: their scores, and how they were compared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean loss less the baseline's, and whether that is more than chance (Diebold and Mariano 1995).

    standard_error: Newey and West's, over windows. p_value: two-sided, Student's t with one degree less than windows.
    None for the baseline itself.
    """

    mean: float
    standard_error: float
    p_value: float


@dataclass(frozen=True, slots=True)
class CovarianceScore:
    """Out-of-sample figures of one covariance estimator, over windows and test portfolios.

    qlike: mean of v/f - log(v/f) - 1, f the forecast and v the realized variance of a test portfolio; zero is perfect.
    calibration: mean of r^2/f over days; one is right, above one is risk forecast too low.
    coverage_90, coverage_99: share of days within the normal intervals of that probability.
    bias_statistic: standard deviation over windows of the window's return over its forecast deviation, mean over
        portfolios; one is right (Menchero, Orr and Wang 2011).
    min_variance_volatility: annual, realized by the estimator's own fully invested minimum-variance portfolio, no other
        limits; None where a covariance was singular. condition_number: median over windows of largest over smallest
        eigenvalue; None where the smallest is zero.
    difference: of qlike, to the baseline.
    """

    name: str
    qlike: float
    calibration: float
    coverage_90: float
    coverage_99: float
    bias_statistic: float
    min_variance_volatility: float | None
    condition_number: float | None
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class MeanScore:
    """Out-of-sample figures of one estimator of expected returns.

    root_mean_square_error: annual, of the forecast against the window's realized mean. rank_correlation: Spearman's across
    assets, mean over windows (None where forecasts do not differ). difference: of the squared error, to the baseline.
    """

    name: str
    root_mean_square_error: float
    rank_correlation: float | None
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class Unfitted:
    """An estimator that these returns do not allow, at all or in one of the windows, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """How the comparison was made, and the scores in the order of the estimators given.

    baseline: the first that could be fitted; "" where none could. unfitted: the others, which have no score.
    """

    baseline: str
    windows: int
    window: int
    step: int
    assets: int
    portfolios: int
    seed: int
    covariance: tuple[CovarianceScore, ...]
    expected_returns: tuple[MeanScore, ...]
    unfitted: tuple[Unfitted, ...] = ()
