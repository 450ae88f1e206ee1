"""What the measures say of a made installation on one day of its year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from watch_year import COMMON, JOBS_A_DAY, WARM, Book, Year

from portopt.domain.measured import EndedJob, EndedRun, OpenRun, Paper, Queue
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.request import DataPolicy
from portopt.domain.run import Outbox, ParkedEvent, RunStatus
from portopt.domain.watch import Figure
from portopt.market.checks import check_all
from portopt.market.observed import Observed, Prices
from portopt.monitoring.measures import latency, outcomes, price_quality, quality, service
from portopt.monitoring.measures.calibration import CALIBRATION, Realized, calibration
from portopt.monitoring.measures.engines import by_cvxpy
from portopt.monitoring.measures.fulfilment import fulfilment
from portopt.monitoring.measures.live_book import BOOK_FIGURES, LiveBook, live_figures, without
from portopt.optimization import optimize
from portopt.terms.catalog import parse_limits, parse_objective


def figures(year: Year) -> list[Figure]:
    """Every figure of the installation as it stands, from the measures."""
    now = year.close
    if year.active("watch_stopped"):
        return []
    disk = service.disk(*_disk(year), "/home", now)
    broker = service.is_up("broker_up", now, "connection refused" if year.active("broker_down") else None)
    if year.active("store_down"):
        return [disk, broker, service.is_up("store_up", now, "could not connect")]
    return [disk, broker, service.is_up("store_up", now, None), *_waiting(year), *_runs(year), *_quality(year), *_books(year)]


def _quality(year: Year) -> list[Figure]:
    """Once a fortnight, and where a fault is planted: a problem put to cvxpy, with our answer or a worse one."""
    wrong = year.active("wrong_answer")
    if wrong is None and year.t % 10:
        return []
    book = year.books["B000"]
    problem = _problem(year, book, year.prices[year.row], year.worth(book, year.prices[year.row]))
    hard = parse_limits({"budget": True, "long_only": True, "max_weight": 0.18, "cash": {"max": 0.05}})
    asked = problem.replaced(objective=parse_objective({"kind": "min_risk"}), limits=hard)
    best = optimize(asked).weights
    assert best is not None
    even = np.append(np.full(len(year.ids), 1.0 / len(year.ids)), 0.0)
    given = best if wrong is None else 0.9 * best + 0.1 * even
    return quality.quality([quality.Answered(f"reb-{year.row}-0", asked, given)], year.close, {"cvxpy": by_cvxpy.solve})


def _disk(year: Year) -> tuple[int, int]:
    return (1 if year.active("disk_full") else 10 if year.active("disk_filling") else 60), 100


def _waiting(year: Year) -> list[Figure]:
    now = year.close
    late = now - timedelta(minutes=20) if year.active("events_late") or year.active("broker_down") else now
    parked = (ParkedEvent("e1", "B001", "no such topic"),) if year.active("parked_event") else ()
    waits = 5_000 if year.active("outbox_growing") else 3
    oldest = now - timedelta(minutes=12 if year.active("jobs_not_taken") else 0)
    failures = [(f.start, {"availability": 1, "budget_low": 5, "budget_spent": 7}[f.kind]) for f in year.faults
                if f.kind in ("availability", "budget_low", "budget_spent")]  # fmt: skip
    jobs = []
    for back in range(30):
        day = now - timedelta(days=back, hours=1)
        bad = sum(n for start, n in failures if year.days[WARM + start] == day.date() and start <= year.t)
        jobs += [EndedJob(f"job-{back}-{k}", RunStatus.FAILED if k < bad else RunStatus.COMPLETED, day,
                          "internal_error" if k < bad else "") for k in range(JOBS_A_DAY)]  # fmt: skip
    state = Outbox(waits, 0, now, parked=parked, behind=0, oldest=late)
    return [*service.outbox(state, now), *service.queue(Queue(4, oldest), now), *service.availability(jobs, now)]


def _runs(year: Year) -> list[Figure]:
    now, rng = year.close, np.random.default_rng(year.row)
    bad = RunStatus.FAILED if year.active("failed_runs") else RunStatus.INFEASIBLE
    many = 8 if year.active("failed_runs") or year.active("infeasible_runs") else 0
    slow = 10.0 if year.active("slow_stage") else 1.0
    ended = []
    for k in range(20):
        timings = {"estimate": rng.lognormal(-2, 0.3), "optimize": slow * rng.lognormal(-0.5, 0.3)}
        status = bad if k < many else RunStatus.COMPLETED
        ended.append(
            EndedRun(f"reb-{year.row}-{k}", "rebalance", f"B{k:03d}", status, now, now, timings, 90, "x" if k < many else "")
        )
    begun = [OpenRun("reb-stuck", "B003", now - timedelta(hours=5))] if year.active("stuck_run") else []
    waits = [f for f in year.faults if f.kind == "approval" and f.holds(year.t)]
    waiting = [OpenRun("reb-waits", "B004", datetime.combine(year.days[WARM + f.start], time(9), UTC)) for f in waits]
    papers = [Paper(f"reb-{k}", float(rng.uniform(0, 1e-10)), "max_weight", float(rng.uniform(0, 1e-8))) for k in range(5)]
    papers += [Paper("reb-bad", 1e-6, "budget", 1e-9)] if year.active("certificate") else []
    papers += [Paper("reb-wide", 0.0, "", 1e-3)] if year.active("gap") else []
    return [*outcomes.shares(ended, now), outcomes.stuck(begun, now), outcomes.waiting(waiting, now),
            *outcomes.certificates(papers, now), *latency.latency(ended, now)]  # fmt: skip


def _books(year: Year) -> list[Figure]:
    now, rows = year.close, slice(max(0, year.row - 259), year.row + 1)
    days, shown = year.days[rows], year.seen[rows]
    told = ~np.isnan(shown).all(axis=1)  # a day without any price is no row of a source
    days, shown = [day for day, is_there in zip(days, told, strict=True) if is_there], shown[told]
    known = ~np.isnan(shown)
    panel = Prices(year.ids, np.array(days, dtype="datetime64[D]"), shown, None, known)
    past = check_all(panel, DataPolicy())
    present = check_all(Prices(year.ids, panel.dates[-21:], shown[-21:], None, known[-21:]), DataPolicy())
    usable = np.where(known & (np.nan_to_num(shown) > 0.0), np.arange(len(days))[:, None], -1).max(axis=0)
    newest = {a: days[int(r)] for a, r in zip(year.ids, usable, strict=True) if r >= 0}
    latest = np.array([shown[int(r), j] if r >= 0 else np.nan for j, r in enumerate(usable)])
    found = [price_quality.stale_assets(newest, year.days[: year.row + 1], now)]
    for book in year.books.values():
        if book.declared:
            found += _book(year, book, newest, latest, past, present)
    return found


def _book(year: Year, book: Book, newest: Mapping[str, date], latest: np.ndarray, past: list[Observed],
          present: list[Observed]) -> list[Figure]:  # fmt: skip
    now, held = year.close, [year.ids[j] for j, n in book.shares.items() if n]
    told = fulfilment(book.name, book.proposals[-14:], book.declared[-40:], now, book.moves)
    if year.active("missing_asset", book.name):
        rest = (*BOOK_FIGURES, "book_price_age", "book_suspicious_prices", *CALIBRATION)
        return [*without(book.name, f"no price for {year.ids[year.owned[book.name]]}", now, rest), *told]
    realized = Realized(tuple(book.days[-252:]), np.array(book.returns[-252:]), np.array(book.active[-252:]))
    value = year.worth(book, latest)
    live = LiveBook(book.name, _problem(year, book, latest, value), value, book.proposals[-1].targets)
    return [
        *live_figures(live, now),
        price_quality.price_age(book.name, {a: newest[a] for a in held}, year.days[: year.row + 1], now),
        price_quality.suspicious(book.name, {a: newest[a] for a in held}, present, past, now),
        *calibration(book.name, [p.forecast for p in book.proposals[-14:]], realized, now),
        *told,
    ]


def _problem(year: Year, book: Book, latest: np.ndarray, value: float) -> Problem:
    n, benchmark = len(year.ids), year.benchmark(book)
    w, Sigma = np.zeros(n + 1), np.zeros((n + 1, n + 1))
    w[list(book.shares)] = [k * latest[j] / value for j, k in book.shares.items()]
    w[n] = book.cash / value
    Sigma[:n, :n] = year.Sigma * (2.4 if year.active("volatility", book.name) else 1.0)
    aim, even = np.zeros(n), np.where(np.arange(n) < COMMON, 1.0 / COMMON, 0.0)
    aim[list(book.targets)] = list(book.targets.values())
    risk, error = (float(np.sqrt(x @ year.Sigma @ x)) for x in (aim, aim - even))
    limits = parse_limits({"budget": True, "long_only": True, "max_weight": 0.18, "cash": {"min": 0.005, "max": 0.25},
                           "max_volatility": 1.4 * risk, "max_tracking_error": 1.4 * error})  # fmt: skip
    moments = Moments(year.universe, np.append(year.mu, 0.02), Covariance(Sigma=Sigma))
    return Problem(moments, parse_objective({"kind": "max_sharpe"}), limits, w_prev=w,
                   benchmark=year.universe.vector(benchmark), portfolio_value=value)  # fmt: skip
