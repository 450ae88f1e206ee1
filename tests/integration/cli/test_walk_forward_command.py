"""portopt walk-forward and portopt compare as a user runs them: from files, into one JSON document, or a problem object."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_walks import history

from portopt.doors.cli import run

WALK = ("--train", "60", "--test", "40", "--paths", "4:1", "--costs", "none")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    h = history(170)
    lines = ["date," + ",".join(h.ids)]
    lines += [f"{day}," + ",".join(f"{p:.4f}" for p in row) for day, row in zip(h.dates, h.prices, strict=True)]
    (tmp_path / "prices.csv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def answered(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_walk_forward_prints_windows_trials_paths_and_gate(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answered(
        capsys, "walk-forward", "--prices", "prices.csv", *WALK, "--vary", "limits.max_weight=0.4,0.6", "--policy", "min_risk"
    )
    assert code == 0
    assert document["kind"] == "walk_forward"
    assert [w["number"] for w in document["windows"]] == [1, 2]
    assert {w["changes"]["limits.max_weight"] for w in document["windows"]} <= {0.4, 0.6}
    assert (document["trials"]["here"], document["trials"]["known"]) == (2, 2)
    assert len(document["paths"]["sharpe"]) == 1
    assert document["gate"]["trials"] == 2
    assert all(max(r["weights"].values()) <= 0.6 + 1e-9 for r in document["rebalances"] if r["weights"])


def test_another_walk_on_the_same_assets_is_counted_with_the_first(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ("walk-forward", "--prices", "prices.csv", "--policy", "min_risk", *WALK[:4], "--paths", "0", "--costs", "none")
    known = [
        answered(capsys, *base, "--vary", f"limits.max_weight={values}")[1]["trials"]["known"]
        for values in ("0.4,0.6", "0.4,0.6", "0.6,0.7,0.8")
    ]
    assert known == [2, 2, 4]


def test_backtests_and_comparisons_are_trials_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ("--prices", "prices.csv", "--costs", "none", "--policy", "min_risk")
    walk = ("walk-forward", *base, *WALK[:4], "--paths", "0")
    assert answered(capsys, *walk)[1]["trials"]["known"] == 1
    assert run(["backtest", *base, "--set", "limits.max_weight=0.5"]) == 0
    assert run(["compare", *base, "--policy", "max_sharpe"]) == 0
    capsys.readouterr()
    # The policy itself was tried before; the same with a limit, and the other of the comparison, were not.
    assert answered(capsys, *walk)[1]["trials"]["known"] == 3


def test_people_read_windows_and_the_verdict(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["walk-forward", "--prices", "prices.csv", "--policy", "min_risk", *WALK]) == 0
    said = capsys.readouterr().out
    assert "Window" in said
    assert "Rejected: " in said or "Promoted" in said
    assert "1 strategy tried on these assets so far, 1 of them here" in said


def test_a_comparison_has_every_strategy_and_every_pair(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answered(
        capsys,
        "compare",
        "--prices",
        "prices.csv",
        "--policy",
        "min_risk",
        "--policy",
        "max_sharpe",
        "--costs",
        "spread_bps=10",
    )
    assert code == 0
    names = [one["name"] for one in document["strategies"]]
    assert names == ["min_risk", "max_sharpe", "equal_weight", "min_variance", "do_nothing"]
    for one in document["strategies"]:
        assert one["days"]["gross"][-1] > one["days"]["net"][-1]
        assert one["summary"]["net"]["total_return"] == pytest.approx(
            one["days"]["net"][-1] / one["days"]["net"][0] - 1, abs=1e-6
        )
    assert len(document["pairs"]) == 1 + 2 * 3
    assert run(["compare", "--prices", "prices.csv", "--policy", "min_risk"]) == 0
    assert "do_nothing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--train", "400"), 4, "do not fit"),
        (("--vary", "estimation.lookbak=1"), 2, "lookback"),
        (("--vary", "lookback"), 2, "PATH=VALUE"),
        (("--vary", "limits.max_weight=0.3", "--vary", "limits.max_weight=0.4"), 2, "varied twice"),
        (("--paths", "2:2"), 2, "more parts than are tested"),
        (("--paths", "ten"), 2, "N:K"),
        (("--embargo", "60", "--train", "60", "--test", "40"), 2, "leave none"),
        (("--starts", "90", "--train", "60", "--test", "40"), 2, "from 1 to 40"),
        (("--policy", "no_such"), 2, "no_such"),
        (("--capital", "-5"), 2, "above zero"),
    ],
)
def test_what_means_nothing_is_a_problem_object_and_nothing_is_written(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    found, problem = answered(capsys, "walk-forward", "--prices", "prices.csv", *arguments)
    assert found == code
    assert said in problem["detail"] + " ".join(problem["fixes"])
    assert not list((home / "home").rglob("packs/*"))


def test_a_comparison_of_nothing_and_of_the_same_twice_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answered(capsys, "compare", "--prices", "prices.csv")[0] == 2
    code, problem = answered(capsys, "compare", "--prices", "prices.csv", "--policy", "min_risk", "--policy", "min_risk")
    assert (code, problem["asked"]["value"]) == (2, "min_risk")


def test_the_notebook_says_the_same(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import portopt

    walk = portopt.walk_forward(
        "prices.csv", "min_risk", train=60, test=40, paths=(4, 1), costs={}, vary={"limits.max_weight": [0.4, 0.6]}
    )
    code, document = answered(
        capsys, "walk-forward", "--prices", "prices.csv", *WALK, "--vary", "limits.max_weight=0.4,0.6", "--policy", "min_risk"
    )
    assert code == 0
    assert walk.document == document
    assert walk.windows["sharpe"].to_list() == [w["sharpe"] for w in document["windows"]]
    assert walk.trials["chosen"].sum() == len(document["windows"])
    side = portopt.compare("prices.csv", ["min_risk", "max_sharpe"], costs={"spread_bps": 10})
    assert side.figures.height == 5
    assert side.to_frame().width == 6
    assert np.isfinite(side.pairs["mean_p_value"].to_numpy()).all()
    assert "min_risk" in side._repr_html_()
    assert walk.document["run_id"] in walk._repr_html_()
