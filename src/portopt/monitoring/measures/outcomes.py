"""How runs end, and which do not: failed, infeasible, stuck, waiting for a person; and what their certificates say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from portopt.domain.measured import EndedRun, OpenRun, Paper
from portopt.domain.run import RunStatus
from portopt.domain.watch import Figure

NAMED = 10  # runs spelled out in a detail
STUCK_AFTER = 3600.0  # seconds: a run takes minutes, and its steps have time limits below this
NO_RUNS = "no run ended in the window"
NO_PAPERS = "no certificate was given in the window"


def shares(runs: Sequence[EndedRun], now: datetime) -> list[Figure]:
    """How many runs ended in the window, which share of them failed, and which had contradictory limits."""
    told = (("runs_failed", RunStatus.FAILED), ("runs_infeasible", RunStatus.INFEASIBLE))
    found = [Figure("runs_ended", (), now, float(len(runs)))]
    if not runs:
        return [*found, *(Figure(name, (), now, None, why=NO_RUNS) for name, _ in told)]
    for name, status in told:
        ended_so = [run for run in runs if run.status is status]
        newest = sorted(ended_so, key=lambda run: (run.completed_at, run.run_id), reverse=True)[:NAMED]
        detail = {
            "runs": len(runs),
            "ended_so": len(ended_so),
            "codes": dict(sorted(Counter(run.code for run in ended_so).items())),
            "newest": [{"run": run.run_id, "portfolio": run.portfolio_id, "code": run.code} for run in newest],
        }
        found.append(Figure(name, (), now, len(ended_so) / len(runs), detail=detail))
    return found


def stuck(runs: Sequence[OpenRun], now: datetime, after: float = STUCK_AFTER) -> Figure:
    """Runs begun longer ago than `after` seconds, not ended, and that nobody works on."""
    left = sorted((r for r in runs if not r.worked_on and _age(r, now) > after), key=lambda r: (r.since, r.run_id))
    detail = {"after_seconds": after, "oldest": [_told(run, now) for run in left[:NAMED]]}
    return Figure("runs_stuck", (), now, float(len(left)), limit=0.0, detail=detail)


def waiting(proposals: Sequence[OpenRun], now: datetime) -> Figure:
    """How long the oldest proposal has waited for a person; 0 where none waits."""
    oldest = sorted(proposals, key=lambda r: (r.since, r.run_id))
    age = _age(oldest[0], now) if oldest else 0.0
    detail = {"waiting": len(oldest), "oldest": [_told(run, now) for run in oldest[:NAMED]]}
    return Figure("runs_waiting_approval", (), now, age, detail=detail)


def certificates(papers: Sequence[Paper], now: datetime) -> list[Figure]:
    """The worst violation of a limit and the worst relative gap among the window's certificates.

    A certificate without a proven bound has no gap: it is counted, and is no part of the worst.
    """
    if not papers:
        return [Figure(name, (), now, None, why=NO_PAPERS) for name in ("certificate_violation", "certificate_gap")]
    worst = max(papers, key=lambda paper: (paper.worst_violation, paper.run_id))
    proven = [paper for paper in papers if paper.relative_gap is not None]
    seen = {"certificates": len(papers), "refused": sum(not paper.certified for paper in papers)}
    violation = Figure("certificate_violation", (), now, worst.worst_violation,
                       detail={**seen, "run": worst.run_id, "limit": worst.worst_limit})  # fmt: skip
    unproven = {**seen, "without_bound": len(papers) - len(proven)}
    if not proven:
        return [violation, Figure("certificate_gap", (), now, None, why="no certificate has a proven bound", detail=unproven)]
    widest = max(proven, key=lambda paper: (paper.relative_gap or 0.0, paper.run_id))
    return [violation, Figure("certificate_gap", (), now, widest.relative_gap, detail={**unproven, "run": widest.run_id})]


def _age(run: OpenRun, now: datetime) -> float:
    return max((now - run.since).total_seconds(), 0.0)


def _told(run: OpenRun, now: datetime) -> dict[str, object]:
    return {"run": run.run_id, "portfolio": run.portfolio_id, "since": run.since.isoformat(), "seconds": _age(run, now)}
