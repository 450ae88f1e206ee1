"""Prices that a book is valued by: how old they are by its exchange's sessions, and which of them look wrong."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeAlias

from portopt.domain.market import Finding
from portopt.domain.watch import Figure, labels
from portopt.market.observed import Observed

OLDEST_NAMED = 10
RECENT_DAYS = 14  # a jump is told for so long after it: by then it was looked at
# Of these the finding's day is the jump's own; of others it is when a state began that may last.
OF_A_DAY = frozenset({"unadjusted_split", "extreme_move", "impossible_return", "non_positive_price", "not_a_number",
                      "infinite_price", "duplicate"})  # fmt: skip
LASTING = frozenset({"stale", "gap", "no_longer_traded"})
Found: TypeAlias = Finding | Observed


def sessions_missed(last: date, sessions: Sequence[date]) -> int:
    """How many sessions there were after that day. sessions: ascending, those that are over.

    >>> sessions_missed(date(2024, 1, 4), [date(2024, 1, 4), date(2024, 1, 5), date(2024, 1, 8)])
    2
    """
    return len(sessions) - bisect_right(sessions, last)


def price_age(portfolio_id: str, last_days: Mapping[str, date], sessions: Sequence[date], now: datetime) -> Figure:
    """Sessions since the oldest price the book is valued by. last_days: of each asset held, the day of its newest price."""
    of = labels(portfolio=portfolio_id)
    if not last_days:  # cash alone is worth what it is
        return Figure("book_price_age", of, now, 0.0, limit=0.0)
    if not sessions:
        return Figure("book_price_age", of, now, None, why="the exchange has no session in the window")
    missed = {asset: sessions_missed(day, sessions) for asset, day in last_days.items()}
    oldest = sorted(missed, key=lambda a: (-missed[a], a))
    told = [{"asset": a, "last": last_days[a].isoformat(), "sessions": missed[a]} for a in oldest[:OLDEST_NAMED] if missed[a]]
    detail = {"newest_session": sessions[-1].isoformat(), **({"oldest": told} if told else {})}
    return Figure("book_price_age", of, now, float(missed[oldest[0]]), limit=0.0, detail=detail)


def suspicious(
    portfolio_id: str, last_days: Mapping[str, date], present: Iterable[Found], past: Iterable[Found], now: datetime
) -> Figure:
    """How many of the assets held have prices that look wrong now.

    last_days: of each asset held, the day of its newest price; that it is old is not suspicious, and is told by its age.
    present: what market's checks find in the newest prices alone, of which what lasts counts. past: what they find in the whole
    history, of which what happened on a day counts, for RECENT_DAYS.
    """
    cutoff = now.date() - timedelta(days=RECENT_DAYS)
    now_so = [one for one in present if one.kind in LASTING and last_days.get(one.asset_id or "") != one.date]
    now_so += [one for one in past if one.kind in OF_A_DAY and one.date is not None and one.date >= cutoff]
    told = sorted(
        {(f.asset_id, f.kind, f.date.isoformat() if f.date else "", f.detail) for f in now_so if f.asset_id in last_days}
    )
    found = {asset for asset, *_ in told}
    named = [dict(zip(("asset", "kind", "date", "detail"), one, strict=True)) for one in told[:OLDEST_NAMED]]
    detail = {"found": named} if named else {}
    return Figure("book_suspicious_prices", labels(portfolio=portfolio_id), now, float(len(found)), limit=0.0, detail=detail)


def stale_assets(last_days: Mapping[str, date], sessions: Sequence[date], now: datetime, also: Collection[str] = ()) -> Figure:
    """Assets of any book whose newest price is older than the last session. also: others that were found so lately."""
    if not sessions:
        return Figure("prices_stale_assets", (), now, None, why="the exchange has no session in the window")
    late = sorted({asset for asset, day in last_days.items() if day < sessions[-1]} | (set(also) - set(last_days)))
    detail = {"newest_session": sessions[-1].isoformat(), "assets": late[:OLDEST_NAMED], "of": len(last_days)}
    return Figure("prices_stale_assets", (), now, float(len(late)), limit=0.0, detail=detail)
