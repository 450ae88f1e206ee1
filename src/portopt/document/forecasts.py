"""Estimators held to account, as data."""

from __future__ import annotations

from typing import Any

from portopt.domain.canonical import plain
from portopt.domain.forecasts import ForecastReport
from portopt.domain.found import ForecastsCompared, on_data


def forecasts_document(found: ForecastsCompared) -> dict[str, Any]:
    """Scores of covariances and of means, and what could not be fitted, with which of the two it was."""
    means = found.means
    return {
        **plain(found.covariances),
        "assets": list(found.assets),
        "expected_returns": [] if means is None else plain(means.expected_returns),
        "unfitted": [
            *_unfitted("covariance", found.covariances),
            *([] if means is None else _unfitted("expected_returns", means)),
        ],
        **on_data(found.rests_on),
    }


def _unfitted(of: str, report: ForecastReport) -> list[dict[str, Any]]:
    return [{"of": of, **plain(one)} for one in report.unfitted]
