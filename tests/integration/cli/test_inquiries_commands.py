"""The further questions from the command line: what they answer, in JSON and in words, and how they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from portopt.doors.cli import run

SAMPLE = Path(__file__).parents[3] / "config/sample/request.json"
SCORES = {"strategy_momentum": 3.0, "strategy_value": 9.0, "strategy_growth": 7.0, "strategy_carry": 5.0}


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    return written(tmp_path, {})


def written(tmp_path: Path, changes: dict[str, Any]) -> Path:
    doc = json.loads(SAMPLE.read_text())
    for strategy in doc["strategies"]:
        strategy["esg_score"] = SCORES[strategy["id"]]
    path = tmp_path / "request.json"
    path.write_text(json.dumps({**doc, **changes}))
    return path


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = run([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_surface_is_solved_drawn_and_located(request_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing = tmp_path / "surface.svg"
    code, surface = answer(capsys, "pareto", str(request_file), "--points", "16", "--plot", str(drawing))
    assert code == 0
    assert surface["axes"] == ["risk", "return", "esg"]
    losses = np.array([[p["amounts"]["risk"], -p["amounts"]["return"], -p["amounts"]["esg"]] for p in surface["points"]])
    for row in losses:
        assert not ((losses < row - 1e-9).all(axis=1)).any()
    assert all(gain >= -1e-9 for gain in surface["current"]["improvement"].values())
    assert all(abs(sum(p["weights"].values()) - 1.0) < 1e-12 for p in surface["points"])
    text = drawing.read_text()
    assert text.startswith("<svg")
    assert "current book" in text


def test_strict_importance_keeps_the_first_axis_at_its_best(request_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = answer(capsys, "lexicographic", str(request_file), "--order", "esg,risk", "--tolerance", "esg=0.05")
    assert code == 0
    esg = sum(SCORES[a] * w for a, w in found["optimal_weights"].items())
    assert found["stages"][0]["best"] - 0.05 - 1e-9 <= esg <= found["stages"][0]["best"] + 1e-9
    assert found["certificate"]["verdict"] == "certified"


def test_a_plan_says_what_to_hold_in_each_period(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    objective = {"kind": "multi_period", "risk_aversion": 4, "periods": 3, "years": 0.25}
    path, drawing = written(tmp_path, {"objective": objective, "method": None}), tmp_path / "plan.svg"
    code, plan = answer(capsys, "periods", str(path), "--plot", str(drawing))
    assert code == 0
    assert [row["period"] for row in plan["periods"]] == [1, 2, 3]
    assert all(row["turnover"] <= 0.25 + 1e-9 for row in plan["periods"])
    assert plan["certificate"]["verdict"] == "certified"
    assert "period 3" in drawing.read_text()
    code, first = answer(capsys, "optimize", str(path))
    assert code == 0
    assert first["optimal_weights"] == pytest.approx(plan["periods"][0]["weights"], abs=1e-12)


def test_periods_of_a_request_without_any_are_refused(request_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, problem = answer(capsys, "periods", str(request_file))
    assert code == 2
    assert problem["asked"]["field"] == "objective"


def test_sensitivities_are_the_slopes_of_solving_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = answer(capsys, "sensitivity", str(written(tmp_path, {})))
    assert code == 0
    (turnover,) = [d for d in found["to_limits"] if d["limit"] == "max_turnover"]
    step = 1e-5
    doc = json.loads((tmp_path / "request.json").read_text())
    doc["constraints"]["turnover_limit"] += step
    _, moved = answer(capsys, "optimize", str(written(tmp_path, {"constraints": doc["constraints"]})))
    for asset, slope in turnover["weights"].items():
        change = (moved["optimal_weights"][asset] - found["optimal_weights"][asset]) / step
        assert change == pytest.approx(slope, abs=1e-3)


def test_one_bad_request_of_a_batch_does_not_hold_up_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doc = json.loads(written(tmp_path, {}).read_text())
    asked = [doc, {**doc, "objective": "MIN_VOLATILITY"}, {**doc, "constraints": {"max_weight": 0.1}}, {"portfolio": 1}]
    path = tmp_path / "requests.json"
    path.write_text(json.dumps(asked))
    code, answers = answer(capsys, "batch", str(path))
    assert code == 0
    assert [a.get("code") for a in answers[2:]] == ["infeasible", "unknown_field"]
    _, alone = answer(capsys, "optimize", str(written(tmp_path, {})))
    assert answers[0]["optimal_weights"] == alone["optimal_weights"]
    assert answers[1]["expected_volatility"] <= answers[0]["expected_volatility"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["pareto", "FILE", "--axes", "return"], "axes"),
        (["pareto", "FILE", "--axes", "return,beauty"], "axes"),
        (["pareto", "FILE", "--confidence", "nan"], "--confidence"),
        (["lexicographic", "FILE", "--order", "esg,esg"], "axes"),
        (["lexicographic", "FILE", "--order", "esg,risk", "--tolerance", "esg=many"], "--tolerance esg"),
        (["pareto", "FILE", "--points", "9", "--plot", "/nowhere/at/all.svg"], "--plot"),
        (["batch", "FILE"], "requests"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    words: list[str], field: str, request_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, problem = answer(capsys, *(str(request_file) if word == "FILE" else word for word in words))
    assert code == 2
    assert problem["asked"]["field"] == field


@pytest.mark.parametrize("words", [["pareto", "--points", "9"], ["sensitivity"], ["lexicographic", "--order", "risk,return"]])
def test_each_answer_has_words_too(words: list[str], request_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([words[0], str(request_file), *words[1:]]) == 0
    assert "strategy_" in capsys.readouterr().out or words[0] == "pareto"


def returns_request(tmp_path: Path, **changes: Any) -> Path:
    rng = np.random.default_rng(0)
    strategies = [
        {"id": a, "sector": "xy"[k % 2], "benchmark_weight": 0.25, "returns": rng.normal(0.0008, 0.004 * (k + 1), 260).tolist()}
        for k, a in enumerate("ABCD")
    ]
    doc = {"portfolio_id": "p", "objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE", "strategies": strategies}
    path = tmp_path / "returns.json"
    path.write_text(json.dumps({**doc, "constraints": {}, "risk_parameters": {}, **changes}))
    return path


def test_every_measure_is_reported_with_its_confidence_and_horizon_and_one_is_taken_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, drawing = returns_request(tmp_path), tmp_path / "risk.svg"
    words = ["risk", str(path), "--risk-measure", "cvar", "--confidence", "0.9", "--plot", str(drawing)]
    code, found = answer(capsys, *words)
    assert code == 0
    figures = {f["name"]: f["value"] for f in found["figures"]}
    assert figures["VaR 95 %, 1 period of 252 a year"]["optimal"] < figures["CVaR 95 %, 1 period of 252 a year"]["optimal"]
    apart = found["decomposition"]["optimal"]
    assert apart["measure"].startswith("CVaR 90 %")
    for kind in ("asset", "sector"):
        assert sum(p["component"] for p in apart["parts"] if p["of"] == kind) == pytest.approx(apart["total"], abs=1e-14)
    losses = -np.array([s["returns"] for s in json.loads(path.read_text())["strategies"]]).T
    held = np.array(list(found["optimal_weights"].values()))
    worst = np.sort(losses @ held)[::-1][:26]
    assert apart["total"] == pytest.approx(worst.mean(), rel=1e-12)
    assert "share of risk" in drawing.read_text()


def test_views_are_told_beside_the_equilibrium_they_start_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    views = {"risk_aversion": 2.5, "views": [{"assets": {"A": 1}, "return": 0.2, "confidence": 1.0}]}
    path = returns_request(tmp_path, method="BLACK_LITTERMAN", risk_parameters={"views": views})
    drawing = tmp_path / "views.svg"
    code, found = answer(capsys, "views", str(path), "--plot", str(drawing))
    assert code == 0
    after = {row["asset_id"]: row["expected_return_after"] for row in found["beliefs"]}
    assert after["A"] == pytest.approx(0.2, abs=1e-12)
    before = {row["asset_id"]: row["expected_return_before"] for row in found["beliefs"]}
    assert before == found["prior_returns"]
    assert "after the views" in drawing.read_text()
    code, response = answer(capsys, "optimize", str(path))
    assert response["portopt"]["method"] == "BLACK_LITTERMAN"


@pytest.mark.parametrize("measure", ["cvar", "mad", "semideviation", "max_drawdown"])
def test_the_frontier_can_be_had_in_any_measure(measure: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, drawing = returns_request(tmp_path), tmp_path / "frontier.svg"
    words = ["frontier", str(path), "--points", "6", "--risk-measure", measure, "--plot", str(drawing)]
    code, found = answer(capsys, *words)
    assert code == 0
    points = found["efficient_frontier"]
    assert [p["risk"] for p in points] == sorted(p["risk"] for p in points)
    assert [p["return"] for p in points] == sorted(p["return"] for p in points)
    assert found["optimal_portfolio"]["ratio"] >= max(p["ratio"] for p in points) - 1e-9
    assert found["risk_measure"] in drawing.read_text()


def test_the_frontier_of_variance_is_exact_and_says_how_many_turning_points_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = answer(capsys, "frontier", str(returns_request(tmp_path)), "--points", "5")
    assert code == 0
    assert found["turning_points"] >= 2
    assert found["risk_measure"] == "volatility"


def test_an_unknown_measure_of_a_frontier_is_refused_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, problem = answer(capsys, "frontier", str(returns_request(tmp_path)), "--risk-measure", "cvr")
    assert code == 2
    assert "cvar" in json.dumps(problem)


def test_a_book_is_seen_through_the_bundled_factors_and_the_parts_add_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from portopt.runtime import runtime

    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path))
    runtime.cache_clear()
    drawing = tmp_path / "factors.svg"
    code, found = answer(capsys, "factors", "--holdings", "sample", "--source", "sample", "--plot", str(drawing))
    assert code == 0
    assert "SP500" in [line["factor"] for line in found["exposures"]]
    assert sum(line["contribution"] for line in found["attribution"]) == pytest.approx(found["volatility"], abs=1e-12)
    assert sum(line["contribution"] for line in found["return_attribution"]) == pytest.approx(found["mean_return"], abs=1e-12)
    assert all(line["standard_error"] > 0 for line in found["exposures"])
    assert "specific" in drawing.read_text()
    runtime.cache_clear()


def test_factor_returns_in_a_request_are_what_its_assets_are_regressed_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(2)
    market, size = rng.normal(0.0003, 0.01, 300), rng.normal(0, 0.006, 300)
    loadings = {"A": (1.0, 0.0), "B": (0.5, 0.8), "C": (1.4, -0.5)}
    strategies = [
        {"id": a, "returns": (b * market + s * size + rng.normal(0, 0.002, 300)).tolist()} for a, (b, s) in loadings.items()
    ]
    risk = {
        "estimator": {"factors": {"method": "time_series"}},
        "factor_returns": {"MKT": market.tolist(), "SMB": size.tolist()},
    }
    doc = {"portfolio_id": "p", "strategies": strategies, "objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE"}
    path = tmp_path / "factors.json"
    path.write_text(json.dumps({**doc, "risk_parameters": risk, "constraints": {"exposure_limits": {"MKT": [0.7, 0.8]}}}))
    code, found = answer(capsys, "factors", str(path))
    assert code == 0
    exposures = {line["factor"]: line["exposure"] for line in found["exposures"]}
    X = np.column_stack([np.ones(300), market, size])
    R = np.array([s["returns"] for s in strategies]).T
    slopes = np.linalg.lstsq(X, R, rcond=None)[0][1:]
    code, response = answer(capsys, "optimize", str(path))
    held = np.array(list(response["optimal_weights"].values()))
    assert list(exposures.values()) == pytest.approx((slopes @ held).tolist(), abs=1e-9)
    assert 0.7 - 1e-9 <= exposures["MKT"] <= 0.8 + 1e-9


def test_forecasts_of_more_assets_than_days_compare_what_can_be_fitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(8)
    strategies = [{"id": f"A{i:02d}", "returns": (0.01 * rng.normal(size=120)).tolist()} for i in range(30)]
    doc = {"portfolio_id": "p", "strategies": strategies, "objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE"}
    path = tmp_path / "returns.json"
    path.write_text(json.dumps(doc))
    words = ["forecasts", str(path), "--means", "bayes_stein,historical_mean", "--window", "20"]
    code, found = answer(capsys, *words, "--covariances", "sample,minimum_determinant,ledoit_wolf")

    assert code == 0
    assert [score["name"] for score in found["covariance"]] == ["sample", "ledoit_wolf"]
    assert [score["name"] for score in found["expected_returns"]] == ["historical_mean"]
    missing = [(one["of"], one["name"], bool(one["reason"])) for one in found["unfitted"]]
    assert missing == [("covariance", "minimum_determinant", True), ("expected_returns", "bayes_stein", True)]
    code, problem = answer(capsys, *words, "--covariances", "minimum_determinant")
    assert code == 4
    assert "minimum_determinant" in problem["detail"]


def test_forecasts_are_held_to_account_on_ones_own_returns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(8)
    calm = np.repeat([0.005, 0.02, 0.005, 0.02], 120)
    strategies = [{"id": a, "returns": (calm * rng.normal(size=480)).tolist()} for a in "ABC"]
    doc = {"portfolio_id": "p", "strategies": strategies, "objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE"}
    path, drawing = tmp_path / "returns.json", tmp_path / "forecasts.svg"
    path.write_text(json.dumps(doc))
    words = [
        "forecasts",
        str(path),
        "--covariances",
        "sample,ewma",
        "--means",
        "historical_mean,bayes_stein",
        "--window",
        "120",
    ]
    code, found = answer(capsys, *words, "--plot", str(drawing))
    assert code == 0
    scores = {score["name"]: score for score in found["covariance"]}
    assert list(scores) == ["sample", "ewma"]
    assert scores["ewma"]["qlike"] < scores["sample"]["qlike"]
    assert [score["name"] for score in found["expected_returns"]] == ["historical_mean", "bayes_stein"]
    assert "QLIKE" in drawing.read_text()
    code, problem = answer(capsys, "forecasts", str(path), "--covariances", "smaple")
    assert code == 2
    assert "sample" in json.dumps(problem["fixes"])
