"""What a proposal expected beside what came, as data; what is not known is null, with why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portopt.domain.afterwards import Afterwards, Compared, Fills
from portopt.domain.canonical import plain

OPEN_NAMED = 20


def afterwards_document(one: Afterwards) -> dict[str, Any]:
    return {
        "run_id": one.run_id,
        "portfolio_id": one.portfolio_id,
        "released_at": _instant(one.released_at),
        "in_force_until": _instant(one.until),
        "as_of": one.as_of.isoformat(),
        "expected": {
            "return": one.expected.returns,
            "volatility": one.expected.volatility,
            "tracking_error": one.expected.tracking_error,
            "cost": one.expected.cost,
        },
        "sessions": {"count": one.sessions, "first": plain(one.first), "last": plain(one.last)},
        "trades": _fills(one.fills),
        "cost": _compared(one.cost),
        "return": _compared(one.returns),
        "volatility": _compared(one.volatility),
        "tracking_error": _compared(one.tracking_error),
        "without_it": _compared(one.without),
    }


def _compared(one: Compared) -> dict[str, Any]:
    verdict = None if one.verdict is None else one.verdict.value
    told = {"expected": one.expected, "realized": one.realized, "error": one.error, "verdict": verdict}
    return {**told, "why": one.why or None}


def _fills(fills: Fills) -> dict[str, Any]:
    largest = [{"asset_id": asset, "value": money} for asset, money in list(fills.open.items())[:OPEN_NAMED]]
    told = {"value": fills.gross, "filled": fills.filled, "declared_at": _instant(fills.shown_at)}
    return {**told, "open": largest, "why": fills.why or None}


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
