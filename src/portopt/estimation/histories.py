"""Assets that were not all there from the first day: nobody's history is cut to the shortest one.

Two ways, both positive semidefinite by construction and both exact when nothing is missing:

* Late starters without holes: by stages. The assets with the longest history are estimated on all of it; each later
  group is regressed on the earlier ones over the days they share, and inherits from them what happened before
  (Stambaugh 1997, Analyzing investments whose histories differ in length, J. Financial Economics 45).
  The regression takes its coefficients from the chosen covariance estimate of the shared days: with the sample
  covariance this is Stambaugh's maximum likelihood estimate, with a shrunk one its regularized form.
* Any other pattern (holes, returns over several days, early ends), and universes too large for stages: by common factors,
  see filling.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import sealed
from portopt.estimation.filling import filled_by_factors

MeanOf = Callable[[Matrix], Vector]
CovarianceOf = Callable[[Matrix], Covariance]

MOST_STAGES, MOST_STAGED_ASSETS = 50, 1000


def two_moments(
    X: Matrix, mean_of: MeanOf, covariance_of: CovarianceOf, spans: Indices | None = None
) -> tuple[Vector, Covariance, str]:
    """Per-period mean (n,) and covariance of returns X (T, n) with NaN where missing, and how: "", "stages" or "filled".

    spans: (T, n) how many periods each return covers; None is one each.
    """
    missing = np.isnan(X)
    over_gaps = spans is not None and bool((spans > 1).any())
    if not missing.any() and not over_gaps:
        return mean_of(X), covariance_of(X), ""
    some = ~missing.all(axis=1)
    if not over_gaps:
        X, missing = X[some], missing[some]
        starts = np.argmin(missing, axis=0)
        late_only = bool((missing.sum(axis=0) == starts).all())
        if late_only and len(np.unique(starts)) <= MOST_STAGES and X.shape[1] <= MOST_STAGED_ASSETS:
            mean, Sigma = by_stages(X, starts, mean_of, covariance_of)
            return mean, sealed(Sigma), "stages"
    filled = filled_by_factors(X, spans if over_gaps else None)
    return mean_of(filled.X), filled.added_to(covariance_of(filled.X)), "filled"


def by_stages(X: Matrix, starts: Indices, mean_of: MeanOf, covariance_of: CovarianceOf) -> tuple[Vector, Matrix]:
    """Mean (n,) and covariance (n, n) when asset i is missing on exactly its first starts[i] rows.

    With 1 the assets estimated so far and 2 the next group, s marking estimates on the rows all of them share:

        B = S21_s S11_s^-1,   m2 = m2_s + B (m1 - m1_s)
        Sigma21 = B Sigma11,  Sigma22 = S22_s - B S12_s + B Sigma11 B'
    """
    order = np.argsort(starts, kind="stable")
    known = int(np.count_nonzero(starts == starts[order[0]]))
    first = X[starts[order[0]] :, order[:known]]
    mean, Sigma = mean_of(first), covariance_of(first).dense()
    while known < len(order):
        start = starts[order[known]]
        upto = known + int(np.count_nonzero(starts == start))
        block = X[start:, order[:upto]]
        m, S = mean_of(block), covariance_of(block).dense()
        S11, S12 = S[:known, :known], S[:known, known:]
        B = _coefficients(S11, S12)
        Sigma12 = Sigma @ B.T
        Sigma22 = S[known:, known:] - B @ S12 + B @ Sigma12
        Sigma = np.block([[Sigma, Sigma12], [Sigma12.T, (Sigma22 + Sigma22.T) / 2.0]])
        mean = np.concatenate([mean, m[known:] + B @ (mean - m[:known])])
        known = upto
    back = np.argsort(order, kind="stable")
    return mean[back], np.ascontiguousarray(Sigma[np.ix_(back, back)])


def _coefficients(S11: Matrix, S12: Matrix) -> Matrix:
    """S12' S11^-1; the least-norm solution where S11 is singular (fewer shared days than assets)."""
    from scipy.linalg import cho_factor, cho_solve, pinvh

    try:
        factor = cho_factor(S11, check_finite=False)
        if float(np.diagonal(factor[0]).min()) ** 2 > 1e-10 * float(np.diagonal(S11).max()):
            return np.asarray(cho_solve(factor, S12, check_finite=False).T)
    except np.linalg.LinAlgError:
        pass  # singular: the pseudo-inverse below is the answer, not a second try
    return np.asarray((pinvh(S11, check_finite=False) @ S12).T)
