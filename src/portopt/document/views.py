"""Beliefs before and after views as data."""

from __future__ import annotations

from typing import Any

import numpy as np

from portopt.domain.canonical import plain
from portopt.domain.found import BeliefsBeforeAndAfter, on_data


def beliefs_document(found: BeliefsBeforeAndAfter) -> dict[str, Any]:
    """A row an asset, and what was done under the method's own names."""
    before, after = found.before, found.after
    # An equilibrium is a prior of its own: what the data estimate has no part in it.
    started = found.told.get("prior_returns", {})
    rows = zip(before.universe.ids, before.mu.tolist(), after.mu.tolist(), strict=True)
    deviations = (np.sqrt(before.covariance.diagonal()), np.sqrt(after.covariance.diagonal()))
    return {
        "portfolio_id": found.portfolio_id,
        "beliefs": [
            {
                "asset_id": a,
                "expected_return_before": started.get(a, earlier),
                "expected_return_after": later,
                "volatility_before": float(deviations[0][i]),
                "volatility_after": float(deviations[1][i]),
            }
            for i, (a, earlier, later) in enumerate(rows)
        ],
        **plain(found.told),
        **on_data(found.rests_on),
    }
