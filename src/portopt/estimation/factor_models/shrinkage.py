"""Betas drawn towards what betas usually are: measured ones lie too far out, because they hold their own errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from portopt.domain.arrays import Indices, Matrix

BLUME_WEIGHT = 2.0 / 3.0

Rule = Literal["none", "blume", "vasicek"]


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """method: "none", "blume" or "vasicek". weight: what Blume leaves to the measured beta."""

    method: Rule = "none"
    weight: float = BLUME_WEIGHT


def shrunk(B: Matrix, B_se: Matrix, rule: Shrinkage, market: int) -> tuple[Matrix, Matrix]:
    """Exposures (n, K) and their standard errors after `rule`.

    blume, on the market's column alone, whose average is one by construction:

        b' = (1 - weight) + weight b,   se' = weight se

    vasicek, every column towards its own mean over the assets, the more the less certain the beta was:

        b'_i = (v b_i + se_i^2 m) / (v + se_i^2),   se'_i = (1/v + 1/se_i^2)^(-1/2),   m, v mean and variance of the b_i

    Args:
        market: the column that is the market's.
    Source: Blume (1971), On the assessment of risk, J. Finance 26, and (1975), Betas and their regression tendencies,
        J. Finance 30 (the customary 1/3 and 2/3 rounds his 0.343 and 0.677); Vasicek (1973), A note on using
        cross-sectional information in Bayesian estimation of security betas, J. Finance 28.
    """
    if rule.method == "blume":
        B, B_se = B.copy(), B_se.copy()
        B[:, market] = (1.0 - rule.weight) + rule.weight * B[:, market]
        B_se[:, market] *= rule.weight
        return B, B_se
    if rule.method == "vasicek" and len(B) > 1:
        mean, v, s2 = B.mean(axis=0), B.var(axis=0, ddof=1), B_se * B_se
        total = np.where(v + s2 > 0.0, v + s2, 1.0)
        return (v * B + s2 * mean) / total, np.sqrt(v * s2 / total)
    return B, B_se


def market_column(names: tuple[str, ...], market: str | None) -> int:
    """The market's position: the one named, else the one usually so called, else the first."""
    if market is not None:
        return names.index(market)
    usual: Indices = np.flatnonzero([_plain(name) in USUAL for name in names])
    return int(usual[0]) if len(usual) else 0


USUAL = ("mktrf", "mkt", "market", "sp500", "spx", "beta")


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())
