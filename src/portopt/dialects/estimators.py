"""Names of estimators, checked before any data is read."""

from __future__ import annotations

from portopt.dialects.reading import one_of
from portopt.domain.request import EstimationChoice


def check_estimators(choice: EstimationChoice, path: str) -> None:
    """Raises InvalidValue for an estimator that the catalogs of `estimation` do not hold."""
    from portopt.estimation import COVARIANCE, EXPECTED_RETURNS

    one_of(choice.expected_returns, f"{path}.expected_returns", EXPECTED_RETURNS)
    one_of(choice.covariance, f"{path}.covariance", COVARIANCE)
