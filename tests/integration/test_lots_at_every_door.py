"""Lots come in at every door where holdings do, and all doors make the same request of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import portopt
from portopt import runtime as runtime_module
from portopt.dialects.lots import read_tax, write_tax_beside
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.request import RebalanceRequest
from portopt.domain.tax import ClosedLot, Lot, TaxRecord
from portopt.doors import cli
from portopt.doors.commands.asked_options import AskedOptions, posed
from portopt.doors.commands.rebalance_options import Options, read_rebalance
from portopt.doors.form import RebalanceForm, resolve
from portopt.runs import history
from portopt.runs.bundle import bundle, replay_bundle
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

OPEN = "symbol,lot,acquired,shares,cost per share\nA,1,2021-03-02,40,121.50\nA,2,Various,20,--\nB,7,2024-01-05,30,55.25\n"
SOLD = "symbol,acquired,sold,shares,cost basis,proceeds\nB,2023-05-30,2024-02-01,5,300,250\n"
POLICY = {"id": "calm", "name": "Calm", "objective": "min_risk", "limits": {"long_only": True}}
YEAR = {"tax_year": {"realized_short": "-50.00", "carried_long": "12.25"}}
EXPECTED = TaxRecord(
    (
        Lot("A", "1", date(2021, 3, 2), Decimal(40), Decimal("121.50")),
        Lot("A", "2", None, Decimal(20), None),
        Lot("B", "7", date(2024, 1, 5), Decimal(30), Decimal("55.25")),
        Lot("A", "unknown", None, Decimal(10), None),
    ),
    (ClosedLot("B", "closed 2024-02-01", date(2023, 5, 30), date(2024, 2, 1), Decimal(5), Decimal(60), Decimal(50)),),
    realized_short=Decimal("-50.00"),
    carried_long=Decimal("12.25"),
)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    return open_runtime(Settings(home=tmp_path_factory.mktemp("lots")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "holdings.csv").write_text("asset,shares\nA,70\nB,30\nC,50\nCASH,1000\n")
    (folder / "open.csv").write_text(OPEN)
    (folder / "sold.csv").write_text(SOLD)
    (folder / "year.json").write_text(json.dumps(YEAR))
    whole = json.loads(json.dumps(write_tax_beside(replace(EXPECTED, lots=EXPECTED.lots[:3]))))
    (folder / "all.json").write_text(json.dumps(whole))
    held = {"holdings": {"A": 70, "B": 30, "C": 50}, "cash": 1000, **whole}
    (folder / "policy.json").write_text(json.dumps(POLICY))
    (folder / "holdings_with_lots.json").write_text(json.dumps(held))
    days = np.arange(np.datetime64("2023-06-01"), np.datetime64("2024-03-29"))
    rng = np.random.default_rng(3)
    prices = {a: (50 + 50 * k) * np.cumprod(1 + rng.normal(0, 0.01, len(days))) for k, a in enumerate("BAC")}
    pl.DataFrame({"date": days, **prices}).write_csv(folder / "prices.csv")
    return folder


def lots(request: RebalanceRequest) -> TaxRecord | None:
    return request.holdings.tax


def test_every_door_makes_the_same_request_of_holdings_and_lots(folder: Path, runtime: Runtime) -> None:
    held, prices = folder / "holdings.csv", folder / "prices.csv"
    files = [str(folder / name) for name in ("open.csv", "sold.csv", "year.json")]
    by_line = read_rebalance(Options(str(held), prices, portfolio_id="P", lots=files), runtime)
    assert lots(by_line) == EXPECTED
    asked = AskedOptions(holdings=str(held), prices=prices, portfolio_id="P", lots=files)
    form = RebalanceForm(portfolio_id="P", holdings=str(held), provider=f"files:{prices}", lots=str(folder / "all.json"))
    words: dict[str, Any] = {"prices": prices, "portfolio_id": "P", "home": runtime.home, "policy": "quality_focused"}
    in_one = json.loads((folder / "all.json").read_text())
    others = {
        "a question": posed(asked)[0],
        "the form": resolve(form, runtime),
        "files in a notebook": portopt.ask(holdings=held, lots=files, **words),
        "one file in a notebook": portopt.ask(holdings=held, lots=folder / "all.json", **words),
        "values in a notebook": portopt.ask(holdings={"A": 70, "B": 30, "C": 50, "CASH": 1000}, lots=in_one, **words),
        "the record itself": portopt.ask(holdings=held, lots=replace(EXPECTED, lots=EXPECTED.lots[:3]), **words),
        "beside the holdings": portopt.ask(holdings=folder / "holdings_with_lots.json", **words),
    }
    for door, request in others.items():
        assert isinstance(request, RebalanceRequest)
        assert lots(request) == EXPECTED, door
        assert request.holdings == by_line.holdings, door
    said = " ".join(by_line.notes)
    assert "10 shares of A lie in no lot" in said
    assert "no lots are told of C" in said


@pytest.mark.parametrize("kind", ["polars", "pandas", "records"])
def test_a_frame_with_a_lot_a_row_is_lots(folder: Path, runtime: Runtime, kind: str) -> None:
    rows = [
        {"asset_id": "A", "acquired_on": date(2021, 3, 2), "shares": 70.0, "cost_per_share": 121.5},
        {"asset_id": "B", "acquired_on": None, "shares": 30.0, "cost_per_share": None},
    ]
    made = {"polars": lambda: pl.DataFrame(rows), "pandas": lambda: pd.DataFrame(rows).assign(
        acquired_on=pd.to_datetime(["2021-03-02", None])), "records": lambda: rows}  # fmt: skip
    asked = portopt.ask(
        holdings=folder / "holdings.csv",
        lots=made[kind](),
        prices=folder / "prices.csv",
        home=runtime.home,
        policy="quality_focused",
    )
    assert isinstance(asked, RebalanceRequest)
    assert lots(asked) == TaxRecord(
        (
            Lot("A", "2021-03-02 #1", date(2021, 3, 2), Decimal("70.0"), Decimal("121.5")),
            Lot("B", "unknown #1", None, Decimal("30.0"), None),
        )
    )


def test_what_are_no_lots_is_refused_in_words(folder: Path, runtime: Runtime) -> None:
    with pytest.raises(InvalidValue, match="are no lots") as caught:
        portopt.ask(holdings=folder / "holdings.csv", lots={"A": 3}, home=runtime.home)
    assert "a lot a row" in caught.value.fixes[0]
    with pytest.raises(DataError, match="A: its lots add to 60 shares, and 50 are held"):
        portopt.ask(holdings={"A": 50, "B": 30}, lots=folder / "open.csv", home=runtime.home)


def run(words: list[str]) -> int:
    return cli.run(words)  # not main: it ends the process


def test_a_proposal_keeps_its_lots_and_is_worked_out_again_with_them(
    folder: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTOPT_HOME", str(runtime.home))
    runtime_module.runtime.cache_clear()
    said = ["rebalance", "--holdings", str(folder / "holdings.csv"), "--portfolio-id", "kept", "--no-frontier", "--json"]
    said += ["--prices", str(folder / "prices.csv"), "--policy", str(folder / "policy.json")]
    lots_said = [word for name in ("open.csv", "sold.csv", "year.json") for word in ("--lots", str(folder / name))]
    assert run([*said, *lots_said]) == 0
    document = json.loads(capsys.readouterr().out)
    assert any("10 shares of A lie in no lot" in note for note in document["notes"])
    record = runtime.runs.get(document["run_id"])
    assert read_tax(record.request["holdings"]["tax"]) == EXPECTED
    assert history.replay(document["run_id"], runtime)["same"] is True
    archive = folder / "run.zip"
    archive.write_bytes(bundle(record, runtime))
    assert replay_bundle(archive)["same"] is True
    assert runtime.runs.holdings("kept").tax == EXPECTED
    again = read_rebalance(Options("store", folder / "prices.csv", portfolio_id="kept"), runtime)
    assert lots(again) == EXPECTED
    assert run([*said, "--lots", str(folder / "policy.json")]) != 0
    assert "policy.json" in capsys.readouterr().out


def test_lots_of_a_later_day_than_the_prices_are_refused_from_the_file_on(
    folder: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTOPT_HOME", str(runtime.home))
    runtime_module.runtime.cache_clear()
    (folder / "late.csv").write_text("symbol,acquired,shares,cost per share\nA,2025-03-02,70,150\n")
    said = ["rebalance", "--holdings", str(folder / "holdings.csv"), "--prices", str(folder / "prices.csv"), "--no-frontier"]
    assert run([*said, "--policy", str(folder / "policy.json"), "--lots", str(folder / "late.csv")]) == 4
    told = " ".join(capsys.readouterr().err.split())
    assert "A: the lot 2025-03-02 #1 was acquired on 2025-03-02, and the newest prices are of 2024-03-28" in told
