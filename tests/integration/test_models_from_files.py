"""A model portfolio and what funds are made of, as files, as data and at the command line: one question, one answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import portopt
from portopt.adapters.providers.model_files import read_composition, read_model
from portopt.domain.errors import DataError, FileNotReadable, PortoptError
from portopt.doors.cli import run
from portopt.intake.model import model_words
from portopt.runtime import runtime

HOLDINGS = "asset,shares,sector\nAAPL,500,Technology\nMSFT,300,Technology\nJNJ,200,Health Care\nXOM,400,Energy\nCASH,20000,\n"
UNIVERSE = "asset,sector\nAAPL,Technology\nMSFT,Technology\nJNJ,Health Care\nXOM,Energy\nPG,Consumer Staples\n"
TABLE = "asset,target,band\nAAPL,20%,5/25\nMSFT,20%,5/25\nJNJ,30%,\nPG,25%,0.05\ncash,5%,10%\n"
MODEL: dict[str, Any] = {
    "weights": {
        "AAPL": {"target": 0.2, "band": "5/25"},
        "MSFT": {"target": 0.2, "band": "5/25"},
        "JNJ": 0.3,
        "PG": {"target": 0.25, "band": 0.05},
        "CASH": {"target": 0.05, "band": "10%"},
    }
}
PARTS = "fund,kind,part,share\nJNJ,sector,Health Care,60%\nJNJ,sector,Technology,40%\n"
POLICY = {"id": "plain", "objective": "min_risk", "limits": {"long_only": True}, "costs": {}}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "140")
    runtime.cache_clear()
    for name, text in {"h.csv": HOLDINGS, "u.csv": UNIVERSE, "model.csv": TABLE, "parts.csv": PARTS}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "model.json").write_text(json.dumps(MODEL))
    (tmp_path / "policy.json").write_text(json.dumps(POLICY))
    return tmp_path


def asked(files: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    named = ["--holdings", str(files / "h.csv"), "--universe", str(files / "u.csv"), "--policy", str(files / "policy.json")]
    code = run(["rebalance", *named, "--provider", "sample", "--no-frontier", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_table_and_a_json_file_and_data_are_one_model_with_one_answer(files, capsys):
    read = read_model(files / "model.csv")
    assert model_words(read, "m")[0] == model_words({"weights": {**MODEL["weights"], "JNJ": {"target": 0.3}}}, "m")[0]
    (_, of_table), (_, of_json) = (asked(files, capsys, "--model", str(files / name)) for name in ("model.csv", "model.json"))
    in_notebook = portopt.rebalance(
        str(files / "h.csv"), None, POLICY, universe=str(files / "u.csv"), model=MODEL, portfolio_id="h", frontier=False
    ).document
    assert of_table["trades"] == of_json["trades"] == in_notebook["trades"]
    why = {trade["asset_id"]: trade["why"] for trade in of_table["trades"]}
    assert why["JNJ"].startswith("Bought back to the lower edge of its band")
    assert why["XOM"] == "Sold entirely: the model holds nothing of it"
    cash = next(row for row in of_table["proposal"] if row["asset_id"] == "CASH")
    assert 0.045 - 1e-9 <= cash["weight_after"] <= 0.055 + 1e-9


def test_to_the_targets_is_said_in_the_file(files, capsys):
    (files / "to.json").write_text(json.dumps({**MODEL, "to": "target", "name": "Balanced"}))
    code, found = asked(files, capsys, "--model", str(files / "to.json"))
    after = {row["asset_id"]: row["weight_after"] for row in found["proposal"]}
    assert code == 0
    assert after["JNJ"] == pytest.approx(0.3, abs=2e-3)  # as near as whole shares come
    assert after["AAPL"] == pytest.approx(0.2, abs=2e-3)


def test_limits_see_through_what_a_file_says_of_a_fund(files, capsys):
    words = ["--set", 'limits.sector_limits={"Technology": 0.5, "*": 0.9}', "--set", "limits.max_turnover=0.5"]
    _, plain = asked(files, capsys, *words)
    code, seen = asked(files, capsys, *words, "--look-through", str(files / "parts.csv"))
    assert code == 0

    def technology(document: Any) -> float:
        held = next(limit for limit in document["limits"] if limit["limit"] == "sector_limits")
        return next(r["measured"] for r in held["readings"] if r["member"] == "Technology")

    weights = {row["asset_id"]: row["weight_after"] for row in seen["proposal"]}
    assert technology(seen) == pytest.approx(weights["AAPL"] + weights["MSFT"] + 0.4 * weights["JNJ"], abs=1e-9)
    assert technology(seen) <= 0.5 + 1e-9
    of_plain = {row["asset_id"]: row["weight_after"] for row in plain["proposal"]}
    assert technology(plain) == pytest.approx(of_plain["AAPL"] + of_plain["MSFT"], abs=1e-9)
    assert plain["run_id"] != seen["run_id"]


def test_a_document_with_bands_and_funds_is_worked_out_again_from_itself_alone(files, capsys):
    (files / "funds.json").write_text(json.dumps({"JNJ": {"asset": {"AAPL": 0.1, "ABBV": 0.2}, "sector": {"Technology": 0.4}}}))
    words = ["--model", str(files / "model.csv"), "--look-through", str(files / "funds.json")]
    code, document = asked(files, capsys, *words, "--set", 'limits.max_weight={"ABBV": 0.08, "*": 0.4}')
    assert code == 0
    (files / "document.json").write_text(json.dumps(document))
    assert run(["verify", str(files / "document.json"), "--json"]) == 0
    capsys.readouterr()
    caps = next(limit for limit in document["limits"] if limit["limit"] == "max_weight")
    weights = {row["asset_id"]: row["weight_after"] for row in document["proposal"]}
    read = {reading["member"]: reading["measured"] for reading in caps["readings"]}
    assert read["ABBV"] == pytest.approx(0.2 * weights["JNJ"], abs=1e-9)
    assert read["AAPL"] == pytest.approx(weights["AAPL"] + 0.1 * weights["JNJ"], abs=1e-9)
    for row in document["proposal"]:
        row["weight_after"] = row["weight_after"] * 1.01
    (files / "document.json").write_text(json.dumps(document))
    assert run(["verify", str(files / "document.json"), "--json"]) != 0


def test_sectors_and_classes_stand_in_a_table_too(tmp_path):
    (tmp_path / "m.csv").write_text(
        "asset,sector,asset_class,target,band\n,Technology,,40%,never\nAAPL,Technology,,10%,\n,,Bond,20%,0.03\n"
    )
    assert read_model(tmp_path / "m.csv") == {
        "weights": {"AAPL": {"target": 0.1}},
        "sector": {"Technology": {"target": 0.4, "band": None}},
        "asset_class": {"Bond": {"target": 0.2, "band": 0.03}},
    }


def test_a_table_of_parts_is_what_funds_are_made_of(tmp_path):
    (tmp_path / "p.csv").write_text("fund,kind,part,share\nVT,class,Equity,100%\nVT,name,AAPL,4%\nVT,asset,AAPL,1%\n")
    assert read_composition(tmp_path / "p.csv") == {
        "VT": {"asset_class": {"Equity": 1.0}, "asset": {"AAPL": pytest.approx(0.05)}}
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("asset,band\nAAPL,0.1\n", "target"),
        ("asset,target\nAAPL,ten\n", "row 2"),
        ("asset,target\nAAPL,50%\nMSFT,0.5\n", "a percentage among numbers"),
        ("asset,target\nAAPL,0.5\nAAPL,0.4\n", "AAPL has a target already"),
        ("asset,target\n,0.5\n", "names no asset"),
    ],
)
def test_what_a_model_file_says_wrongly_is_told_by_its_row(tmp_path, text, says):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(PortoptError, match=says):
        read_model(tmp_path / "m.csv")


def test_what_a_file_of_parts_says_wrongly_is_told_by_its_row(tmp_path):
    (tmp_path / "p.csv").write_text("fund,kind,part,share\nVT,country,US,60%\n")
    with pytest.raises(DataError, match="kind 'country' is none of asset, sector, asset_class"):
        read_composition(tmp_path / "p.csv")


def test_files_that_are_not_there_and_words_that_nobody_knows_are_told(files, capsys):
    with pytest.raises(FileNotReadable):
        read_model(files / "none.json")
    code, told = asked(files, capsys, "--model", str(files / "none.csv"))
    assert code == 2
    (files / "odd.json").write_text(json.dumps({"wieghts": {}}))
    code, told = asked(files, capsys, "--model", str(files / "odd.json"))
    assert code == 2
    assert told["asked"]["field"] == "--model.wieghts"
    assert "weights" in " ".join(told["fixes"])
    (files / "list.json").write_text("[1]")
    assert asked(files, capsys, "--model", str(files / "list.json"))[0] == 2
    (files / "far.json").write_text(json.dumps({"VT": {"sector": {"Technology": 0.3}}}))
    code, told = asked(files, capsys, "--look-through", str(files / "far.json"))
    assert code == 2
    assert "neither held, nor a candidate" in told["detail"]
