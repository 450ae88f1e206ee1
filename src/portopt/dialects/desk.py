"""A desk as data: a line a portfolio; what is not known is null, and `unknown` says why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portopt.dialects.books import instant
from portopt.domain.canonical import plain
from portopt.domain.desk import STALE_SESSIONS, BookFigures, DeskBook, Ended, Newest, Stage, Tile, Told

NO_HOLDINGS = "nobody said what it holds: PUT its holdings"
FIGURES = ("value", "cash_share", "drift", "tracking_error", "limits_broken", "prices_age")


def line_data(
    book: DeskBook,
    tiles: tuple[Tile, ...],
    told: Told,
    ended: Ended,
    wave: tuple[str, str] | None,
    now: datetime,
) -> dict[str, Any]:
    figures, days = book.figures, book.days_since_release(now)
    return {
        "portfolio_id": book.portfolio_id,
        "name": book.name,
        "policy": book.policy,
        "currency": book.currency,
        "holdings_version": book.version,
        "tiles": [tile.value for tile in tiles],
        "measured_at": instant(told.measured_at),
        "value": None if figures is None else figures.value,
        "drift": _drift(figures, told),
        "cash": _cash(book),
        "cash_flow": plain(book.cash_flow),
        "tracking_error": None if figures is None else figures.tracking_error,
        "tracking_error_limit": None if figures is None else figures.tracking_limit,
        "limits_broken": _limits(figures, told),
        "prices": _prices(figures, told),
        "released_at": instant(book.released_at),
        "days_since_release": None if days is None else round(days, 2),
        "proposal": _proposal(book.newest, ended),
        "wave": _wave(book, wave),
        "unknown": _unknown(book, told),
    }


def _drift(figures: BookFigures | None, told: Told) -> dict[str, Any] | None:
    """by: signed, above the target is over zero; of: the asset, sector or class that is furthest out."""
    if figures is None or figures.drift is None:
        return None
    worst: dict[str, Any] = next(iter(told.detail.get("drift", {}).get("farthest", ())), {})
    weight, target = worst.get("weight"), worst.get("target")
    by = figures.drift if weight is None or target is None else weight - target
    return {"by": by, "of": worst.get("asset"), "weight": weight, "target": target, "band": figures.band}


def _cash(book: DeskBook) -> dict[str, Any] | None:
    """over: money beyond the most that is wanted; below zero, what is missing to the least."""
    if book.cash is None:
        return None
    f, over = book.figures, book.cash_over
    value = None if f is None else f.value
    return {
        "amount": str(book.cash),
        "share": None if f is None else f.cash_share,
        "least": None if f is None else f.cash_floor,
        "most": None if f is None else f.cash_ceiling,
        "over": None if over is None or value is None else over * value,
    }


def _limits(figures: BookFigures | None, told: Told) -> dict[str, Any] | None:
    if figures is None or figures.limits_broken is None:
        return None
    return {"count": int(figures.limits_broken), "worst": list(told.detail.get("limits_broken", {}).get("broken", ()))}


def _prices(figures: BookFigures | None, told: Told) -> dict[str, Any] | None:
    """sessions: since the oldest price it is valued by."""
    priced = told.detail.get("priced", {})
    age = None if figures is None else figures.prices_age
    if age is None and not priced:
        return None
    oldest = list(told.detail.get("prices_age", {}).get("oldest", ()))
    stale = None if age is None else age > STALE_SESSIONS
    return {"as_of": priced.get("as_of"), "sessions": age, "stale": stale, "oldest": oldest}


def _proposal(newest: Newest, ended: Ended) -> dict[str, Any]:
    told = {"stage": newest.stage.value, "status": newest.status, "run_id": newest.run_id, "at": instant(ended.at)}
    return {**told, "problem": plain(ended.problem) if newest.stage is Stage.FAILED else None}


def _wave(book: DeskBook, wave: tuple[str, str] | None) -> dict[str, Any] | None:
    if wave is None:
        return None
    kind, cause = wave
    return {"wave_id": book.wave_id, "kind": kind, "cause": cause, "state": book.wave_state}


def _unknown(book: DeskBook, told: Told) -> dict[str, str]:
    """Why, by figure, of what is not known."""
    if not book.is_held:
        return dict.fromkeys(("value", "cash", "drift", "tracking_error", "limits_broken", "prices"), NO_HOLDINGS)
    names = {"cash_share": "cash", "prices_age": "prices"}
    missing = [name for name in FIGURES if book.figures is None or getattr(book.figures, name) is None]
    return {names.get(name, name): told.why.get(name, "it was not measured yet") for name in missing}
