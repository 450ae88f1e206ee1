"""The terminal: complete at eighty columns, literal about names, and every problem with its fixes."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from portopt.document.difference import decision_difference
from portopt.document.formats import money, percent, shares
from portopt.domain.diagnosis import Conflict, Diagnosis, Fix, Relaxation
from portopt.domain.errors import DataError, DeadlineExceeded, InvalidValue, UnknownField
from portopt.domain.infeasible import infeasible_request
from portopt.reports.allocation import allocation_summary
from portopt.reports.terminal import (
    html_summary,
    print_doctor,
    print_explanation,
    print_frontier,
    print_pack_difference,
    print_problem,
    print_rebalance,
    print_runs,
)


def printed(show, *arguments, width: int = 100, **named) -> str:
    out = io.StringIO()
    show(*arguments, Console(file=out, width=width, color_system=None), **named)
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_proposal_is_complete_at_every_width(document, width):
    text = printed(print_rebalance, document, width=width, report_path="reports/one.html")

    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for trade in document["trades"]:
        signed = trade["shares"] if trade["side"] == "buy" else -trade["shares"]
        line = next(line for line in text.splitlines() if line.startswith(trade["asset_id"] + " "))
        for cell in (shares(signed, signed=True), money(trade["value"], "USD"), money(trade["cost"], "USD")):
            assert cell in line
        assert trade["why"].split()[0] in text
    for row in document["figures"]:
        assert row["label"] in text
    assert percent(document["headline"]["turnover"]) in text
    assert "✓ certified" in text
    assert document["run_id"] in text
    assert "report reports/one.html" in text


def test_names_are_printed_as_they_are_and_never_as_markup(document):
    named = {**document, "portfolio_id": "[red]P[/red]", "policy": {**document["policy"], "name": "[link=x]y"}}
    text = printed(print_rebalance, named)
    assert "[red]P[/red]" in text
    assert "[link=x]y" in text


def test_an_infeasible_request_says_what_was_asked_what_conflicts_and_what_was_tried(outcome):
    diagnosis = Diagnosis(
        conflicts=(Conflict(("max_weight", "max_turnover"), "30.00 % must go, 25.00 % may"),),
        fixes=(
            Fix((Relaxation("max_turnover", 0.05, "fraction", "25 %", "30 %"),), True, "raise max_turnover to 30.00 %", 0.0),
            Fix((Relaxation("max_weight", 0.05, "fraction", "15 %", "20 %"),), False, "an untried idea", 0.0),
        ),
        insufficient=("cash",),
        complete=True,
        found_by="search",
        seconds=0.1,
    )

    text = printed(print_problem, infeasible_request(outcome.problem, diagnosis).problem(), width=80)

    assert "max_weight and max_turnover: 30.00 % must go, 25.00 % may" in text
    assert "each position at most 15.00 %" in text
    assert "raise max_turnover to 30.00 %" in text
    assert "untried" not in text
    assert "opening cash alone does not help" in text
    assert "that is all of them" in text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UnknownField("max_wieght", ["max_weight", "cash"], path="limits", value=0.1), ["limits.max_wieght = 0.1", "rename"]),
        (InvalidValue("limits.cash", -1, "is negative", fix="write 0.02"), ["limits.cash = -1", "write 0.02"]),
        (
            DataError("no price for [X]", measured={"assets_priced": 3}, fixes=["add it"]),
            ["no price for [X]", "assets priced: 3"],
        ),
    ],
)
def test_an_error_says_what_was_asked_found_and_to_be_done(error, said):
    text = printed(print_problem, error.problem())
    assert error.code in text
    for part in said:
        assert part in text


def test_a_frontier_lists_its_points_and_the_portfolios_to_compare_with():
    point = {"return": 0.08, "risk": 0.12, "sharpe": 0.5, "weights": {"AAPL": 0.75, "CASH": 0.25, "XOM": 0.0}}
    frontier = {
        "portfolio_id": "P1",
        "efficient_frontier": [point, {**point, "return": 0.10, "risk": 0.15, "sharpe": None}],
        "current_portfolio": None,
        "optimal_portfolio": point,
        "min_risk_portfolio": point,
        "max_return_portfolio": point,
    }
    text = printed(print_frontier, frontier, width=80)
    assert "AAPL 75.0 %, CASH 25.0 %" in text
    assert "XOM" not in text
    assert "15.00 %" in text
    assert "min risk" in text
    assert "current" not in text


def test_an_explanation_gives_every_position_its_reason_and_every_binding_limit_its_price(document):
    text = printed(print_explanation, {**document, "status": "completed"}, width=120)
    for row in document["proposal"]:
        if row["side"]:
            assert f"{percent(row['weight_before'], 1)} → {percent(row['weight_after'], 1)}" in text
            assert row["why"] in " ".join(text.split())
    assert "21 bps a year" in text
    assert "≤ 5.1 bps a year" in text


def test_the_explanation_of_a_run_that_failed_is_its_problem():
    failed = {"run_id": "reb-1", "status": "failed", "problem": DataError("no price for XOM").problem()}
    assert "no price for XOM" in printed(print_explanation, failed)


def test_runs_are_listed_a_line_each_and_an_empty_store_says_how_to_begin():
    run = {"run_id": "reb-20221228-0123456789abcdef0123", "portfolio_id": "P1", "status": "awaiting_approval"}
    run |= {"as_of": "2022-12-28", "trades": 4, "turnover": 0.1234}
    text = printed(print_runs, [run, {**run, "status": "failed", "trades": None, "turnover": None}], width=100)
    assert "awaiting approval" in text
    assert "12.3 %" in text
    assert text.count(run["run_id"]) == 2
    assert "portopt rebalance" in printed(print_runs, [])


def test_a_run_without_a_proposal_is_listed_with_the_reason():
    run = {"run_id": "reb-1", "portfolio_id": "P1", "as_of": "2022-12-28", "trades": None, "turnover": None}
    late = {**run, "status": "failed", "problem": DeadlineExceeded(0.5, "solving").problem()}
    begun = {**run, "run_id": "reb-2", "status": "running", "problem": None}
    text = " ".join(printed(print_runs, [late, begun], width=100).split())
    assert "reb-1 There was no answer in the time given: the 0.5 seconds given were over while solving" in text
    assert text.count("reb-2") == 1


def test_a_failed_check_comes_with_its_fix():
    health = {
        "ok": False,
        "checks": [
            {"name": "store", "ok": True, "detail": "sqlite", "fix": None},
            {"name": "home", "ok": False, "detail": "not writable", "fix": "set PORTOPT_HOME"},
        ],
    }
    text = printed(print_doctor, health)
    assert "✗" in text
    assert "→ set PORTOPT_HOME" in text
    assert "1 check failed" in text


def test_a_difference_of_packs_shows_prices_and_decision(document):
    changed = [["S01", "2022-12-01", 100.0, 110.0]]
    data = {
        "assets_added": ["NEW"],
        "assets_removed": [],
        "dates_added": [],
        "dates_removed": ["2022-12-02"],
        "prices_changed": changed,
        "prices_changed_count": 1,
        "manifest": {},
    }
    difference = {"a": "pack-a", "b": "pack-b", "data": data, "decision": decision_difference(document, document)}
    text = printed(print_pack_difference, difference)
    assert "1 added (NEW)" in text
    assert "+10.00 %" in text
    assert "The two runs decide the same." in text


def test_the_notebook_shows_the_trades_with_everything_escaped(document):
    trade = {**document["trades"][0], "asset_id": "<b>X</b>", "why": "<script>"}
    text = html_summary({**document, "trades": [trade]})
    assert "&lt;b&gt;X&lt;/b&gt;" in text
    assert "<script>" not in text
    assert money(trade["value"], "USD") in text


def test_the_notebook_shows_an_allocation_without_its_zeros(outcome):
    text = allocation_summary({"A<": 0.6, "B": 0.4, "C": 0.0}, {"Volatility": 0.1}, None, outcome.validated.certificate)
    assert text.index("A&lt;") < text.index("40.00 %")
    assert "<td" in text
    assert ">C<" not in text
    assert "certified" in text
