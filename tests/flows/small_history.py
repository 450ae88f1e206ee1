"""A history that is worked out in a second: six assets, policies of its own, an installation that holds both."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from portopt.domain.request import EstimationChoice, Policy
from portopt.doors.history_form import ComparisonForm, WalkForwardForm
from portopt.runtime import Runtime

POLICY = Policy(
    "small", "Small", {"kind": "min_risk"}, {"long_only": True, "max_weight": 0.5, "cash": {"max": 0.05}},
    estimation=EstimationChoice(lookback=60, min_observations=40),
)  # fmt: skip


def prices_csv(path: Path, days: int = 420, seed: int = 7) -> Path:
    """Wide: a column an asset, a row a weekday."""
    rng = np.random.default_rng(seed)
    levels = 50.0 * np.exp(np.cumsum(rng.normal(3e-4, 0.011, (days, 6)), axis=0))
    weekdays = [day for k in range(2 * days) if (day := date(2021, 1, 4) + timedelta(days=k)).weekday() < 5][:days]
    rows = (",".join([day.isoformat(), *(f"{p:.2f}" for p in row)]) for day, row in zip(weekdays, levels, strict=True))
    path.write_text("\n".join(["date,A,B,C,D,E,F", *rows]) + "\n")
    return path


def form_in(runtime: Runtime, folder: Path, days: int = 420, **more: object) -> WalkForwardForm:
    """A walk-forward of 12 variants over windows of 40 days, on prices that lie in the folder."""
    runtime.runs.save_policies([POLICY])
    prices = prices_csv(folder / "prices.csv", days)
    usual = {
        "portfolio_id": "small", "provider": f"files:{prices}", "custom_policy": "small", "train": 100, "test": 40,
        "rebalance": "every 10", "vary": '{"estimation.lookback": [20, 30, 40, 50], "limits.max_weight": [0.3, 0.4, 0.5]}',
    }  # fmt: skip
    return WalkForwardForm(**{**usual, **more})  # type: ignore[arg-type]


def comparison_in(runtime: Runtime, folder: Path) -> ComparisonForm:
    """Two policies beside one another, on the same prices: small, and small that may put less into one asset."""
    spread = replace(POLICY, id="spread", name="Spread", limits={**POLICY.limits, "max_weight": 0.3})
    runtime.runs.save_policies([POLICY, spread])
    return ComparisonForm(
        portfolio_id="small", provider=f"files:{prices_csv(folder / 'prices.csv')}", rebalance="quarterly",
        custom_policy="small", beside="spread",
    )  # fmt: skip
