"""A service whose store holds every figure of the catalog, of a few books and of itself, measured just now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from integration.browser.conftest import browser
from integration.service.conftest import service, serving, sqlite_service
from integration.service.serving import Served
from integration.store.conftest import databases, postgres_url
from made_seen import NOW, made_seen

from portopt.domain.watch import Figure, labels
from portopt.monitoring.catalog import CATALOG
from portopt.runtime import Runtime

__all__ = ["browser", "databases", "postgres_url", "service", "serving", "sqlite_service"]
WITH_LIMITS = {
    "book_drift": 0.03,
    "book_tracking_error": 0.05,
    "book_volatility": 0.15,
    "service_availability": 0.999,
    "measured_gap": 420.0,
}


def keep(runtime: Runtime, books: int = 12, *, series_of: int = 12) -> datetime:
    """Made figures, alerts and silences, as if they had been measured now; every figure of the catalog among them."""
    now = datetime.now(UTC).replace(microsecond=0)
    later = now - NOW
    seen = made_seen(books, series_of=series_of)
    figures = [replace(f, at=f.at + later) for f in (*seen.series, *seen.figures)]
    runtime.figures.put([*figures, *every_figure(now)])
    times = ("since", "seen_at", "fired_at", "resolved_at", "blind_since", "acknowledged_at")
    alerts = [a.changed(**{name: at + later for name in times if (at := getattr(a, name))}) for a in seen.alerts]
    silences = [replace(s, starts=s.starts + later, ends=s.ends + later) for s in seen.silences]
    runtime.alerts.save(alerts, (), silences, on=runtime.alerts.standing().version, at=now, channels=())
    return now


def every_figure(now: datetime) -> list[Figure]:
    """One of each, of the book P-all where it is of a book."""
    of = {"portfolio": "P-all", "stage": "whole", "size": "500", "engine": "cvxpy", "run": "reb-1", "channel": "mail"}
    return [
        Figure(name, labels(**{label: of[label] for label in watched.labels}), now, 0.01, WITH_LIMITS.get(name))
        for name, watched in CATALOG.items()
    ]


@pytest.fixture(scope="module")
def watched(serving: Callable[..., Served]) -> Served:
    """A service on a store with figures and alerts of 14 books, of which 12 have series of their own."""
    served = serving(processes=1, metric_books=12)
    keep(served.runtime())
    return served
