"""Decisions that failed: each reason once, its worst day, and the change that lets the others through when it is tried."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from made_walks import IDS, history, policy, request
from offline_page import Page
from rich.console import Console

from portopt.document.backtest import backtest_document
from portopt.document.failures import failures_of
from portopt.domain.universe import Asset, Universe
from portopt.questions.backtest import backtest
from portopt.questions.through_time.backtest import Backtest
from portopt.reports.backtest_terminal import print_backtest
from portopt.reports.through_time.page import html

SECTORED = Universe(tuple(Asset(a, sector=s) for a, s in zip(IDS, ("tech", "tech", "banks", "food"), strict=True)))
START = {"AA": 0.38, "BB": 0.12, "CC": 0.25, "DD": 0.25}


@cache
def drifted(error: float = 0.005, seed: int = 3) -> dict[str, Any]:
    """A benchmark whose largest position doubles, against a cap of 40 % and a narrow tracking error."""
    prices = history(200, seed=seed).prices * np.column_stack([np.linspace(1.0, 2.5, 200), *[np.ones(200)] * 3])
    asked = request(
        on=policy(max_weight=0.4, max_tracking_error=error), universe=SECTORED, benchmark=START, rebalance=({"every": 15},)
    )
    return backtest_document(backtest(Backtest(asked, history(prices=prices)), sweep=False), "bt-1")


def test_what_stood_in_the_way_is_told_once_with_every_date_and_where_the_benchmark_had_drifted() -> None:
    document = drifted()
    failed = [row["date"] for row in document["rebalances"] if row["status"] == "failed"]
    (group,) = document["failures"]
    assert group["dates"] == failed
    assert group["count"] == len(failed) > 2
    assert group["limits"] == ["max_weight", "max_tracking_error"]
    assert "max_weight and max_tracking_error cannot hold together" in group["reason"]
    (note,) = group["notes"]
    assert "tech, its largest sector, and" in note
    assert "AA, its largest position" in note


def test_the_change_that_is_told_lets_the_decision_of_that_day_through() -> None:
    """The same history under the changed limit alone: until the first failure nothing differs, and there none is left."""
    (group,) = drifted()["failures"]
    fixes = {fix["limit"]: fix for fix in group["fixes"]}
    assert fixes["max_tracking_error"]["lets_through"] == group["count"]
    wider = float(fixes["max_tracking_error"]["after"].split("at most ")[1].split(" %")[0]) / 100.0
    again = drifted(round(wider + 1e-4, 5))
    assert group["dates"][0] not in [row["date"] for row in again["failed"]]


def test_the_page_says_it_in_one_note() -> None:
    document = json.loads(json.dumps(drifted()))
    page = html(document)
    assert Page(page).errors == []
    assert page.count("cannot hold together") <= 2  # in the note, and in the data that the page carries
    assert "lets all of them through" in page
    assert "The benchmark drifts with prices" in page


def problem(fixes: list[dict[str, Any]], limits: tuple[str, ...] = ("a", "b")) -> dict[str, Any]:
    return {"code": "infeasible", "title": "No", "detail": "d", "measured": {"conflicts": [{"limits": limits}], "fixes": fixes}}


def change(limit: str, by: float, *, verified: bool = True, more: int = 0) -> dict[str, Any]:
    one = {"limit": limit, "by": by, "before": "0", "after": str(by)}
    return {"verified": verified, "relaxations": [one] * (1 + more)}


def test_a_change_counts_where_it_was_tried_alone_and_as_far_as_its_worst_day_needs() -> None:
    rows = [
        {"date": "2020-01-02", "problem": problem([change("a", 0.1), change("b", 0.5)]), "notes": []},
        {"date": "2020-02-03", "problem": problem([change("a", 0.3), change("b", 0.1, verified=False)]), "notes": ["n"]},
        {"date": "2020-03-02", "problem": problem([change("a", 0.2), change("b", 0.9, more=1)]), "notes": []},
    ]
    (group,) = failures_of(rows)
    assert [(f["limit"], f["after"], f["lets_through"], f["date"]) for f in group["fixes"]] == [
        ("a", "0.3", 3, "2020-02-03"), ("b", "0.5", 1, "2020-01-02"),
    ]  # fmt: skip
    assert (group["worst"], group["notes"]) == ("2020-02-03", ["n"])


@pytest.mark.parametrize("measured", [None, {}, {"conflicts": []}, {"fixes": ["bring prices"]}])
def test_a_problem_without_limits_is_told_in_its_own_words(measured: Any) -> None:
    rows = [
        {"date": f"2020-01-0{k}", "problem": {"code": "bad_data", "detail": d, "measured": measured}}
        for k, d in ((1, "x"), (2, "x"), (3, "y"))
    ]
    assert [(g["count"], g["reason"], g["fixes"]) for g in failures_of(rows)] == [(2, "x", []), (1, "y", [])]


def test_nothing_failed_is_nothing_to_tell() -> None:
    asked = request(on=policy(max_weight=0.5))
    assert backtest_document(backtest(Backtest(asked, replace(history(100))), sweep=False), "bt-1")["failures"] == []


def test_a_terminal_reads_the_reason_the_drift_the_change_the_years_and_the_factors() -> None:
    made = drifted()
    parts = [{"name": "market", "exposure": 0.9, "contribution": 0.05, "share": 0.8}]
    attribution = {"factors": parts, "expected_factors": {"decisions": 3, "parts": [{**parts[0], "exposure": 1.1}]}}
    of_a_year = {**dict.fromkeys(("net", "benchmark", "active", "equal_weight"), 0.1), "fall": -0.2}
    years = [{"year": year, **of_a_year} for year in (2015, 2016)]
    console = Console(record=True, width=200, file=io.StringIO())
    print_backtest({**made, "attribution": attribution, "yearly": years}, console)
    said = console.export_text()
    for words in (
        f"{made['failures'][0]['count']} decisions, worst on", "The benchmark drifts with prices",
        "tried: tracking error at most", "Beyond it", "2016", "Expected exposure", "1.10",
    ):  # fmt: skip
        assert words in said, words
