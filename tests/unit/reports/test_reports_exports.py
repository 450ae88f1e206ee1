"""Files that another program reads back as the document; whole or not there; text that stays text."""

from __future__ import annotations

import json
import os
import zipfile
from functools import partial

import polars as pl
import pytest

from portopt.domain.errors import InvalidValue
from portopt.reports.files.exports import write_csv, write_json, write_xlsx

FORMULAS = ("=cmd|'/C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1")


def with_names(document: dict, names: tuple[str, ...]) -> dict:
    trades = [{**t, "name": names[i % len(names)], "why": names[i % len(names)]} for i, t in enumerate(document["trades"])]
    proposal = [{**p, "name": names[i % len(names)]} for i, p in enumerate(document["proposal"])]
    return {**document, "trades": trades, "proposal": proposal}


def test_the_csv_read_back_is_the_trades(document, tmp_path):
    frame = pl.read_csv(write_csv(document, tmp_path / "trades.csv"), infer_schema_length=None)

    assert frame["asset_id"].to_list() == [t["asset_id"] for t in document["trades"]]
    assert frame["why"].to_list() == [t["why"] for t in document["trades"]]
    for column in ("priority", "shares", "weight_before", "weight_after"):
        assert frame[column].to_list() == [t[column] for t in document["trades"]]
    for column in ("price", "value", "commission", "impact", "cost"):
        assert frame[column].to_list() == [float(t[column]) for t in document["trades"]]


def test_money_in_the_csv_keeps_its_cents(document, tmp_path):
    text = write_csv(document, tmp_path / "trades.csv").read_text()
    assert all(trade["value"] in text and trade["commission"] in text for trade in document["trades"])


def test_text_in_the_csv_never_begins_a_formula(document, tmp_path):
    frame = pl.read_csv(write_csv(with_names(document, FORMULAS), tmp_path / "trades.csv"))

    names = frame["name"].to_list()
    assert names == [f"'{FORMULAS[i % len(FORMULAS)]}" for i in range(len(document["trades"]))]


def test_the_workbook_read_back_is_the_document(document, tmp_path):
    path = write_xlsx(document, tmp_path / "trades.xlsx")

    trades = pl.read_excel(path, sheet_name="Trades")
    positions = pl.read_excel(path, sheet_name="Positions")
    limits = pl.read_excel(path, sheet_name="Limits")
    figures = pl.read_excel(path, sheet_name="Figures")

    assert trades["Asset"].to_list() == [t["asset_id"] for t in document["trades"]]
    assert trades["Value"].to_list() == [float(t["value"]) for t in document["trades"]]
    # The format keeps sixteen digits of a number, one fewer than some doubles need.
    exact = partial(pytest.approx, rel=1e-15, abs=0)
    assert trades["Weight proposed"].to_list() == exact([t["weight_after"] for t in document["trades"]])
    assert positions["Target weight"].to_list() == exact([p["target_weight"] for p in document["proposal"]])
    assert limits.height == sum(len(limit["readings"]) for limit in document["limits"])
    assert limits["Slack"].to_list() == exact([r["slack"] for limit in document["limits"] for r in limit["readings"]])
    assert figures["Proposed"].to_list()[: len(document["figures"])] == exact([row["after"] for row in document["figures"]])


def test_no_cell_of_the_workbook_is_a_formula(document, tmp_path):
    path = write_xlsx(with_names(document, FORMULAS), tmp_path / "trades.xlsx")

    with zipfile.ZipFile(path) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 6
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)
    assert FORMULAS[0] in pl.read_excel(path, sheet_name="Trades")["Name"].to_list()


def test_the_json_read_back_is_the_document(document, tmp_path):
    path = write_json(document, tmp_path / "trades.json")
    assert json.loads(path.read_text(encoding="utf-8")) == document


@pytest.mark.parametrize("write", [write_csv, write_xlsx, write_json])
def test_the_same_document_gives_the_same_file(write, document, tmp_path):
    reordered = json.loads(json.dumps(document, sort_keys=True))
    assert write(document, tmp_path / "a").read_bytes() == write(reordered, tmp_path / "b").read_bytes()


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(document, tmp_path, monkeypatch):
    path = write_json({"old": True}, tmp_path / "trades.json")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InvalidValue, match="No space left on device"):
        write_json(document, path)

    assert json.loads(path.read_text()) == {"old": True}
    assert [p.name for p in tmp_path.iterdir()] == ["trades.json"]


def test_a_place_that_is_no_folder_is_a_bad_request(document, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidValue) as refused:
        write_csv(document, tmp_path / "file" / "trades.csv")
    assert refused.value.exit_code == 2
    assert refused.value.fixes
