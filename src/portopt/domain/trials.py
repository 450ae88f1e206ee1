"""What was tried, so that whoever finds something good knows among how many it was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from portopt.domain.backtest import BacktestRequest
from portopt.domain.canonical import digest
from portopt.domain.universe import CASH


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One strategy that was put to a history. family: those that were tried on the same assets compete with each other.

    trial_id: what decides and what trades, whatever the period: more days of the same are no new trial. sharpe: annual,
    None where it has none; periods, first, last: of the history that gave it, the newest time.
    """

    family: str
    trial_id: str
    policy: str
    changes: Mapping[str, Any]
    sharpe: float | None
    periods: int
    first: date
    last: date


def family_of(request: BacktestRequest) -> str:
    """SHA-256 of the assets that may be held, in any order."""
    return digest(sorted(set(request.universe.ids) - {CASH}), request.currency)


def trial_id_of(request: BacktestRequest) -> str:
    """SHA-256 of the strategy: all that is asked but the period."""
    return replace(request, start=None, end=None).identity()
