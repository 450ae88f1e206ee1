"""What is past its days goes; what anybody may ask for again stays, and says why.

Rows go before files, a run at a time, so that what is killed in the middle leaves nothing that rests on what is gone. A pack is
looked at once more when it is out of its place already: who rests on it by then finds it back there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from portopt.domain.retention import Days, Going, PastRun, Retention, Staying
from portopt.domain.thinning import FiguresKept
from portopt.runs.watch import thinning

if TYPE_CHECKING:
    from portopt.runtime import Runtime

NOTHING_NEEDS_IT = "nothing needs it any more"


def days_of(runtime: Runtime) -> Days:
    """As the settings say."""
    settings = runtime.settings
    return Days(settings.runs_days, settings.waves_days, settings.reports_days, settings.packs_days)


def look(runtime: Runtime, now: datetime, days: Days | None = None) -> Retention:
    """What would go, and what would stay though it is past its days. Nothing is written."""
    days = days or days_of(runtime)
    if not runtime.has_store:
        return Retention(now, days)
    runs = _past_runs(runtime, now, days)
    gone = [run.run_id for run in runs if run.stays is None]
    packs, in_use = _past_packs(runtime, now, days, gone)
    going = [
        *(Going("run", run_id, NOTHING_NEEDS_IT) for run_id in gone),
        *(history for run_id in gone if (history := runtime.removals.history_of(run_id)) is not None),
        *(Going("wave", wave_id, "it is ended; its runs stay") for wave_id in _past_waves(runtime, now, days)),
        *_past_reports(runtime, now, days, gone),
        *(pack for pack in packs if pack.name not in in_use),
    ]
    kept = [pack.name for pack in packs if pack.name in in_use]
    staying = [*_staying(runs), *([Staying("pack", "a run, or open work, rests on it", len(kept), kept[0])] if kept else [])]
    return Retention(now, days, tuple(going), tuple(staying), figures=thinning.look(runtime, now))


def carry_out(runtime: Runtime, now: datetime, days: Days | None = None) -> Retention:
    """The same, and it goes; what came to be needed meanwhile stays, and is not told as gone."""
    found = look(runtime, now, days)
    removals, rows = runtime.removals, runtime.retention
    gone = list[Going]()
    for going in found.going:
        if going.kind == "run":
            is_gone = rows.forget_runs([going.name]) > 0
        elif going.kind == "wave":
            is_gone = rows.forget_waves([going.name]) > 0
        elif going.kind == "pack":
            is_gone = _remove_pack(going.name, runtime, now, found.days)
        else:
            (removals.remove_report if going.kind == "report" else removals.remove_history)(going.name)
            is_gone = True
        gone += [going] if is_gone else []
    return Retention(now, found.days, tuple(gone), found.staying, done=True, figures=thinning.thin(runtime, now))


def _remove_pack(pricing_pack_id: str, runtime: Runtime, now: datetime, days: Days) -> bool:
    before = now - timedelta(days=days.packs or 0.0)
    return runtime.removals.remove_pack(
        pricing_pack_id, before, lambda: pricing_pack_id in runtime.retention.packs_in_use(before)
    )


def _past_runs(runtime: Runtime, now: datetime, days: Days) -> Sequence[PastRun]:
    return () if days.runs is None else runtime.retention.past_runs(now - timedelta(days=days.runs))


def _past_waves(runtime: Runtime, now: datetime, days: Days) -> Sequence[str]:
    return () if days.waves is None else runtime.retention.past_waves(now - timedelta(days=days.waves))


def _past_reports(runtime: Runtime, now: datetime, days: Days, gone: Collection[str]) -> Iterator[Going]:
    """Those that are past their days, and those of runs that go: what nobody could write again."""
    past = () if days.reports is None else runtime.removals.past_reports(now - timedelta(days=days.reports))
    yield from past
    named = {going.name for going in past}
    if gone:
        for page in runtime.removals.past_reports(now):
            if page.name in set(gone) - named:
                yield Going("report", page.name, "its run goes", page.bytes)


def _past_packs(runtime: Runtime, now: datetime, days: Days, gone: Collection[str]) -> tuple[Sequence[Going], frozenset[str]]:
    """Those past their days, and the ids of those that are in use whatever their age."""
    if days.packs is None:
        return (), frozenset()
    before = now - timedelta(days=days.packs)
    return runtime.removals.past_packs(before), runtime.retention.packs_in_use(before, but=gone)


def _staying(runs: Sequence[PastRun]) -> Iterator[Staying]:
    for why in dict.fromkeys(run.stays for run in runs if run.stays is not None):
        among = [run.run_id for run in runs if run.stays == why]
        yield Staying("run", why, len(among), among[0])


def document_of(found: Retention) -> dict[str, Any]:
    """As data."""
    days = found.days
    kinds = dict.fromkeys(going.kind for going in found.going)
    of_kind = {kind: [going for going in found.going if going.kind == kind] for kind in kinds}
    return {
        "at": found.at.isoformat(),
        "done": found.done,
        "days": {"runs": days.runs, "waves": days.waves, "reports": days.reports, "packs": days.packs},
        "going": {kind: {"count": len(some), "bytes": sum(g.bytes for g in some), "names": [g.name for g in some]}
                  for kind, some in of_kind.items()},
        "figures": _figures(found.figures),
        "staying": [{"kind": s.kind, "why": s.why, "count": s.count, "example": s.example} for s in found.staying],
    }  # fmt: skip


def _figures(found: FiguresKept) -> dict[str, Any]:
    """As data: the steps in seconds."""
    return {
        "days_archived": found.days,
        "figures_archived": found.figures,
        "thinned": [
            {"step_seconds": one.step.total_seconds(), "until": one.until.isoformat(), "rows": one.rows}
            for one in found.thinned
        ],
    }
