"""One trade, or one limit, of a proposal, with everything that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from portopt.domain.choices import Edited
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.sensitivity import Derivative


@dataclass(frozen=True, slots=True)
class Held:
    """Shares of an asset in one version of the holdings."""

    version: int
    declared_at: datetime
    shares: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a proposal wanted of an asset. shares: bought above zero, sold below."""

    run_id: str
    status: str
    as_of: date
    shares: float
    weight_before: float
    weight_after: float


@dataclass(frozen=True, slots=True)
class Believed:
    """What views did to the expected return of an asset, an annual fraction. named: those that name it, as they were told."""

    before: float
    after: float
    named: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class TradeDetail:
    """position, trade: their rows in the document, None where there are none. prices: of limits that pull at it, as rows.

    refused: the answer around no trade in it; None where it is not traded, or where nothing is left then, which `why_not` says.
    """

    run_id: str
    portfolio_id: str
    pricing_pack_id: str
    asset_id: str
    position: Mapping[str, Any] | None
    trade: Mapping[str, Any] | None
    prices: tuple[Mapping[str, Any], ...]
    believed: Believed | None
    refused: Edited | None
    why_not: str
    held: tuple[Held, ...]
    proposed: tuple[Proposed, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LimitDetail:
    """moves: for each member that binds, and for all together, the dearest first. notes: why there is none, where it binds."""

    run_id: str
    problem: Problem
    limit: Limit
    readings: Readings
    moves: tuple[Derivative, ...]
    notes: tuple[str, ...] = ()
