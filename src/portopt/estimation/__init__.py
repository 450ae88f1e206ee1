"""Snapshot to moments."""

from portopt.estimation.catalog import COVARIANCE, EXPECTED_RETURNS
from portopt.estimation.moments import estimate, moments_from_returns

__all__ = ["COVARIANCE", "EXPECTED_RETURNS", "estimate", "moments_from_returns"]
