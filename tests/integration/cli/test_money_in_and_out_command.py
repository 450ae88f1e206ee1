"""Money in and out, and what may be traded, from the command line to a stored, explained and replayed proposal."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import portopt
from portopt import runtime as runtime_module
from portopt.doors import cli
from portopt.doors.form import RebalanceForm, resolve
from portopt.runtime import runtime

NAMES = [f"S{i:02d}" for i in range(10)]
POLICY = {
    "id": "own",
    "name": "Own",
    "objective": "min_risk",
    "limits": {"max_weight": 0.3, "cash": {"min": 0.01, "max": 0.2}},
    "costs": {"commission": {"per_trade": "1.00", "bps": 2}},
    "estimation": {"lookback": None},
}


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "140")
    runtime_module.runtime.cache_clear()
    rng = np.random.default_rng(5)
    prices = 40 * np.cumprod(1 + rng.normal(0.0004, 0.01, (120, 1)) + rng.normal(0, 0.008, (120, 10)), axis=0)
    days = np.datetime64("2026-01-05") + np.arange(120)
    lines = [",".join([str(day), *(f"{p:.2f}" for p in row)]) for day, row in zip(days, prices, strict=True)]
    (tmp_path / "prices.csv").write_text("\n".join([",".join(["date", *NAMES]), *lines]))
    held = [f"{a},{100 + 20 * i},{'Energy' if i < 3 else 'Health'}" for i, a in enumerate(NAMES)]
    (tmp_path / "holdings.csv").write_text("\n".join(["asset,shares,sector", *held, "CASH,1500.25,"]))
    (tmp_path / "policy.json").write_text(json.dumps(POLICY))
    return tmp_path


WORDS = ["rebalance", "--holdings", "holdings.csv", "--prices", "prices.csv", "--policy", "policy.json"]


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    assert cli.run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def accounted(document: dict[str, Any]) -> None:
    """To the cent: what was there, what came, what was traded, what it cost, what is left."""
    head, flow = document["headline"], document["cash_flow"]
    before = Decimal(flow["cash_held"]) + Decimal(flow["amount"])
    assert Decimal(head["cash_before"]) == before
    left = before + Decimal(head["sells_value"]) - Decimal(head["buys_value"]) - Decimal(head["total_cost"])
    assert Decimal(head["cash_after"]) == left
    assert left >= Decimal("0.01") * Decimal(head["portfolio_value"])  # the policy's floor, when every fee is paid
    assert sum(row["weight_after"] for row in document["proposal"]) == pytest.approx(1.0, abs=1e-12)


def sides(document: dict[str, Any]) -> dict[str, str]:
    return {trade["asset_id"]: trade["side"] for trade in document["trades"]}


def test_a_withdrawal_is_raised_explained_reported_and_replayed(capsys, desk):
    document = answer(capsys, *WORDS, "--withdraw", "9000", "--by", "2026-12-31", "--keep", "S09")
    accounted(document)
    assert document["cash_flow"]["sentence"] == "after a withdrawal of 9,000.00 USD by 2026-12-31"
    assert document["cash_flow"]["amount"] == "-9000.00"
    assert set(sides(document).values()) == {"sell"}
    assert "S09" not in sides(document)
    assert document["objective"]["kind"] == "min_turnover"
    assert document["policy"]["objective"] == {"kind": "min_risk"}  # the policy is what it was
    run = document["run_id"]
    assert "after a withdrawal of 9,000.00 USD" in answer(capsys, "explain", run)["verdict"]["title"]
    assert answer(capsys, "replay", run)["same"] is True
    report = (desk / "home" / "reports" / f"{run}.html").read_text(encoding="utf-8")
    assert "after a withdrawal of 9,000.00 USD by 2026-12-31" in report
    assert cli.run([*WORDS, "--withdraw", "9000", "--by", "2026-12-31", "--keep", "S09"]) == 0
    first = "\n".join(capsys.readouterr().out.splitlines()[:4])
    assert "after a withdrawal of 9,000.00 USD" in first


def test_a_withdrawal_beside_a_rebalance_follows_the_policy(capsys):
    document = answer(capsys, *WORDS, "--withdraw", "9000", "--rebalance")
    accounted(document)
    assert set(sides(document).values()) == {"buy", "sell"}
    assert document["objective"]["kind"] == "min_risk"


def test_a_withdrawal_that_the_cash_covers_trades_nothing(capsys):
    document = answer(capsys, *WORDS, "--withdraw", "100.25")
    assert document["trades"] == []
    assert document["verdict"]["title"].endswith("after a withdrawal of 100.25 USD: the cash covers it.")


def test_a_deposit_without_a_sale(capsys):
    document = answer(capsys, *WORDS, "--deposit", "20000", "--buy-only", "--do-not-buy", "sector:Energy,S04")
    accounted(document)
    bought = sides(document)
    assert set(bought.values()) == {"buy"}
    assert not set(bought) & {"S00", "S01", "S02", "S04"}
    why = {row["asset_id"]: row["why"] for row in document["proposal"]}
    assert all(why[a].startswith("Not ") for a in why if a not in bought and a != "CASH")
    assert any(said.startswith("Not sold: buy-only") for said in why.values())


def test_counts_and_lists_hold(capsys):
    document = answer(capsys, *WORDS, "--max-trades", "3", "--do-not-sell", "S00", "--do-not-sell", "S01,S02")
    assert 0 < len(document["trades"]) <= 3
    assert not {a for a, side in sides(document).items() if side == "sell"} & {"S00", "S01", "S02"}
    document = answer(capsys, *WORDS, "--names", "6")
    held = [row for row in document["proposal"] if row["shares_after"] > 0 and row["asset_id"] != "CASH"]
    assert len(held) <= 6


def test_what_cannot_be_met_is_told_with_what_could_be(capsys):
    words = [*WORDS, "--withdraw", "60000", "--keep", ",".join(NAMES[2:])]
    problem = answer(capsys, *words, code=3)
    assert {kind for conflict in problem["measured"]["conflicts"] for kind in conflict["limits"]} & {"keep", "cash"}
    fix = problem["fixes"][0]
    assert fix.startswith("withdraw at most ")
    amount = fix.split()[3].replace(",", "")
    accounted(answer(capsys, *WORDS, "--withdraw", amount, "--keep", ",".join(NAMES[2:])))


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["--deposit", "50,000"], "--deposit"),
        (["--deposit", "5", "--withdraw", "5"], "--deposit"),
        (["--by", "2026-12-31"], "--by"),
        (["--withdraw", "5", "--by", "2020-01-01"], "cash_flow.by"),
        (["--withdraw", "99999999"], "cash_flow.amount"),
        (["--keep", "S99"], "limits.keep.S99"),
        (["--do-not-sell", "sector:Enrgy"], "limits.do_not_sell.sector.Enrgy"),
    ],
)
def test_what_is_asked_wrongly_is_refused_by_its_name(capsys, words, field):
    problem = answer(capsys, *WORDS, *words, code=2)
    assert problem["asked"]["field"] == field
    assert problem["fixes"]


def test_every_door_asks_the_same(capsys):
    line = answer(capsys, *WORDS, "--withdraw", "9000", "--keep", "S09", "--max-trades", "4", "--portfolio-id", "one")
    found = portopt.rebalance(
        "holdings.csv", "prices.csv", POLICY, portfolio_id="one", withdraw=9000, keep=["S09"], max_trades=4,
    )  # fmt: skip
    assert found.document["trades"] == line["trades"]
    assert found.document["cash_flow"] == line["cash_flow"]
    form = RebalanceForm(
        portfolio_id="one", holdings="holdings.csv", provider="files:prices.csv", withdraw="9000", keep="S09", max_trades=4
    )
    from portopt.dialects.policies import read_policies

    asked = resolve(form, runtime(), policy=read_policies(POLICY)[0])
    from portopt.questions.rebalance import rebalance

    assert rebalance(asked, runtime()).document["trades"] == line["trades"]
