"""What the stores hold of the watch at one instant, for a document: chosen first, then read through time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portopt.document.watch import Seen
from portopt.document.watch.books import DRAWN, ranked
from portopt.document.watch.document import BOOKS_SHOWN
from portopt.document.watch.figures import LOW_IS_BAD
from portopt.domain.watch import Alert, AlertState, Figure, Silence
from portopt.monitoring.catalog import CATALOG
from portopt.monitoring.rules.runbooks import runbook_text

if TYPE_CHECKING:
    from portopt.runtime import Runtime

DAYS_SHOWN = 30.0
KNOWN_FOR = timedelta(days=7)  # a figure that has not come for longer is not spoken of any more
OPEN_READ, RESOLVED_READ = 20_000, 200
PORTFOLIOS_AT_ONCE = 1_000
POINTS_READ = 120  # of a history
OPEN_STATES = (AlertState.FIRING, AlertState.UNKNOWN, AlertState.PENDING)


def see(runtime: Runtime, now: datetime, *, among: frozenset[str] | None = None, days: float = DAYS_SHOWN,
        books: int = BOOKS_SHOWN, with_history: bool = True) -> Seen:  # fmt: skip
    """Everything that those who may see `among` (None: everything) may know.

    books: of how many of the worst there is a history. An installation that keeps nothing yet has seen nothing.
    """
    since = now - timedelta(days=days)
    if not runtime.has_store:  # none is made for a question
        return Seen(now, since, None, (), (), CATALOG, is_of_some=among is not None)
    alerts = _alerts(runtime, among)
    seen = Seen(
        now=now,
        since=since,
        evaluated_at=runtime.figure_steps.evaluated()[1],
        figures=runtime.figures.latest(now - KNOWN_FOR, among=among),
        alerts=alerts,
        catalog=CATALOG,
        silences=[s for s in runtime.alerts.silences(at=now) if _is_for(s, among)],
        books=_portfolios(runtime, among),
        runbooks=_runbooks(runtime, alerts),
        is_of_some=among is not None,
    )
    return _with_history(runtime, seen, among, books) if with_history else seen


def _alerts(runtime: Runtime, among: frozenset[str] | None) -> Sequence[Alert]:
    open_ones = runtime.alerts.list(among, states=OPEN_STATES, limit=OPEN_READ)
    return [*open_ones, *runtime.alerts.list(among, states=[AlertState.RESOLVED], limit=RESOLVED_READ)]


def _is_for(silence: Silence, among: frozenset[str] | None) -> bool:
    """Of whom a silence is, who may not see everything learns only where they may see that one."""
    return among is None or dict(silence.matches).get("portfolio") in among


def _portfolios(runtime: Runtime, among: frozenset[str] | None) -> list[str]:
    found: list[str] = []
    while True:
        after = found[-1] if found else None
        page = runtime.portfolios.list(among, after=after, limit=PORTFOLIOS_AT_ONCE)
        found += [portfolio.id for portfolio in page]
        if len(page) < PORTFOLIOS_AT_ONCE:
            return found


def _runbooks(runtime: Runtime, alerts: Iterable[Alert]) -> dict[str, str]:
    own = getattr(runtime.settings, "rules_path", None)
    named = {alert.runbook for alert in alerts if alert.runbook}
    texts = {name: runbook_text(name, own) for name in sorted(named)}
    return {name: text for name, text in texts.items() if text is not None}


def _with_history(runtime: Runtime, seen: Seen, among: frozenset[str] | None, books: int) -> Seen:
    """Of the worst books what is drawn of them; of the runs and the service everything."""
    shown = frozenset(row["portfolio"] for row in ranked(seen)[:books])
    seconds = max(int((seen.now - seen.since).total_seconds() / POINTS_READ), 1)

    def steps(names: Collection[str], of: frozenset[str] | None) -> Sequence[Figure]:
        return runtime.figure_steps.steps(names, seen.since, seconds, among=of, lowest=LOW_IS_BAD)

    series = list(steps(DRAWN, shown)) if shown else []
    if among is None:
        series += steps([name for name, one in CATALOG.items() if "portfolio" not in one.labels], None)
    return replace(seen, series=series)
