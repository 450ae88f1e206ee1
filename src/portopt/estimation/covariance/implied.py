"""Volatilities from the option market, correlations from history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from portopt.domain.errors import UnknownField
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import sealed


def with_volatilities(covariance: Covariance, ids: Sequence[str], volatilities: Mapping[str, Any]) -> Covariance:
    """The same correlations with the given volatilities; an asset that has none keeps its estimate.

        Sigma' = diag(r) Sigma diag(r),   r_i = given_i / sqrt(Sigma_ii)

    An asset whose estimated variance is zero has no correlation to keep and becomes independent.

    Args:
        covariance: annual, of `ids`. volatilities: annual, fractions, by asset.
    Raises:
        UnknownField: a volatility of an asset that is not there.
    Source: DeMiguel, Plyakha, Uppal and Vilkov (2013), Improving portfolio selection using option-implied volatility and
        skewness, section III.
    """
    positions = {asset_id: i for i, asset_id in enumerate(ids)}
    variances = covariance.diagonal()
    ratio, fresh = np.ones(len(ids)), np.zeros(len(ids))
    for asset_id, volatility in volatilities.items():
        if asset_id not in positions:
            raise UnknownField(asset_id, ids, path="estimation.covariance_options.volatilities", value=volatility)
        i = positions[asset_id]
        if variances[i] > 0.0:
            ratio[i] = volatility / np.sqrt(variances[i])
        else:
            fresh[i] = volatility**2
    if covariance.Sigma is not None:
        Sigma = covariance.Sigma * np.outer(ratio, ratio)
        Sigma.ravel()[:: len(ids) + 1] += fresh
        return sealed(Sigma)
    F, Omega, D = covariance.factors()
    return Covariance(F=ratio[:, None] * F, Omega=Omega, D=ratio**2 * D + fresh)
