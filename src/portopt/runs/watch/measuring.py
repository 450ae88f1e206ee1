"""Everything that is watched, measured now: the store and the market in, figures out.

Each subject (runs, quality, books, service) is measured by itself. One that fails leaves its figures at None with why, and the
others go on: a watch that dies of what it should report is of no use.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from portopt.domain.errors import PortoptError
from portopt.domain.measured import EndedRun
from portopt.domain.request import Policy
from portopt.domain.watch import Figure, Labels, labels
from portopt.monitoring.measures import latency, outcomes, price_quality, quality, service
from portopt.monitoring.measures.live_book import without
from portopt.runs.watch import reading_runs, reading_service
from portopt.runs.watch.reading_books import EVERY_FIGURE, book_figures
from portopt.runs.watch.reading_market import Market
from portopt.runs.watch.reading_standing import Standings

if TYPE_CHECKING:
    from portopt.runtime import Runtime

MOST_RUNS = 5_000  # of a window, the newest
LATELY = timedelta(hours=2)
ENGINES = tuple(labels(engine=name) for name in ("cvxpy", "pyportfolioopt"))
RUN_FIGURES = ("runs_ended", "runs_failed", "runs_infeasible", "runs_stuck", "runs_waiting_approval")
PAPERS = ("certificate_violation", "certificate_gap")
OUTBOX = ("outbox_age", "outbox_waiting", "outbox_parked")
QUEUE, ANSWERS = ("jobs_waiting", "jobs_oldest"), ("service_availability", "error_budget_left")


@dataclass(frozen=True, slots=True)
class Measured:
    """figures: of one instant, each name and subject once; what proposals expected is of the instant they were released.

    notes: what a person should know of how they were measured.
    """

    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Measuring:
    """What has been measured so far, and what went wrong on the way."""

    now: datetime
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def subject(self, names: Sequence[str], work: Callable[[], Sequence[Figure]], of: Sequence[Labels] = ((),)) -> None:
        """names, of: the figures that have no value where the work fails."""
        try:
            self.figures += work()
        except Exception as error:  # the watch reports whatever breaks, and does not die of it
            why = error.detail if isinstance(error, PortoptError) else f"{type(error).__name__}: {error}"
            if not isinstance(error, PortoptError):
                logging.getLogger(__name__).exception("%s cannot be measured", ", ".join(names))
            self.notes.append(f"{', '.join(names)}: {why}")
            self.figures += [Figure(name, whose, self.now, None, why=why) for whose in of for name in names]


def measure(runtime: Runtime, now: datetime, *, books: Sequence[str] | None = None, engines: bool | None = None) -> Measured:
    """The figures of the catalog as they stand.

    now: the instant that they are of. books: portfolios to measure; None is those that are due (_due).
    engines: whether a sample of recent problems is put to other engines, which takes seconds; None is as often as is set.
    """
    m = _Measuring(now)
    m.subject(("disk_free",), lambda: reading_service.disk(runtime, now))
    m.subject(("broker_up",), lambda: reading_service.broker(runtime, now))
    if not runtime.has_store:
        return Measured(tuple(m.figures), (*m.notes, "nothing was stored here yet: there are no runs and no books to measure"))
    why = _why_down(runtime)
    m.figures.append(service.is_up("store_up", now, why))
    if why is not None:
        return Measured(tuple(m.figures), (*m.notes, f"the store does not answer: {why}"))
    m.subject(("measured_gap",), lambda: reading_service.gap(runtime, now))
    m.subject(("channel_silent",), lambda: reading_service.channels(runtime, now), _channels(runtime))
    m.subject(OUTBOX, lambda: reading_service.deliveries(runtime, now))
    m.subject(QUEUE, lambda: reading_service.work_waiting(runtime, now))
    m.subject(ANSWERS, lambda: reading_service.answered_and_failed(runtime, now))
    _runs(m, runtime, engines)
    _books(m, runtime, books)
    return Measured(tuple(m.figures), tuple(m.notes))


def _channels(runtime: Runtime) -> list[Labels]:
    return [labels(channel=name) for name in runtime.settings.channels]


def _why_down(runtime: Runtime) -> str | None:
    """What the store says instead of an answer; None where it answers."""
    try:
        runtime.runs.installation()
    except PortoptError as error:
        return error.detail
    return None


def _runs(m: _Measuring, runtime: Runtime, engines: bool | None) -> None:
    columns, now, runs, told = runtime.run_columns, m.now, list[EndedRun](), runtime.settings

    def outcome() -> list[Figure]:
        runs.extend(columns.ended(now - timedelta(hours=told.run_window_hours), most=MOST_RUNS))
        stuck = outcomes.stuck(columns.begun(now), now, told.run_stuck_seconds)
        open_ones = [stuck, outcomes.waiting(columns.awaiting(), now)]
        return [*outcomes.shares(runs, now), *open_ones, *latency.latency(runs, now)]

    m.subject(RUN_FIGURES, outcome)
    if len(runs) == MOST_RUNS:
        m.notes.append(f"of the window's runs the newest {MOST_RUNS} are measured")
    m.subject(PAPERS, lambda: outcomes.certificates(reading_runs.papers(runs, runtime), now))
    if _is_due(runtime, now) if engines is None else engines:
        day = now.date().isoformat()
        asked = ("quality_gap", "quality_checked")
        m.subject(asked, lambda: quality.quality(reading_runs.answered(runs, day, runtime), now), ENGINES)


def _is_due(runtime: Runtime, now: datetime) -> bool:
    """Whether other engines were not asked lately. Where that cannot be read they are: the store says why soon enough."""
    try:
        since = now - timedelta(seconds=runtime.settings.engine_seconds)
        return not runtime.figures.latest(since, names=("quality_checked",), until=now)
    except PortoptError:
        return True


def _books(m: _Measuring, runtime: Runtime, books: Sequence[str] | None) -> None:
    m.subject(("prices_stale_assets",), lambda: _every_book(m, runtime, books))


def _every_book(m: _Measuring, runtime: Runtime, books: Sequence[str] | None) -> list[Figure]:
    """Each book by itself; returns what is of all of them."""
    from portopt.dialects.policies import shipped_policies

    chosen, late = _due(m, runtime) if books is None else (list(books), set[str]())
    policies = {p.id: p for p in (*shipped_policies(), *runtime.runs.policies())}
    market, standings, days = Market(runtime, m.now), Standings(runtime, m.now), dict[str, date]()
    for portfolio_id in chosen:
        work = partial(_one_book, portfolio_id, standings, market, policies, days)
        m.subject(EVERY_FIGURE, work, (labels(portfolio=portfolio_id),))
    return [*standings.new, price_quality.stale_assets(days, market.sessions, m.now, late)]


def _one_book(
    portfolio_id: str, standings: Standings, market: Market, policies: Mapping[str, Policy], days: dict[str, date]
) -> list[Figure]:
    """days: is told the day of every asset's newest price."""
    standing = standings.of(portfolio_id)
    if standing is None:
        return without(portfolio_id, "nobody declared what it holds", market.now, EVERY_FIGURE)
    figures, newest = book_figures(standing, market, policies)
    days.update({asset: max(day, days.get(asset, day)) for asset, day in newest.items()})
    return figures


def _due(m: _Measuring, runtime: Runtime) -> tuple[list[str], set[str]]:
    """(books that changed since they were measured, or were not for as long as is set: those of longest ago, so many at most;
    assets whose prices were found old lately). Prices change by the day, and a provider is asked for them.
    """
    every_so_often, most = timedelta(seconds=runtime.settings.book_seconds), runtime.settings.books_at_once
    found = runtime.figures.latest(m.now - LATELY, names=("book_price_age",), until=m.now)
    at = {figure.portfolio_id: figure.at for figure in found}
    every = runtime.run_columns.books()
    measured = {book: at.get(book.portfolio_id, m.now - LATELY) for book in every}
    due = [book for book in every if m.now - measured[book] >= every_so_often or book.changed_at > measured[book]]
    first = sorted(due, key=lambda book: (measured[book], book.portfolio_id))[:most]
    if len(first) < len(due):
        m.notes.append(f"of {len(due)} books that are due those {most} are measured that were not for longest")
    return [book.portfolio_id for book in first], {str(one["asset"]) for f in found for one in f.detail.get("oldest", ())}
