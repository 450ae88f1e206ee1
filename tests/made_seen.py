"""Figures and alerts as a watch would have kept them, made up: calm books, books that drift over their limits, and gaps."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from portopt.document.watch import Seen
from portopt.domain.watch import Alert, AlertState, Figure, Severity, Silence, alert_id_of, labels
from portopt.monitoring.catalog import CATALOG

NOW = datetime(2026, 11, 30, 21, 5, tzinfo=UTC)
DAYS = 30
HOUR = timedelta(hours=1)
DRAWN = {"book_drift": (0.012, 0.03), "book_tracking_error": (0.031, 0.05), "book_volatility": (0.11, 0.15)}
STAGES = {"data": 0.08, "solve": 0.02, "round": 0.3, "whole": 0.6}
RUNBOOK = "# A book has drifted\n\nA weight is *further* from its target than the policy allows.\n\n## What to look at\n\n\
```\nportopt figures book_drift --portfolio P-00001\n```\n\n1. Is the price right? See `docs/runbooks`.\n2. Rebalance it.\n\n\
| state | means |\n|---|---|\n| firing | it holds |\n"


def made_seen(books: int = 12, *, series_of: int = 12, seed: int = 7, alerts: bool = True) -> Seen:
    """Every seventh book is over its drift limit, every ninth has no price; of the first `series_of` there are thirty days."""
    rng = random.Random(seed)
    names = [f"P-{k:05d}" for k in range(books)]
    figures = [f for k, name in enumerate(names) for f in _book(name, k, rng)]
    figures += _runs(rng) + _service()
    series = [f for k, name in enumerate(names[:series_of]) for f in _through_time(name, k, rng)]
    series += list(_runs_through_time(rng))
    return Seen(
        now=NOW, since=NOW - timedelta(days=DAYS), evaluated_at=NOW - timedelta(seconds=40), figures=figures, series=series,
        alerts=_alerts(names) if alerts else (), silences=_silences(names) if alerts else (), catalog=CATALOG,
        books=[*names, "P-never-measured"], runbooks={"book-drift": RUNBOOK},
    )  # fmt: skip


def _book(name: str, k: int, rng: random.Random) -> Iterator[Figure]:
    of = labels(portfolio=name)
    at = NOW - timedelta(minutes=1)
    if k % 9 == 8:
        why = "no price of XOM since 2026-11-24"
        yield from (Figure(figure, of, at, None, why=why) for figure in ("book_value", *DRAWN, "book_violation"))
        yield Figure("book_price_age", of, at, 4.0, 1.0, detail={"assets": ["XOM"], "since": "2026-11-24"})
        return
    over = 1.9 if k % 7 == 3 else 1.0
    yield Figure("book_value", of, at, 1e6 * (1 + rng.random()))
    yield Figure("book_cash", of, at, 0.01 + 0.01 * rng.random())
    for figure, (usual, limit) in DRAWN.items():
        detail = {"asset": "AAPL", "weight": 0.081, "target": 0.05} if figure == "book_drift" else {}
        yield Figure(
            figure, of, at, usual * over * (0.9 + 0.2 * rng.random()), limit * (0.7 if over > 1 else 1.0), detail=detail
        )
    yield Figure(
        "book_violation", of, at, 0.12 if over > 1 else 0.0, 0.0, detail={"limit": "max_weight AAPL"} if over > 1 else {}
    )
    yield Figure("book_price_age", of, at, 0.0, 1.0)
    yield Figure(
        "book_suspicious_prices", of, at, 2.0 if k == 5 else 0.0, 0.0, detail={"assets": ["GE", "F"]} if k == 5 else {}
    )
    yield Figure("book_volatility_ratio", of, at, None, why="12 days since the proposal; 20 are needed")


def _through_time(name: str, k: int, rng: random.Random) -> Iterator[Figure]:
    of = labels(portfolio=name)
    for figure, (usual, limit) in {**DRAWN, "book_violation": (0.0, 0.0)}.items():
        for day in range(DAYS):
            at = NOW - timedelta(days=DAYS - 1 - day, minutes=1)
            grown = 1.0 + (0.9 * day / DAYS if k % 7 == 3 else 0.0)
            gap = k % 9 == 8 and day > DAYS - 6
            value = max(0.0, 0.12 * (day - 24) / 5) if figure == "book_violation" and k % 7 == 3 else usual * grown
            yield Figure(figure, of, at, None if gap else value * (0.9 + 0.2 * rng.random()), limit, "no price" if gap else "")


def _runs(rng: random.Random) -> list[Figure]:
    found = []
    for size, slower in (("50", 1.0), ("500", 3.0), ("5,000", 12.0)):
        for stage, seconds in STAGES.items():
            of = labels(stage=stage, size=size)
            for name, times in (("run_seconds_p50", 1.0), ("run_seconds_p95", 1.8), ("run_seconds_p99", 2.6)):
                limit = 5.0 if name.endswith("99") and stage == "whole" else None
                found.append(Figure(name, of, NOW, seconds * slower * times * (0.9 + 0.2 * rng.random()), limit))
    found += [
        Figure("quality_gap", labels(engine="cvxpy (Clarabel)"), NOW, -2.1e-9, 1e-6),
        Figure("quality_checked", labels(engine="cvxpy (Clarabel)"), NOW, 40.0),
        Figure("quality_gap", labels(engine="PyPortfolioOpt"), NOW, None, 1e-6, "none of the sample can be asked of it"),
        Figure("quality_checked", labels(engine="PyPortfolioOpt"), NOW, 0.0),
    ]
    return found


def _runs_through_time(rng: random.Random) -> Iterator[Figure]:
    for day in range(DAYS):
        at = NOW - timedelta(days=DAYS - 1 - day)
        yield Figure("quality_gap", labels(engine="cvxpy (Clarabel)"), at, -1e-9 * rng.random(), 1e-6)
        yield Figure("outbox_age", (), at, 4.0 * rng.random() if day != 20 else 900.0, 300.0)
        yield Figure("error_budget_left", (), at, 1.0 - 0.02 * day, 0.0)
        yield Figure("service_availability", (), at, 0.9995, 0.999)
        for stage, seconds in STAGES.items():
            for name, times in (("run_seconds_p50", 1.0), ("run_seconds_p95", 1.8), ("run_seconds_p99", 2.6)):
                of = labels(stage=stage, size="500")
                yield Figure(
                    name, of, at, 3.0 * seconds * times * (0.9 + 0.2 * rng.random()), 5.0 if stage == "whole" else None
                )


def _service() -> list[Figure]:
    return [
        Figure("outbox_age", (), NOW, 2.4, 300.0),
        Figure("outbox_waiting", (), NOW, 3.0),
        Figure("outbox_parked", (), NOW, 1.0, 0.0, detail={"key": "P-00001", "why": "message too large"}),
        Figure("store_up", (), NOW, 1.0, 1.0),
        Figure("broker_up", (), NOW - timedelta(hours=2), 1.0, 1.0),
        Figure("disk_free", (), NOW, 0.41, 0.1),
        Figure("service_availability", (), NOW, 0.9995, 0.999),
        Figure("error_budget_left", (), NOW, 0.42, 0.0),
        Figure("runs_failed", (), NOW, 0.004, 0.05),
        Figure("runs_stuck", (), NOW, 0.0, 0.0),
        Figure("certificate_violation", (), NOW, 3.1e-12, 1e-8),
        Figure("certificate_gap", (), NOW, None, 1e-6, "no run in the window"),
    ]


def made_alert(rule: str, of: tuple[tuple[str, str], ...], state: AlertState = AlertState.FIRING, **given: object) -> Alert:
    """An alert that has been open for two hours, its value half as much again as its limit."""
    since = NOW - timedelta(hours=2)
    base = Alert(
        alert_id=alert_id_of(rule, of, since), rule=rule, group="books", severity=Severity.WARN, of=of, state=state,
        since=since, seen_at=NOW, value=0.045, limit=0.03, worst=0.051, figures={"book_drift": 0.045},
        summary="AAPL is 4.50 % from its target; the policy's band is 3.00 %.", runbook="book-drift",
        fired_at=since + timedelta(minutes=10),
    )  # fmt: skip
    return base.changed(**given)


def _alerts(names: list[str]) -> list[Alert]:
    parked = Figure("outbox_parked", (), NOW, 1.0, 0.0)
    return [
        *(made_alert("BookDrift", labels(portfolio=name)) for k, name in enumerate(names) if k % 7 == 3 and k < 700),
        made_alert("BookBlind", labels(portfolio=names[-1]), AlertState.UNKNOWN, blind_since=NOW - HOUR, value=None),
        made_alert(
            "EventsParked", parked.of, severity=Severity.PAGE, group="service", value=1.0, limit=0.0, worst=2.0,
            figures={"outbox_parked": 1.0}, summary="An event is parked.", runbook="events-parked",
            acknowledged_by="desk@example.org", acknowledged_at=NOW - timedelta(hours=1), note="the broker is being mended",
        ),
        made_alert("BookVolatility", labels(portfolio=names[0]), AlertState.PENDING, fired_at=None),
        made_alert("BookDrift", labels(portfolio=names[0]), AlertState.RESOLVED, resolved_at=NOW - timedelta(minutes=50)),
    ]  # fmt: skip


def _silences(names: list[str]) -> list[Silence]:
    quiet = labels(portfolio=names[min(3, len(names) - 1)])
    ends = NOW + timedelta(hours=3)
    return [
        Silence("silence-1", quiet, NOW - timedelta(hours=1), ends, "ops@example.org", "a corporate action is being booked")
    ]
