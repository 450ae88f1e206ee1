"""Every panel of every dashboard: its metrics are ours, and a real Prometheus that reads the service answers its queries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from integration.service.serving import Served
from integration.service.strategies import asked
from integration.watch_surfaces.prometheus import Prometheus, prometheus
from support import REPOSITORY, wait_for

from portopt.monitoring.catalog import CATALOG
from portopt.monitoring.prometheus_names import limit_metric_of, metric_of
from portopt.monitoring.rules.prometheus import RULES_FILE
from portopt.monitoring.rules.standard import shipped_rules

BOARDS = sorted((REPOSITORY / "config" / "deploy" / "grafana" / "dashboards").glob("*.json"))
DEPLOYED_RULES = REPOSITORY / "config" / "deploy" / "prometheus" / RULES_FILE
BEHIND = re.compile(r"_(?:bucket|sum|count)$")


def panels(board: Path) -> list[dict]:
    return list(json.loads(board.read_text(encoding="utf-8"))["panels"])


def expressions(board: Path) -> list[str]:
    return [target["expr"] for panel in panels(board) for target in panel["targets"]]


EVERY = [(board.stem, expression) for board in BOARDS for expression in expressions(board)]


def names_of(expression: str) -> set[str]:
    return set(re.findall(r"\bportopt_\w+", expression))


@pytest.fixture(scope="module")
def asked_of(watched: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus that has read the service at least twice, with calls in between."""
    watched.client.post("/optimize", json=asked())
    watched.client.post("/optimize", json={})
    with prometheus(tmp_path_factory.mktemp("prometheus"), urlsplit(watched.url).netloc, DEPLOYED_RULES) as started:
        wait_for(lambda: bool(started.ask('count_over_time(up{job="portopt"}[1m]) > 1')), 60, "nothing was read")
        watched.client.post("/optimize", json=asked())
        watched.client.post("/optimize", json={})
        yield started


def test_there_are_boards_for_books_runs_and_the_service() -> None:
    assert {board.stem for board in BOARDS} >= {"books", "runs", "service", "portopt"}
    assert len(EVERY) > 50


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.stem)
def test_a_board_is_one_that_grafana_reads(board: Path) -> None:
    told = json.loads(board.read_text(encoding="utf-8"))
    assert told["schemaVersion"] >= 39
    assert all(told[name] for name in ("uid", "title", "panels"))
    ids = [panel["id"] for panel in told["panels"]]
    assert len(set(ids)) == len(ids)
    places = [panel["gridPos"] for panel in told["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(set(cells)) == len(cells), "panels lie over each other"
    for panel in told["panels"]:
        assert panel["datasource"] == {"type": "prometheus", "uid": "prometheus"}
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEF"[: len(panel["targets"])])


def test_every_metric_of_a_panel_is_one_that_the_service_gives(watched: Served) -> None:
    text = httpx.get(f"{watched.url}/metrics", timeout=60.0).text
    given = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    named = {name for _, expression in EVERY for name in names_of(expression)}
    assert sorted(name for name in named if name not in given and BEHIND.sub("", name) not in given) == []


def test_every_figure_of_the_catalog_is_on_some_panel() -> None:
    named = {name for _, expression in EVERY for name in names_of(expression)}
    shown = {name for name, about in CATALOG.items() if "run" not in about.labels and name != "book_value"}
    assert sorted(name for name in shown if metric_of(name) not in named) == []
    assert limit_metric_of("book_drift") in named


def test_every_query_of_every_panel_is_answered_with_series(asked_of: Prometheus) -> None:
    left: list[tuple[str, str]] = list(EVERY)

    def all_answered() -> bool:
        left[:] = [pair for pair in left if not asked_of.ask(pair[1])]
        print(left)
        return not left

    wait_for(all_answered, 60, "some query has no series; which one is printed")
    assert {board for board, _ in EVERY} == {board.stem for board in BOARDS}  # none of them was without a query


def test_a_query_that_names_no_metric_of_ours_would_be_seen(asked_of: Prometheus) -> None:
    assert asked_of.ask("last_over_time(portopt_book_drift_fraction[1d])") == []


def test_prometheus_holds_the_figures_of_the_store_and_their_words(watched: Served, asked_of: Prometheus) -> None:
    from datetime import UTC, datetime

    stored = watched.runtime().figures.latest(datetime(2000, 1, 1, tzinfo=UTC), names=["book_tracking_error"])
    known = {f.portfolio_id: f.value for f in stored if f.value is not None}
    told = asked_of.ask("last_over_time(portopt_book_tracking_error_ratio[1d])")
    assert {series["metric"]["portfolio"]: float(series["value"][1]) for series in told}.items() <= known.items()
    assert len(told) > 8
    words = asked_of.metadata()["portopt_book_tracking_error_ratio"][0]
    assert words["type"] == "gauge"
    assert words["help"].startswith(CATALOG["book_tracking_error"].says)


def test_prometheus_evaluates_every_rule_of_the_deployment_on_what_it_read(asked_of: Prometheus) -> None:
    """Without an error; and what is beyond its threshold is an alert there too, with its book."""

    def all_evaluated() -> bool:
        return all(rule["health"] != "unknown" for rule in asked_of.rules())

    wait_for(all_evaluated, 60, "the rules were not evaluated")
    found = {rule["name"]: rule for rule in asked_of.rules()}
    assert set(found) == {rule.name for rule in shipped_rules()}
    assert {name: rule.get("lastError") for name, rule in found.items() if rule["health"] != "ok"} == {}
    books = {alert["labels"]["portfolio"] for alert in found["tracking_error_over_limit"]["alerts"]}
    assert books == {"P-00003", "P-00010"}
