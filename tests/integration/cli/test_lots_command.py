"""`portopt lots`: what a broker's list of lots is taken for, and the same written as a file that is read back."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.adapters.providers.lot_files import read_lots
from portopt.domain.errors import InvalidValue
from portopt.domain.lots import named
from portopt.domain.tax import ClosedLot, Lot, TaxRecord
from portopt.doors import cli
from portopt.reports.files.lot_tables import write_lots

OPEN = "symbol,lot,acquired,shares,cost per share\nA,1,2021-03-02,40,121.50\nA,2,Various,20,--\n"


def run(words: list[str]) -> int:
    return cli.run(words)  # not main: it ends the process


def test_lots_are_shown_as_they_are_read_and_held_against_the_holdings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("open.csv").write_text(OPEN)
    Path("holdings.csv").write_text("asset,shares\nA,70\nB,5\n")
    assert run(["lots", "open.csv"]) == 0
    out = capsys.readouterr().out
    assert "A, lot 1: 40 shares bought on 2021-03-02 at 121.50" in out
    assert "A, lot 2: 20 shares bought on a day that is not known at a cost that is not known" in out
    assert "note: open.csv: the day of purchase of the lot in row 3 is not known" in out
    assert run(["lots", "open.csv", "--holdings", "holdings.csv", "--output", "clean.json", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["tax_lots"][2] == {
        "asset_id": "A", "lot_id": "unknown", "acquired_on": None, "shares": "10", "cost_per_share": None,
    }  # fmt: skip
    assert read_lots("clean.json") == read_lots(Path("clean.json"))
    assert len(read_lots("clean.json").lots) == 3
    Path("holdings.csv").write_text("asset,shares\nA,50\n")
    assert run(["lots", "open.csv", "--holdings", "holdings.csv"]) == 4
    assert "A: its lots add to 60 shares, and 50 are held" in capsys.readouterr().err


AMOUNTS = st.decimals("0.0001", "1000000", places=4)
ASSETS = st.sampled_from(["AAPL", "BRK.B", "0700", "TRUE", "NA1"])
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 _.#-]{0,6}[A-Za-z0-9]", fullmatch=True)
DAYS = st.dates(min_value=date(1970, 1, 1), max_value=date(2030, 12, 31))
LOTS = st.builds(Lot, ASSETS, NAMES | st.just(""), DAYS | st.none(), AMOUNTS, AMOUNTS | st.none())
CLOSED = st.builds(ClosedLot, ASSETS, NAMES, st.none(), DAYS, AMOUNTS, AMOUNTS | st.none(), AMOUNTS)
RECORDS = st.builds(
    TaxRecord,
    st.lists(LOTS, min_size=1, max_size=6, unique_by=lambda lot: (lot.asset_id, lot.lot_id)).map(named),
    st.lists(CLOSED, max_size=3).map(tuple),
)


@given(RECORDS, st.sampled_from([".csv", ".json"]))
def test_whatever_is_written_is_read_back_the_same(record: TaxRecord, kind: str) -> None:
    with TemporaryDirectory() as folder:
        path = write_lots(record, Path(folder) / f"lots{kind}")
        assert read_lots(path) == record


def test_a_year_needs_a_document_and_other_endings_are_refused(tmp_path: Path) -> None:
    year = TaxRecord(realized_short=Decimal(-5))
    with pytest.raises(InvalidValue, match="no place for what was realized"):
        write_lots(year, tmp_path / "lots.csv")
    assert read_lots(write_lots(year, tmp_path / "lots.json")) == year
    with pytest.raises(InvalidValue, match=r"neither \.csv nor \.json"):
        write_lots(year, tmp_path / "lots.xlsx")
