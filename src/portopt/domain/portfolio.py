"""A portfolio as the service keeps it: what it holds, in versions, and what is usually asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portopt.domain.cash_flow import CashFlow
from portopt.domain.holdings import Holdings
from portopt.domain.universe import Universe


@dataclass(frozen=True, slots=True)
class Portfolio:
    """policy, provider: what a question about it uses that names none. universe: what may be held, described; None: what is.

    holdings: the newest version, None where none was imported yet; version: how often they have been declared, 0 for never.
    benchmark: weights by asset id, or None. cash_flow: money that was announced and that the holdings do not show yet.
    """

    id: str
    name: str = ""
    policy: str = "quality_focused"
    provider: str | None = None
    universe: Universe | None = None
    benchmark: Mapping[str, float] | None = None
    holdings: Holdings | None = None
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    cash_flow: CashFlow | None = None


@dataclass(frozen=True, slots=True)
class HoldingsVersion:
    """Holdings as they were declared once. notes: what reading the file left out, added up or decided."""

    version: int
    holdings: Holdings
    declared_at: datetime
    declared_by: str = ""
    notes: tuple[str, ...] = ()
