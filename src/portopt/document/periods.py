"""A plan over several periods as data."""

from __future__ import annotations

from typing import Any

from portopt.document.weights import by_asset
from portopt.domain.found import PlanOverPeriods, on_data


def periods_document(found: PlanOverPeriods) -> dict[str, Any]:
    """A row a period, and the plan's one certificate."""
    problem = found.problem
    return {
        "portfolio_id": problem.portfolio_id,
        "objective": problem.objective.describe(),
        "periods": [
            {
                "period": k,
                "years": period.years,
                "weights": by_asset(problem, period.weights),
                "turnover": period.turnover,
                "expected_return": period.expected_return,
                "volatility": period.volatility,
            }
            for k, period in enumerate(found.periods, start=1)
        ],
        "certificate": found.certificate.without_readings(),
        **on_data(found.rests_on),
    }
