"""What the stores hold of the watch at one instant, for a document: chosen first, then read through time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portopt.document.watch import Seen
from portopt.document.watch.books import DRAWN, NEEDED, ranked
from portopt.document.watch.document import BOOKS_SHOWN
from portopt.document.watch.figures import LOW_IS_BAD
from portopt.domain.watch import Alert, AlertState, Figure, Silence, labels, subject_of
from portopt.monitoring.catalog import CATALOG
from portopt.monitoring.rules.runbooks import runbook_text

if TYPE_CHECKING:
    from portopt.runtime import Runtime

DAYS_SHOWN = 30.0
KNOWN_FOR = timedelta(days=7)  # a figure that has not come for longer is not spoken of any more
LATELY = timedelta(hours=2)
SILENT_READ = 200  # books of which the last that was measured is looked for
ROWS_READ = 100_000  # of a history; of more the newest of each step is enough
OPEN_READ, RESOLVED_READ = 20_000, 200
PORTFOLIOS_AT_ONCE = 1_000
POINTS_READ = 120  # of a history
OF_THE_SERVICE = tuple(name for name, one in CATALOG.items() if "portfolio" not in one.labels)
OPEN_STATES = (AlertState.FIRING, AlertState.UNKNOWN, AlertState.PENDING)


def see(runtime: Runtime, now: datetime, *, among: frozenset[str] | None = None, days: float = DAYS_SHOWN,
        books: int = BOOKS_SHOWN, with_history: bool = True) -> Seen:  # fmt: skip
    """Everything that those who may see `among` (None: everything) may know.

    books: of how many of the worst there is a history. An installation that keeps nothing yet has seen nothing.
    """
    since = now - timedelta(days=days)
    if not runtime.has_store:  # none is made for a question
        return Seen(now, since, None, (), (), CATALOG, is_of_some=among is not None)
    alerts, portfolios = _alerts(runtime, among), _portfolios(runtime, among)
    seen = Seen(
        now=now,
        since=since,
        evaluated_at=runtime.figure_steps.evaluated()[1],
        figures=_newest(runtime, now, among, portfolios),
        alerts=alerts,
        catalog=CATALOG,
        silences=[s for s in runtime.alerts.silences(at=now) if _is_for(s, among)],
        books=portfolios,
        runbooks=_runbooks(runtime, alerts),
        is_of_some=among is not None,
    )
    return _with_history(runtime, seen, among, books) if with_history else seen


def _newest(runtime: Runtime, now: datetime, among: frozenset[str] | None, books: Sequence[str]) -> list[Figure]:
    """The newest of everything; of what has not come lately, the last that did, so that it is told to be unknown."""
    found = list(runtime.figures.latest(now - LATELY, among=among))
    there = {(f.name, f.subject) for f in found}
    old: list[Figure] = []
    if among is None:
        old += runtime.figure_seeks.last(OF_THE_SERVICE)
    silent = sorted(set(books) - {f.portfolio_id for f in found if f.portfolio_id is not None})[:SILENT_READ]
    pairs = [(name, subject_of(labels(portfolio=book))) for name in NEEDED for book in silent]
    old += runtime.figure_seeks.newest(pairs, now - KNOWN_FOR, int(KNOWN_FOR.total_seconds()), now)
    return found + [f for f in old if (f.name, f.subject) not in there and now - f.at <= KNOWN_FOR]


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
    names = OF_THE_SERVICE if among is None else ()
    seconds = max(int((seen.now - seen.since).total_seconds() / POINTS_READ), 1)
    seeks = runtime.figure_seeks
    rows = seeks.rows(DRAWN, seen.since, shown, ROWS_READ) + seeks.rows(names, seen.since, None, ROWS_READ)
    if rows < ROWS_READ:
        series = [*runtime.figure_steps.steps(DRAWN, seen.since, seconds, among=shown, lowest=LOW_IS_BAD)]
        series += runtime.figure_steps.steps(names, seen.since, seconds, lowest=LOW_IS_BAD)
        return replace(seen, series=series)
    pairs = [(name, subject_of(labels(portfolio=book))) for name in DRAWN for book in sorted(shown)]
    pairs += [(f.name, f.subject) for f in seen.figures if f.name in names]
    return replace(seen, series=seeks.newest(pairs, seen.since, seconds, seen.now), history_is_whole=False)
