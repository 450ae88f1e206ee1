"""Holdings as people and brokers write them: lots, totals, titles, footnotes; nothing dropped, nothing guessed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from portopt.adapters.providers.holdings_files import read_benchmark, read_holdings, read_universe
from portopt.domain.errors import DataError, UnknownField


def read(tmp_path: Path, text: str, name: str = "h.csv") -> tuple[dict[str, Decimal], str]:
    (tmp_path / name).write_text(text)
    notes: list[str] = []
    holdings, _ = read_holdings(tmp_path / name, notes=notes)
    shares = dict(holdings.shares)
    return (shares | {"CASH": holdings.cash} if holdings.cash else shares), " | ".join(notes)


@pytest.mark.parametrize(
    ("text", "shares", "told"),
    [
        ('Account: 12\n\nSymbol,Description,Qty,Cost\nA,x,"1,500","$4,080.14"\nB,y,(20),$5\n\n"Provided by X, as is"\n',
         {"A": 1500, "B": -20}, ["row 1 ('Account: 12')", "'Description' and 'Cost'", "row 7 ('Provided by X, as is')"]),
        ("asset,shares\nA,10\nB,5\nTotal,15\n", {"A": 10, "B": 5}, ["row 4 ('Total') is a total"]),
        ("asset,shares\nA,25\nSubtotal,25\n\nA,15\nB,40\nSubtotal,55\nGrand total,80\n", {"A": 40, "B": 40},
         ["row 3 ('Subtotal') is a total", "row 7 ('Subtotal')", "row 8 ('Grand total')", "25 + 15 = 40 shares"]),
        ("asset,shares\nA,10\nB,5\nTotal,16\n", {"A": 10, "B": 5, "Total": 16}, []),
        ("asset,shares,value\nA,10,5\nGrand Total:,,5\n", {"A": 10}, ["row 3 ('Grand Total:') is a total"]),
        (",asset,shares\n0,A,10\n1,B,5\n", {"A": 10, "B": 5}, []),
        ("asset;shares;\nA;30,5;\nB;1.000;\n", {"A": "30.5", "B": 1000}, ["the comma is the decimal mark of column shares"]),
        ("asset,shares\nA,1.234\n", {"A": "1.234"}, ["the point is the decimal mark of column shares: 1.234 is less"]),
        ("asset,shares\nA,1\nA,2.5\nB,1\nA,-1\n", {"A": "2.5", "B": 1}, ["A stands in rows 2, 3 and 5: 1 + 2.5 + -1 = 2.5"]),
        ("asset,shares\nCash,10\nCASH,5.25\nA,1\n", {"A": 1, "CASH": "15.25"}, ["CASH stands in rows 2 and 3: 10 + 5.25"]),
        ("asset,shares,quality\nA,1,n/a\nB,2,7\n", {"A": 1, "B": 2}, ["'n/a' in column quality_score means that it is"]),
        ('"Positions, today"\n\n"Symbol","Qty (Quantity)","Mkt Val (Market Value)"\n"A","40","$5"\n"Account Total","--","$5"\n',
         {"A": 40}, ["column 'Mkt Val (Market Value)' was not read", "row 5 ('Account Total') is a total"]),
        ("asset,shares\nA,\u22125\n", {"A": -5}, []),
        ("asset,shares\nA\u200b,1\u00a0000.5\n", {"A": "1000.5"}, ["cleaned 2 non-breaking or zero-width spaces"]),
    ],
)  # fmt: skip
def test_every_row_is_used_or_listed(tmp_path, text, shares, told):
    found, notes = read(tmp_path, text)
    assert found == {name: Decimal(n) for name, n in shares.items()}
    assert all(part in notes for part in told)
    assert bool(told) == bool(notes)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ('asset,shares\nA,"1,000"\nB,"2,500"\n', "asset,shares\nA,1000\nB,2500\n"),
        ("asset;shares\nA;1.234\n", "asset;shares\nA;1.2340\n"),
        ("asset;shares\nA;1.234\n", "asset;shares\nA;1234\n"),
        ("asset,shares\nA,30,5\n", "asset;shares\nA;30,5\n"),
        ("asset,shares\nA,5 %\n", "asset,shares\nA,5\n"),
        ("asset,shares\nA,\nB,1\n", "asset,shares\nB,1\n"),
        ("Name,Wert\nA,10\n", "asset,shares\nA,10\n"),
        ("A,10\nB,20\n", "asset_id,shares\nA,10\nB,20\n"),
        ("asset,shares,sector\nA,1,x\nA,2,y\n", "asset,shares,sector\nA,1,x\nA,2,x\n"),
    ],
)
def test_what_is_refused_is_read_once_its_advice_is_followed(tmp_path, text, mended):
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert caught.value.fixes
    read(tmp_path, mended)


SECTIONS = """Statement,Header,Field Name,Field Value
Statement,Data,Period,"March 25, 2024"
Open Positions,Header,Asset Category,Currency,Symbol,Quantity,Cost Price
Open Positions,Data,Stocks,USD,A,40,90
Open Positions,Data,Stocks,usd,B,-5,95
Open Positions,Total,,USD,,,7400
"""
TRADES = "Trades,Header,Asset Category,Currency,Symbol,Date/Time,Quantity,Price\nTrades,Data,Stocks,USD,A,2024-03-20,10,101\n"
NARROW = "Symbol,Quantity,Price\nA,40,90\nB,-5,95\n\nDate,Symbol,Quantity\n2024-03-20,A,10\n"


@pytest.mark.parametrize(("text", "row"), [(SECTIONS + TRADES, 7), (NARROW, 5)])
def test_a_second_table_in_the_file_is_named_by_its_row_and_never_added_to_the_first(tmp_path, text, row):
    with pytest.raises(DataError, match=f"row {row} names columns again") as refused:
        read(tmp_path, text)
    assert refused.value.fixes == ("keep one table in the file: take out what stands from there on",)
    assert read(tmp_path, "\n".join(text.splitlines()[: row - 1]) + "\n")[0] == {"A": Decimal(40), "B": Decimal(-5)}


@pytest.mark.parametrize(
    ("text", "fix", "mended"),
    [
        ("Symbol,Quantity,Value\nA,40,9\nCash & Cash Investments,--,$10.50\n",
         "row 3: name it CASH, with the amount in the column of the shares", "Symbol,Quantity,Value\nA,40,9\nCASH,10.50,\n"),
        ("Symbol,Quantity,Value\nSPAXX**,,$10.50\nA,40,9\n",
         "row 2: name it CASH, with the amount in the column of the shares", "Symbol,Quantity\nCASH,$10.50\nA,40\n"),
        ("A,40\nCASH,10.50\n", "write a row of names above the first: asset_id, shares", "asset_id,shares\nA,40\nCASH,10.50\n"),
    ],
)  # fmt: skip
def test_money_without_a_number_of_shares_and_a_file_without_names_are_mended_in_one_step(tmp_path, text, fix, mended):
    with pytest.raises(DataError) as refused:
        read(tmp_path, text)
    assert refused.value.fixes == (fix,)
    assert read(tmp_path, mended)[0] == {"A": Decimal(40), "CASH": Decimal("10.5")}


def test_a_misspelled_column_does_not_hide_that_another_is_missing(tmp_path):
    with pytest.raises(DataError) as refused:
        read(tmp_path, "Valeur,Quantité\nA,40\n")
    assert [fix.split(" ", 1)[0] for fix in refused.value.fixes] == ["rename", "write"]


def test_a_column_like_a_known_one_is_asked_about_and_any_other_listed(tmp_path):
    with pytest.raises(UnknownField, match="did you mean 'quality_score'"):
        read(tmp_path, "asset,shares,quality_scor\nA,10,7\n")
    assert "column 'Colour' was not read" in read(tmp_path, "asset,shares,Colour\nA,10,red\n")[1]


def test_everything_wrong_in_cells_columns_and_rows_is_told_together(tmp_path):
    with pytest.raises(DataError) as caught:
        read(tmp_path, "asset,shares,quality_scor,tradable\nA,x,7,maybe\n,2,7,\nC,1,7,,9\n")
    for said in ("'quality_scor'", "'x' is not a number", "neither true nor false", "row 3: no asset", "row 4: 5 cells"):
        assert said in caught.value.detail


def test_numbers_of_json_are_as_written_and_its_texts_by_the_column(tmp_path):
    assert read(tmp_path, '[{"asset": "A", "shares": 1.234}]', "h.json")[0] == {"A": Decimal("1.234")}
    assert read(tmp_path, '[{"asset": "A", "shares": "1.234,5"}, {"symbol": "B", "shares": "2"}]', "h.json")[0] == {
        "A": Decimal("1234.5"), "B": Decimal(2),
    }  # fmt: skip
    with pytest.raises(DataError, match="may be 1234 or 1.234"):
        read(tmp_path, '[{"asset": "A", "shares": "1.234"}]', "h.json")


def test_a_universe_and_a_benchmark_are_read_by_the_same_kit(tmp_path):
    (tmp_path / "u.csv").write_text("Candidates\n\nSymbol;Quality;Sector;\nA;7,5;x;\nA;7,5;x;\nB;6,25;y;\n")
    notes: list[str] = []
    universe = read_universe(tmp_path / "u.csv", notes)
    assert [(asset.id, asset.quality_score) for asset in universe.assets] == [("A", 7.5), ("B", 6.25)]
    assert any("row 5 says of A what row 4 says, and was counted once" in note for note in notes)
    (tmp_path / "b.csv").write_text("Symbol;Weight\nA;62,5 %\nB;37,5 %\n")
    assert read_benchmark(tmp_path / "b.csv", notes) == {"A": 0.625, "B": 0.375}
    assert any("column weight is in percent, and was divided by 100" in note for note in notes)
