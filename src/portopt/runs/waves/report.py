"""What became of a wave, from its items' rows: how many are there, how many are late, what took longest, what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt.domain.canonical import plain
from portopt.domain.wave import Cause, ItemState, Wave, WaveItem, WaveReport

if TYPE_CHECKING:
    from portopt.runtime import Runtime

PERCENTILES = (50, 95, 99, 100)
LATE_NAMED = 100
COLUMNS = (
    "number", "portfolio_id", "policy", "deadline", "state", "late", "attempts", "run_id", "seconds", "gap", "code", "cause",
)  # fmt: skip


def report(wave_id: str, runtime: Runtime, now: datetime | None = None) -> WaveReport:
    """As it stands. Raises UnknownThing."""
    wave = runtime.waves.get(wave_id)
    return report_of(wave, runtime.waves.items(wave_id), now or datetime.now(UTC))


def report_of(wave: Wave, items: Sequence[WaveItem], now: datetime) -> WaveReport:
    """Of all items of a wave. now: for those that are not ended."""
    counts = Counter(item.state for item in items)
    timed = [item for item in items if item.seconds is not None]
    seconds = [float(item.seconds or 0.0) for item in timed]
    at = np.percentile(seconds, PERCENTILES, method="inverted_cdf").tolist() if seconds else None
    ends = [item.ended_at for item in items if item.ended_at is not None]
    return WaveReport(
        wave,
        {state: counts.get(state, 0) for state in ItemState},
        sum(item.deadline is not None for item in items),
        sum(item.is_late(now) for item in items),
        None if at is None else (at[0], at[1], at[2], at[3]),
        max(timed, key=lambda item: item.seconds or 0.0).portfolio_id if timed else None,
        (max(ends) - wave.created_at).total_seconds() if ends else None,
        _causes(items),
        min((item.deadline for item in items if item.deadline is not None and not item.is_ended), default=None),
        [item.portfolio_id for item in items if item.is_late(now)],
        Counter(item.status.value for item in items if item.state is ItemState.PROPOSED and item.status is not None),
    )


def _causes(items: Sequence[WaveItem]) -> list[Cause]:
    """Refusals of one kind are one cause; what the first of them says is said with it."""
    refused: dict[str, list[tuple[WaveItem, Mapping[str, Any]]]] = {}
    for item in items:
        if item.problem is not None:
            refused.setdefault(f"{item.problem.get('code')}: {item.problem.get('title')}", []).append((item, item.problem))
    found = []
    for said, of_it in refused.items():
        first, problem = of_it[0]
        fix = next((str(fix) for fix in problem.get("fixes") or ()), None)
        found.append(Cause(said, len(of_it), first.portfolio_id, str(problem.get("detail") or ""), fix))
    return sorted(found, key=lambda one: -one.items)


def document_of(report: WaveReport) -> dict[str, Any]:
    """The report as data."""
    wave = report.wave
    names = ("p50", "p95", "p99", "slowest")
    return {
        "wave_id": wave.wave_id,
        "cause": wave.cause,
        "kind": wave.kind.value,
        "created_at": wave.created_at.isoformat(),
        "ended_at": None if wave.ended_at is None else wave.ended_at.isoformat(),
        "policies": sorted(wave.policies),
        "items": report.total,
        "ended": report.ended,
        "share": report.share,
        "proposed": report.counts.get(ItemState.PROPOSED, 0),
        "without_proposal": report.ended - report.counts.get(ItemState.PROPOSED, 0),
        "states": {state.value: count for state, count in report.counts.items()},
        "proposals": dict(report.statuses),
        "deadlines": _deadlines_of(report),
        "seconds": None if report.seconds is None else dict(zip(names, report.seconds, strict=True)),
        "slowest_portfolio": report.slowest,
        "wall_seconds": report.wall,
        "causes": [_cause_of(cause) for cause in report.causes],
    }


def _deadlines_of(report: WaveReport) -> dict[str, Any]:
    """late: the first of those that missed theirs; next: of what is not ended."""
    told = {"given": report.with_deadline, "missed": report.missed, "said": report.said}
    return {**told, "next": plain(report.earliest), "late": list(report.late[:LATE_NAMED])}


def _cause_of(cause: Cause) -> dict[str, Any]:
    first = {"portfolio_id": cause.portfolio, "detail": cause.detail, "fix": cause.fix}
    return {"cause": cause.said, "items": cause.items, "first": first}


def line_of(wave: Wave) -> dict[str, Any]:
    """A wave in a list of them."""
    ended_at = None if wave.ended_at is None else wave.ended_at.isoformat()
    told = {"wave_id": wave.wave_id, "created_at": wave.created_at.isoformat(), "ended_at": ended_at}
    return {**told, "kind": wave.kind.value, "cause": wave.cause}


def lines_of(items: Sequence[WaveItem], now: datetime) -> list[dict[str, Any]]:
    """A line an item, for a table or a file."""
    return [dict(zip(COLUMNS, _line(item, now), strict=True)) for item in items]


def _line(item: WaveItem, now: datetime) -> tuple[Any, ...]:
    problem = item.problem or {}
    about = (item.number, item.portfolio_id, item.policy, plain(item.deadline), item.state.value, item.is_late(now))
    return (*about, item.attempts, item.run_id, item.seconds, item.gap, problem.get("code"), problem.get("detail"))
