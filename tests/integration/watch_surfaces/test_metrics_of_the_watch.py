"""What Prometheus reads of the watch: every figure of the catalog out of the store, within bounds, and what it may not see."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from integration.watch_surfaces.conftest import WITH_LIMITS, keep
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from portopt.doors.wire.figure_metrics import WatchMetrics
from portopt.monitoring.catalog import CATALOG
from portopt.monitoring.prometheus_names import limit_metric_of, metric_of
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def families(runtime: Runtime, *, of_books: bool = True) -> dict[str, Metric]:
    """As a scraper reads them."""
    registry = CollectorRegistry()
    registry.register(WatchMetrics(runtime, of_books=of_books))
    return {family.name: family for family in text_string_to_metric_families(generate_latest(registry).decode())}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """Figures and alerts of 14 books, of which 12 have series of their own."""
    runtime = open_runtime(Settings(home=tmp_path_factory.mktemp("kept"), metric_books=12))
    keep(runtime)
    return runtime


def values(family: Metric) -> dict[str, float]:
    return {",".join(f"{k}={v}" for k, v in sorted(sample.labels.items())): sample.value for sample in family.samples}


def test_every_figure_of_the_catalog_is_there_with_its_words_and_the_instant_of_its_measurement(kept: Runtime) -> None:
    found = families(kept)
    of_runs = [name for name, about in CATALOG.items() if "run" in about.labels]  # as many as there are runs
    assert [name for name in CATALOG if metric_of(name) not in found] == of_runs
    for name, about in CATALOG.items():
        if name in of_runs:
            continue
        family = found[metric_of(name)]
        assert family.documentation.startswith(about.says)
        assert family.type == "gauge"
        assert all(sample.timestamp is not None for sample in family.samples)
        assert all(set(sample.labels) == set(about.labels) for sample in family.samples)
    assert {limit_metric_of(name) for name in WITH_LIMITS} <= set(found)


def test_what_is_told_is_what_the_store_holds(kept: Runtime) -> None:
    found = families(kept)
    stored = {f.subject: f.value for f in kept.figures.latest(LONG_AGO, names=["book_drift"])}
    known = {subject: value for subject, value in stored.items() if value is not None}
    told = values(found["portopt_book_drift_ratio"])
    assert set(stored) - set(known) == {"portfolio=P-00008"}
    assert told.items() <= known.items()
    assert len(known) - len(told) == values(found["portopt_books_rest"])["figure=book_drift,statistic=count"] > 0


def test_alerts_are_counted_by_state_and_rule(kept: Runtime) -> None:
    found = families(kept)
    assert values(found["portopt_alerts"]) == {"state=firing": 3.0, "state=pending": 1.0, "state=unknown": 1.0}
    by_rule = values(found["portopt_alerts_of_rule"])
    assert by_rule["rule=BookDrift,severity=warn,state=firing"] == 2.0
    assert by_rule["rule=EventsParked,severity=page,state=firing"] == 1.0


def test_what_is_unknown_is_counted_and_has_no_value(kept: Runtime) -> None:
    found = families(kept)
    unknown = values(found["portopt_figures_unknown"])
    assert (unknown["figure=book_drift"], unknown["figure=book_volatility_ratio"]) == (1.0, 11.0)
    assert "portfolio=P-00008" not in values(found["portopt_book_drift_ratio"])
    assert set(values(found["portopt_book_volatility_ratio_number"])) == {"portfolio=P-all"}


def test_of_more_books_than_are_named_the_worst_are_and_the_others_are_told_together(tmp_path: Path) -> None:
    runtime = open_runtime(Settings(home=tmp_path, metric_books=4))
    keep(runtime, 40, series_of=1)
    found = families(runtime)
    assert len(values(found["portopt_book_violation_ratio"])) == 3  # of the four worst one has none
    assert values(found["portopt_books_named"]) == {"": 4.0}
    assert sum(values(found["portopt_books"]).values()) == 41.0
    assert "Of the 4 worst of 41 books" in found["portopt_book_violation_ratio"].documentation
    stored = [f for f in runtime.figures.latest(LONG_AGO, names=["book_volatility"]) if f.value is not None]
    named = set(values(found["portopt_book_volatility_ratio"]))
    others = [f.value for f in stored if f.subject not in named]
    rest = values(found["portopt_books_rest"])
    assert rest["figure=book_volatility,statistic=count"] == len(others)
    assert rest["figure=book_volatility,statistic=max"] == max(others)
    assert rest["figure=book_volatility,statistic=min"] == min(others)
    assert abs(rest["figure=book_volatility,statistic=mean"] - sum(others) / len(others)) < 1e-12


def test_where_books_are_not_named_all_are_told_together(kept: Runtime) -> None:
    found = families(kept, of_books=False)
    assert "P-" not in str([family.samples for family in found.values()])
    assert sum(values(found["portopt_books"]).values()) == 13.0
    assert values(found["portopt_books_rest"])["figure=book_drift,statistic=count"] == 12.0


def test_a_home_without_a_database_has_nothing_to_tell_and_is_not_given_one(tmp_path: Path) -> None:
    found = families(open_runtime(Settings(home=tmp_path / "none")))
    assert values(found["portopt_alerts"]) == {"state=firing": 0.0, "state=pending": 0.0, "state=unknown": 0.0}
    assert not (tmp_path / "none").exists()
