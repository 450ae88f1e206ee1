"""Co-movement counted, not multiplied: only days on which both assets moved enough say something."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import sealed
from portopt.estimation.options import Option

OPTIONS = {
    "threshold": Option(0.5, "how many standard deviations a return must have to count", least=0.0, most=3.0),
    "statistic": Option(
        1, "1 divides by days on which either moved, 2 is positive semidefinite by itself", least=1, most=2, whole=True
    ),
}


def gerber(X: Matrix, threshold: float, statistic: int) -> Covariance:
    """Covariance of the Gerber statistic.

        U_ti = 1 where x_ti >= c s_i,   D_ti = 1 where x_ti <= -c s_i,   H = (U - D)'(U - D):  concordant less discordant days
        statistic 1:  G_ij = H_ij / (T - N_ij),  N_ij = days on which neither moved so much
        statistic 2:  G_ij = H_ij / sqrt(H_ii H_jj)
        Sigma = diag(s) G diag(s)

    Statistic 1 need not be positive semidefinite; where it is not, its negative eigenvalues are set to zero and its
    diagonal is scaled back to one. Returns are not centred, as in the paper.

    Args:
        X: (T, n) simple returns, complete. threshold: c. s: standard deviation over T, as in the paper.
    Source: Gerber, Markowitz, Ernst, Miao, Javid and Sargen (2022), The Gerber statistic: a robust co-movement measure for
        portfolio optimization, J. Portfolio Management 48(3), eq. 3 to 12.
    """
    T, n = X.shape
    s = X.std(axis=0)
    moved = (np.abs(X) >= threshold * s) & (s > 0.0)
    signs = np.where(moved, np.sign(X), 0.0)
    H = signs.T @ signs
    if statistic == 2:
        own = np.sqrt(np.maximum(np.diagonal(H), 1.0))
        G = H / np.outer(own, own)
    else:
        still = (~moved).astype(np.float64)
        G = H / np.maximum(T - still.T @ still, 1.0)
        G = _positive(G)
    G.ravel()[:: n + 1] = 1.0
    return sealed(G * np.outer(s, s))


def _positive(G: Matrix) -> Matrix:
    """The nearest matrix without negative eigenvalues, its diagonal scaled back to one. G itself where it has none."""
    G.ravel()[:: len(G) + 1] = 1.0
    values, V = np.linalg.eigh(G)
    if values[0] >= 0.0:
        return G
    clipped = (V * np.maximum(values, 0.0)) @ V.T
    root = np.sqrt(np.diagonal(clipped))
    return np.asarray(clipped / np.outer(root, root))
