"""Who decides for a policy: the quick path where it serves the policy, else the live one; or the one that is asked for."""

from __future__ import annotations

from typing import Literal

from portopt.domain.backtest import BacktestRequest
from portopt.domain.errors import InvalidValue
from portopt.simulation.daily import DailyDecider
from portopt.simulation.decide import PipelineDecider
from portopt.simulation.served import serves
from portopt.simulation.strategies import Decider

Path = Literal["auto", "live", "quick"]


def decider_of(request: BacktestRequest, path: Path = "auto") -> Decider:
    """Raises InvalidValue where the quick path is asked for and does not serve the policy."""
    why_not = "" if path == "live" else serves(request)
    if path == "quick" and why_not:
        raise InvalidValue("path", path, f"does not serve this policy: {why_not}", fix="ask for the live path")
    return PipelineDecider(request) if path == "live" or why_not else DailyDecider(request)
