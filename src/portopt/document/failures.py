"""Decisions that failed, by what stood in their way: each reason once, with the change that would have let them through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def failures_of(failed: Sequence[Row]) -> list[dict[str, Any]]:
    """failed: [{date, problem, notes}]. Those in whose way the same limits stood are one row.

    [{title, limits, count, dates, reason, worst, notes, fixes [{limit, before, after, lets_through, date}]}]. reason, notes: of
    the day `worst`, on which most had to give way. fixes: one limit changed alone, as far as its worst day needs; on a day that
    needs less it holds as well, since a wider limit takes nothing away. Each was tried on its day, on the book held then.
    """
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in failed:
        groups.setdefault(_key(row["problem"]), []).append(row)
    return [_group(rows) for rows in groups.values()]


def _key(problem: Row) -> tuple[str, ...]:
    """The limits of which the problem speaks first; without any, the problem in its own words."""
    limits = _limits(problem)
    return limits or (str(problem.get("code")), str(problem.get("detail")))


def _limits(problem: Row) -> tuple[str, ...]:
    conflicts = (problem.get("measured") or {}).get("conflicts") or ()
    return tuple(str(limit) for limit in conflicts[0].get("limits") or ()) if conflicts else ()


def _group(rows: Sequence[Row]) -> dict[str, Any]:
    found = {limit: _widest(limit, rows) for row in rows for limit in _alone(row["problem"])}
    fixes = sorted(found.values(), key=lambda fix: (-fix["lets_through"], fix["limit"]))
    worst_day = fixes[0]["date"] if fixes else rows[-1]["date"]
    worst = next(row for row in rows if row["date"] == worst_day)
    return {
        "title": worst["problem"].get("title"),
        "limits": list(_limits(worst["problem"])),
        "count": len(rows),
        "dates": [row["date"] for row in rows],
        "reason": worst["problem"].get("detail"),
        "worst": worst["date"],
        "notes": list(worst.get("notes") or ()),
        "fixes": fixes,
    }


def _alone(problem: Row) -> dict[str, Row]:
    """Changes of one limit that were tried and held, by the limit."""
    given = (problem.get("measured") or {}).get("fixes") or ()
    return {
        str(fix["relaxations"][0]["limit"]): fix["relaxations"][0]
        for fix in given
        if isinstance(fix, Mapping) and fix.get("verified") and len(fix.get("relaxations") or ()) == 1
    }


def _widest(limit: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Of one limit, the change that its worst day needs."""
    tried = [(row["date"], each) for row in rows if (each := _alone(row["problem"]).get(limit)) is not None]
    day, most = max(tried, key=lambda pair: float(pair[1]["by"]))
    return {"limit": limit, "before": most["before"], "after": most["after"], "lets_through": len(tried), "date": day}
