"""Everything that is watched, measured now: the store and the market in, figures out.

Each subject (runs, quality, books, service) is measured by itself. One that fails leaves its figures at None with why, and the
others go on: a watch that dies of what it should report is of no use.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from portopt.domain.errors import PortoptError
from portopt.domain.measured import EndedRun
from portopt.domain.watch import Figure, Labels, labels
from portopt.monitoring.measures import latency, outcomes, price_quality, quality, service
from portopt.monitoring.measures.live_book import without
from portopt.runs.watch import reading_runs, reading_service
from portopt.runs.watch.reading_books import EVERY_FIGURE, book_figures
from portopt.runs.watch.reading_market import Market
from portopt.runs.watch.reading_standing import Standings

if TYPE_CHECKING:
    from portopt.runtime import Runtime

WINDOW = timedelta(days=1)  # of runs
MOST_RUNS = 5_000  # of a window, the newest
ENGINES = tuple(labels(engine=name) for name in ("cvxpy", "pyportfolioopt"))
RUN_FIGURES = ("runs_failed", "runs_infeasible", "runs_stuck", "runs_waiting_approval")
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


def measure(runtime: Runtime, now: datetime, *, books: Sequence[str] | None = None, engines: bool = True) -> Measured:
    """The figures of the catalog as they stand.

    now: the instant that they are of. books: portfolios to measure; None is every one whose holdings were declared.
    engines: whether a sample of recent problems is put to other engines, which takes seconds.
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
    m.subject(OUTBOX, lambda: reading_service.deliveries(runtime, now))
    m.subject(QUEUE, lambda: reading_service.work_waiting(runtime, now))
    m.subject(ANSWERS, lambda: reading_service.answered_and_failed(runtime, now))
    _runs(m, runtime, engines)
    _books(m, runtime, books)
    return Measured(tuple(m.figures), tuple(m.notes))


def _why_down(runtime: Runtime) -> str | None:
    """What the store says instead of an answer; None where it answers."""
    try:
        runtime.runs.installation()
    except PortoptError as error:
        return error.detail
    return None


def _runs(m: _Measuring, runtime: Runtime, engines: bool) -> None:
    columns, now, runs = runtime.run_columns, m.now, list[EndedRun]()

    def outcome() -> list[Figure]:
        runs.extend(columns.ended(now - WINDOW, most=MOST_RUNS))
        open_ones = [outcomes.stuck(columns.begun(now), now), outcomes.waiting(columns.awaiting(), now)]
        return [*outcomes.shares(runs, now), *open_ones, *latency.latency(runs, now)]

    m.subject(RUN_FIGURES, outcome)
    if len(runs) == MOST_RUNS:
        m.notes.append(f"of the window's runs the newest {MOST_RUNS} are measured")
    m.subject(PAPERS, lambda: outcomes.certificates(reading_runs.papers(runs, runtime), now))
    if engines:
        day = now.date().isoformat()
        asked = ("quality_gap", "quality_checked")
        m.subject(asked, lambda: quality.quality(reading_runs.answered(runs, day, runtime), now), ENGINES)


def _books(m: _Measuring, runtime: Runtime, books: Sequence[str] | None) -> None:
    days: dict[str, date] = {}
    market = Market(runtime, m.now)

    def every() -> list[Figure]:
        from portopt.dialects.policies import shipped_policies

        ids = list(runtime.run_columns.books() if books is None else books)
        policies = {p.id: p for p in (*shipped_policies(), *runtime.runs.policies())}
        standings = Standings(runtime, m.now)
        for portfolio_id in ids:
            of = labels(portfolio=portfolio_id)

            def one(portfolio_id: str = portfolio_id) -> list[Figure]:
                standing = standings.of(portfolio_id)
                if standing is None:
                    return without(portfolio_id, "nobody declared what it holds", m.now, EVERY_FIGURE)
                figures, newest = book_figures(standing, market, policies, runtime.settings.market, m.now)
                days.update({asset: max(day, days.get(asset, day)) for asset, day in newest.items()})
                return figures

            m.subject(EVERY_FIGURE, one, (of,))
        return [*standings.new, price_quality.stale_assets(days, market.sessions, m.now)]

    m.subject(("prices_stale_assets",), every)
