"""Where a peer has the same factor model, the numbers are the same: skfolio's, on the bundled prices and factor funds."""

from __future__ import annotations

import numpy as np

from portopt.adapters.providers.factor_files import factor_returns
from portopt.adapters.providers.sample import SampleProvider
from portopt.domain.market import MarketQuery
from portopt.estimation.factor_models import time_series


def test_exposures_covariance_and_means_are_those_of_skfolios_factor_model():
    import pandas as pd
    from skfolio.prior import LoadingMatrixRegression, TimeSeriesFactorModel
    from sklearn.linear_model import LinearRegression

    factors = factor_returns("sample", ["MTUM", "QUAL", "SIZE", "USMV", "VLUE"])
    long = SampleProvider().prices(MarketQuery()).to_pandas()
    prices = long.pivot(index="date", columns="asset_id", values="close")
    prices.index = pd.to_datetime(prices.index)
    returns = prices.pct_change().loc[pd.DatetimeIndex(factors.dates)]
    R = returns.to_numpy()

    ours = time_series(R, factors.values, factors.names, periods_per_year=1.0)
    peer = TimeSeriesFactorModel(loading_matrix_estimator=LoadingMatrixRegression(linear_regressor=LinearRegression()))
    peer.fit(returns, factors=pd.DataFrame(factors.values, index=returns.index, columns=list(factors.names)))
    found = peer.return_distribution_
    np.testing.assert_allclose(ours.covariance.dense(), np.asarray(found.covariance), rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(ours.expected_returns(0.0, alpha_kept=1.0), np.asarray(found.mu), rtol=1e-8, atol=1e-12)
