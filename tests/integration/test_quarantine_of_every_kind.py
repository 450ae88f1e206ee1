"""A held asset whose data are wrong in any way, under quarantine: the run goes on and the holding stays, valued."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from portopt import runtime as runtime_module
from portopt.doors import cli
from portopt.market.treatment import KINDS

DAYS = 120
Column = list[str]


def quiet(seed: int) -> Column:
    rng = np.random.default_rng(seed)
    return [f"{p:.4f}" for p in 40 * np.exp(np.cumsum(rng.normal(0, 0.01, DAYS)))]


def times(column: Column, start: int, factor: float) -> Column:
    return [f"{float(p) * (factor if t >= start else 1.0):.4f}" for t, p in enumerate(column)]


def put(column: Column, cells: dict[int, str]) -> Column:
    return [cells.get(t, p) for t, p in enumerate(column)]


WRONG: dict[str, Callable[[Column], Column]] = {
    "gap": lambda c: put(c, dict.fromkeys(range(40, 50), "")),
    "stale": lambda c: put(c, dict.fromkeys(range(50, 65), "41.5")),
    "no_longer_traded": lambda c: put(c, dict.fromkeys(range(100, DAYS), "")),
    "unadjusted_split": lambda c: times(c, 70, 0.5),
    "extreme_move": lambda c: times(c, 70, 0.58),
    "non_positive_price": lambda c: put(c, {DAYS - 1: "-3.5"}),
    "not_a_number": lambda c: put(c, {30: "NaN"}),
    "impossible_return": lambda c: put(c, {30: "4000"}),
    "short_history": lambda c: put(c, dict.fromkeys(range(90), "")),
}


@pytest.fixture(autouse=True)
def _own_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    runtime_module.runtime.cache_clear()


def rebalanced(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, column: Column, rows: str = "") -> dict[str, Any]:
    days = [date(2024, 1, 1) + timedelta(days=t) for t in range(DAYS)]
    lines = [f"{d},{a},{b},{c}" for d, a, b, c in zip(days, quiet(1), column, quiet(3), strict=True)]
    (tmp_path / "prices.csv").write_text("\n".join(["date,A,B,C", *lines]))
    (tmp_path / "holdings.csv").write_text(rows or "asset,shares\nA,100\nB,50\nC,20\n")
    policy = {
        "id": "p", "name": "p", "objective": {"kind": "min_risk"}, "limits": {"long_only": True, "cash": {"max": 0.05}},
        "estimation": {"lookback": None, "min_observations": 40, "covariance": "sample"},
        "data": {**dict.fromkeys(KINDS, "accept"), kind: "quarantine"},
    }  # fmt: skip
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    files = [f"--{name}={tmp_path / name}.{'json' if name == 'policy' else 'csv'}" for name in ("holdings", "prices", "policy")]
    code = cli.run(["rebalance", *files, "--no-frontier", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert code == 0, said
    return dict(said)


@pytest.mark.parametrize("kind", WRONG)
def test_a_holding_quarantined_for_any_reason_stays_and_the_run_goes_on(kind, tmp_path, capsys):
    column = WRONG[kind](quiet(2))
    document = rebalanced(tmp_path, capsys, kind, column)
    (line,) = [row for row in document["proposal"] if row["asset_id"] == "B"]
    assert line["shares_after"] == 50
    usable = [float(p) for p in column if p not in ("", "NaN") and float(p) > 0]
    assert float(line["price"]) == pytest.approx(usable[-1], abs=1e-9), "valued at its last price that is one"
    findings = [f for f in document["data_quality"]["findings"] if f["kind"] == kind]
    assert {(f["asset_id"], f["treatment"]) for f in findings} == {("B", "quarantined")}


def test_a_holding_without_one_usable_price_is_kept_at_the_price_its_row_gives(tmp_path, capsys):
    rows = "asset,shares,price\nA,100,40\nB,50,12.50\nC,20,40\n"
    document = rebalanced(tmp_path, capsys, "unknown_asset", ["" for _ in range(DAYS)], rows)
    (line,) = [row for row in document["proposal"] if row["asset_id"] == "B"]
    assert (line["shares_after"], float(line["price"])) == (50, 12.5)
    assert any("B has no price" in note for note in document["notes"])
