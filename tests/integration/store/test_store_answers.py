"""Every question leaves its rows in S1's and S2's tables, from every door that has a store, and none where there is none."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import small_book
from sqlalchemy import func, select

import portopt
from portopt import runtime as runtime_module
from portopt.adapters.store import models
from portopt.dialects.strategy import read_request, write_response
from portopt.doors import cli
from portopt.questions.weights import optimize as certified
from portopt.runs import answers
from portopt.runtime import Runtime
from portopt.settings import Settings

REQUEST = {
    "portfolio_id": "P7",
    "strategies": [
        {"id": "a", "expected_return": 0.10, "volatility": 0.2, "current_weight": 0.5},
        {"id": "b", "expected_return": 0.06, "volatility": 0.1, "current_weight": 0.5},
    ],
    "objective": "MIN_VOLATILITY",
    "method": "MEAN_VARIANCE",
    "constraints": {"max_weight": 0.9},
    "risk_parameters": {"correlation": [[1, 0], [0, 1]]},
}
RETURNS = {
    **REQUEST,
    "strategies": [
        {"id": name, "returns": [((k * step) % 7 - 3) / 100 for k in range(80)], "current_weight": 1 / 3}
        for name, step in (("a", 3), ("b", 4), ("c", 5))
    ],
    "risk_parameters": {},
}


@pytest.fixture
def installed(store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """An installation on this database, as the command line finds it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PORTOPT_DATABASE_URL", url)
    runtime_module.runtime.cache_clear()
    return runtime_module.runtime()


def asked(tmp_path: Path, document: Any, name: str = "request.json") -> str:
    (tmp_path / name).write_text(json.dumps(document))
    return str(tmp_path / name)


def rows(runtime: Runtime, table) -> list[dict[str, Any]]:
    with runtime.runs._reading() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def test_an_optimization_leaves_its_rows_once_however_often_it_is_asked(installed, tmp_path, capsys):
    for _ in range(2):
        assert cli.run(["optimize", asked(tmp_path, REQUEST), "--json"]) == 0
    weights = {"a": pytest.approx(0.2), "b": pytest.approx(0.8)}  # in proportion to 1 / variance
    (request,) = rows(installed, models.optimization_requests)
    assert (request["portfolio_id"], request["optimization_type"], request["objective"]) == ("P7", "mean_variance", "min_risk")
    assert (request["status"], request["constraints"]["max_weight"]) == ("completed", 0.9)
    (result,) = rows(installed, models.optimization_results)
    assert (result["target_allocation"], result["current_allocation"]) == (weights, {"a": 0.5, "b": 0.5})
    (stored,) = rows(installed, models.strategy_optimization_results)
    assert stored["optimal_weights"] == weights
    assert stored["optimization_metadata"]["optimization_time_ms"] > 0.0
    for table in (models.optimization_configurations, models.portfolio_optimizations, models.portfolio_optimization_ts):
        assert len(rows(installed, table)) == 1
    (run,) = installed.runs.runs()
    assert run.run_id.startswith("opt-")
    assert installed.runs.get(run.run_id).is_whole


def test_an_optimization_releases_one_event_in_s1s_words_which_a_command_delivers(installed, tmp_path, capsys):
    for _ in range(2):
        assert cli.run(["optimize", asked(tmp_path, REQUEST), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out.split("}\n{")[0] + "}")
    (row,) = rows(installed, models.outbox)
    assert (row["key"], row["run_id"]) == ("P7", installed.runs.runs()[0].run_id)
    (line,) = installed.settings.event_log_path.read_text().splitlines()
    body = json.loads(line)["data"]
    assert body == row["body"]
    assert list(body) == ["event_id", "portfolio_optimized", "schema_version", "timestamp"]
    optimized = body["portfolio_optimized"]
    metadata = optimized.pop("optimization_metadata")
    figures = ("portfolio_id", "optimal_weights", "expected_return", "expected_volatility", "sharpe_ratio")
    assert optimized == {name: answer[name] for name in figures}
    assert isinstance(metadata["optimization_time_ms"], int)
    assert metadata | {"optimization_time_ms": 0} == answer["optimization_metadata"] | {"optimization_time_ms": 0}


def test_a_services_answers_leave_their_events_to_its_relay_in_the_same_transaction(installed, tmp_path):
    request = read_request(REQUEST)
    document = write_response(request, certified(request))
    answers.keep("optimize", request, document, installed)
    answers.keep_all("optimize", [(request, document), (read_request({**REQUEST, "portfolio_id": "P8"}), document)], installed)
    assert [row["key"] for row in rows(installed, models.outbox)] == ["P7", "P8"]
    assert installed.runs.outbox().waiting == 2
    assert not installed.settings.event_log_path.exists()


def test_what_optimizes_no_portfolio_releases_no_event(installed, tmp_path, capsys):
    assert cli.run(["frontier", asked(tmp_path, REQUEST), "--points", "5", "--json"]) == 0
    assert cli.run(["sensitivity", asked(tmp_path, REQUEST), "--json"]) == 0
    assert rows(installed, models.outbox) == []


def test_a_frontier_leaves_its_rows(installed, tmp_path, capsys):
    words = ["frontier", asked(tmp_path, REQUEST), "--points", "5", "--min-return", "0.07", "--json"]
    assert cli.run(words) == 0
    document = json.loads(capsys.readouterr().out)
    (request,) = rows(installed, models.efficient_frontier_requests)
    assert (request["points"], float(request["min_return"]), request["max_risk"]) == (5, 0.07, None)
    assert (request["risk_measure"], request["status"]) == ("volatility", "completed")
    (result,) = rows(installed, models.efficient_frontier_results)
    (read,) = rows(installed, models.efficient_frontiers)
    for row in (result, read):
        assert row["frontier_points"] == document["efficient_frontier"]
        assert row["optimal_portfolio"] == document["optimal_portfolio"]
    assert read["frontier_id"].startswith("fro-")


def test_a_factor_analysis_leaves_its_rows(installed, tmp_path, capsys):
    assert cli.run(["factors", asked(tmp_path, RETURNS), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (request,) = rows(installed, models.factor_analysis_requests)
    assert request["factors"] == [line["factor"] for line in document["exposures"]]
    (result,) = rows(installed, models.factor_analysis_results)
    (read,) = rows(installed, models.factor_exposures)
    for row in (result, read):
        assert (row["exposures"], row["attribution"]) == (document["exposures"], document["attribution"])
    assert (read["as_of"].hour, read["analysis_id"][:4]) == (0, "fac-")


def test_further_questions_are_runs_with_their_answers(installed, tmp_path, capsys):
    plain, returns = asked(tmp_path, REQUEST), asked(tmp_path, RETURNS, "returns.json")
    batch = asked(tmp_path, [REQUEST, {**REQUEST, "portfolio_id": "P8"}, {}], "batch.json")
    questions = [
        ["pareto", plain, "--axes", "return,risk", "--points", "5"],
        ["lexicographic", plain, "--order", "risk,return"],
        ["sensitivity", plain],
        ["risk", returns],
        ["forecasts", returns, "--window", "20", "--step", "10", "--covariances", "sample", "--means", "historical_mean"],
        ["batch", batch],
    ]
    for words in questions:
        assert cli.run([*words, "--json"]) == 0
    kinds = sorted(run.kind for run in installed.runs.runs())
    assert kinds == sorted(["pareto", "lexicographic", "sensitivity", "risk", "forecasts", "optimize", "optimize"])
    assert installed.runs.examine().damaged == ()
    assert cli.run(["runs"]) == 0
    capsys.readouterr()
    asked_of = next(run.run_id for run in installed.runs.runs() if run.kind == "risk")
    for words in (["explain", asked_of], ["replay", asked_of], ["report", asked_of], ["approve", asked_of]):
        assert cli.run([*words, "--json"]) == 2
        assert "is the answer to `portopt risk`" in json.loads(capsys.readouterr().out)["detail"]


def test_what_rests_on_prices_names_its_pack_which_is_kept(installed, tmp_path, capsys):
    prices, holdings = tmp_path / "prices.csv", tmp_path / "holdings.csv"
    small_book.prices().write_csv(prices)
    pl.DataFrame({"asset": ["A", "B", "C"], "shares": [100, 50, 10]}).write_csv(holdings)
    words = ["--holdings", str(holdings), "--prices", str(prices), "--policy", "aggressive_growth", "--json"]
    policy = tmp_path / "policy.json"
    small = {"id": "small", "name": "Small", "objective": {"kind": "min_risk"}, "limits": {"long_only": True}}
    policy.write_text(json.dumps({"policies": [small]}))
    words[words.index("aggressive_growth")] = str(policy)
    for question in ("frontier", "factors"):
        assert cli.run([question, *words]) == 0, capsys.readouterr()
        pack = json.loads(capsys.readouterr().out)["pricing_pack_id"]
        assert installed.packs.get(pack).asset_ids == ("A", "B", "C")
    assert {run.pricing_pack_id for run in installed.runs.runs()} == {pack}
    assert installed.runs.packs_needed() == {pack}
    (read,) = rows(installed, models.factor_exposures)
    assert read["as_of"] == datetime(2024, 4, 29, tzinfo=UTC)


def test_a_rebalance_is_the_newest_optimization_of_its_portfolio(installed):
    record = small_book.rebalance(installed)
    (row,) = rows(installed, models.portfolio_optimization_ts)
    assert (row["optimization_id"], row["portfolio_id"], row["timestamp"]) == (record.run_id, "P1", record.completed_at)
    assert row["optimal_weights"] == {
        line["asset_id"]: line["weight_after"] for line in record.document["proposal"] if line["weight_after"]
    }
    assert row["expected_volatility"] == next(f["after"] for f in record.document["figures"] if f["name"] == "volatility")


def test_the_notebook_leaves_the_same_rows_as_the_command_line(installed, tmp_path, capsys):
    assert cli.run(["optimize", asked(tmp_path, REQUEST), "--json"]) == 0
    (by_command,) = rows(installed, models.optimization_results)
    question = read_request(REQUEST)
    given = {"expected_returns": {"a": 0.10, "b": 0.06}, "covariance": [[0.04, 0.0], [0.0, 0.01]]}
    portopt.optimize(objective="min_risk", limits={"max_weight": 0.9}, **given)
    portopt.frontier(question, points=5)
    results = {row["optimization_id"]: row for row in rows(installed, models.optimization_results)}
    assert len(results) == 2
    by_notebook = next(row for key, row in results.items() if key != by_command["optimization_id"])
    assert by_notebook["target_allocation"] == pytest.approx(by_command["target_allocation"])
    assert len(rows(installed, models.efficient_frontiers)) == 1


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(installed, tmp_path, capsys, caplog, monkeypatch):
    monkeypatch.setattr("portopt.adapters.store.sql.SqlStore.complete_all", _no_room)
    with caplog.at_level(logging.WARNING):
        assert cli.run(["optimize", asked(tmp_path, REQUEST), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["optimal_weights"]
    assert "the record of the answer" in caplog.text


def _no_room(*_: Any) -> int:
    raise OSError(28, "No space left on device")


def test_without_a_store_a_question_makes_none(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PORTOPT_DATABASE_URL", raising=False)
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    runtime_module.runtime.cache_clear()
    assert answers.nothing_is_kept_here()
    assert cli.run(["optimize", asked(tmp_path, REQUEST), "--json"]) == 0
    assert not (tmp_path / "home").exists()
    small_book.rebalance(Runtime(Settings(home=tmp_path / "home")))
    assert not answers.nothing_is_kept_here()


def test_the_tables_hold_as_many_rows_as_questions_were_asked(installed, tmp_path, capsys):
    requests = [{**REQUEST, "portfolio_id": f"P{k}"} for k in range(20)]
    assert cli.run(["batch", asked(tmp_path, requests), "--json"]) == 0
    with installed.runs._reading() as connection:
        for table in (models.runs, models.optimization_results, models.portfolio_optimization_ts):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 20
