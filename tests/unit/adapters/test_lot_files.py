"""Lots out of the files that brokers and people write: each file as it comes, each with the right answer.

The files are made up in the manner of those exports: names of columns, order, signs and footers as there, the content ours.
"""

# ruff: noqa: E501 - lines of exports are as long as they come

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from portopt.adapters.providers.lot_files import read_lots, with_lots
from portopt.domain.errors import DataError
from portopt.domain.holdings import Holdings
from portopt.domain.tax import ClosedLot, Lot, TaxRecord

MARCH, MAY, JANUARY = date(2021, 3, 2), date(2023, 5, 30), date(2024, 1, 5)


def lot(asset: str, day: date | None, shares: str, cost: str | None, name: str = "") -> Lot:
    called = name or f"{'unknown' if day is None else day} #1"
    return Lot(asset, called, day, Decimal(shares), None if cost is None else Decimal(cost))


TWO = (lot("AAPL", MARCH, "40", "121.50"), lot("AAPL", JANUARY, "60", "181.9915"))
SCHWAB_OF_ONE = """"AAPL Lot Details for Individual ...123 as of 02:15 PM ET, 03/28/2024"
"Open Date","Quantity","Price","Cost/Share","Market Value","Cost Basis","Gain/Loss $","Gain/Loss %","Holding Period"
"03/02/2021","40","$171.48","$121.50","$6,859.20","$4,860.00","$1,999.20","41.14%","Long Term"
"01/05/2024","60","$171.48","$181.9915","$10,288.80","$10,919.49","-$630.69","-5.78%","Short Term"
"Total","100","","","$17,148.00","$15,779.49","$1,368.51","8.67%",""
"""
# name: file name, content, lots
OPEN: dict[str, tuple[str, str, tuple[Lot, ...]]] = {
    "Schwab, one symbol, named in the title": ("details.csv", SCHWAB_OF_ONE, TWO),
    "Schwab, one symbol, named by the file": (
        "AAPL-Lot-Details.csv",
        "\n".join(SCHWAB_OF_ONE.replace("01/05/2024", "05/30/2023").splitlines()[1:]) + "\n",
        (TWO[0], lot("AAPL", MAY, "60", "181.9915")),
    ),
    "Schwab, all symbols": (
        "lots.csv",
        '''"Symbol","Open Date","Quantity","Cost Per Share","Market Value","Cost Basis"
"AAPL","03/02/2021","40","$121.50","$6,859.20","$4,860.00"
"MSFT","05/30/2023","1,250","$328.39","$525,000.00","$410,487.50"
"Total","","","","$531,859.20","$415,347.50"
''',
        (TWO[0], lot("MSFT", MAY, "1250", "328.39")),
    ),
    "Schwab, names explained in brackets, basis not tracked": (
        "lots.csv",
        '''"Symbol","Open Date","Qty (Quantity)","Cost/Share (Cost Per Share)","Cost Basis (CB)"
"AAPL","05/30/2023","40","Incomplete","Incomplete"
''',
        (lot("AAPL", MAY, "40", None),),
    ),
    "Fidelity, months by name, a lot bought at various times": (
        "Portfolio_Lots.csv",
        """Symbol,Description,Acquired,Term,$ Total Gain/Loss,% Total Gain/Loss,Current Value,Quantity,Average Cost Basis,Cost Basis Total
AAPL,APPLE INC,Mar-02-2021,Long,"$1,999.20",41.14%,"$6,859.20",40.000,$121.50,"$4,860.00"
FXAIX,FIDELITY 500 INDEX,Various,Long,$210.00,4.2%,"$5,210.00",28.571,$175.00,"$5,000.00"
SPAXX**,HELD IN MONEY MARKET,--,--,--,--,"$1,042.77",1042.77,--,--

"The data and information in this spreadsheet is provided to you solely for your use and is not for distribution."
Date downloaded 03/28/2024 4:15 PM ET
""",
        (lot("AAPL", MARCH, "40.000", "121.50"), lot("FXAIX", None, "28.571", "175.0026250393755906338595079")),
    ),
    "Vanguard": (
        "cost-basis.csv",
        """Symbol,Acquired date,Quantity,Cost per share,Total cost,Market value,Short-term gain/loss,Long-term gain/loss
VTI,05/30/2023,12.3450,$210.1200,"$2,593.93","$3,100.00",$506.07,—
VTI,01/05/2024,7.0000,—,—,"$1,750.00",—,—
""",
        (lot("VTI", MAY, "12.3450", "210.1198865937626569461320373"), lot("VTI", JANUARY, "7.0000", None)),
    ),
    "Vanguard, with the number of the security": (
        "cost-basis.csv",
        "Symbol/CUSIP,Acquired date,Quantity,Total cost\nVTI (922908769),05/30/2023,10,2101.20\n",
        (lot("VTI", MAY, "10", "210.12"),),
    ),
    "IBKR Flex, days without separators, sums beside lots": (
        "flex.csv",
        '''"ClientAccountID","CurrencyPrimary","Symbol","Quantity","MarkPrice","CostBasisPrice","CostBasisMoney","OpenDateTime","Side","LevelOfDetail"
"U1234567","USD","AAPL","100","171.48","157.7949","15779.49","","Long","SUMMARY"
"U1234567","USD","AAPL","40","171.48","121.5","4860","20210302;093015","Long","LOT"
"U1234567","USD","AAPL","60","171.48","181.9915","10919.49","20240105;154501","Long","LOT"
''',
        TWO,
    ),
    "IBKR activity statement, one section of many": (
        "U1234567.csv",
        '''Statement,Header,Field Name,Field Value
Statement,Data,BrokerName,Interactive Brokers
Net Asset Value,Header,Asset Class,Current Total
Net Asset Value,Data,Stock,17148
Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Open,Quantity,Mult,Cost Price,Cost Basis,Close Price,Value,Unrealized P/L,Code
Open Positions,Data,Summary,Stocks,USD,AAPL,-,100,1,157.7949,15779.49,171.48,17148,1368.51,
Open Positions,Data,Lot,Stocks,USD,AAPL,"2021-03-02, 09:30:15",40,,121.5,4860,171.48,6859.2,1999.2,LT
Open Positions,Data,Lot,Stocks,USD,AAPL,"2024-01-05, 15:45:01",60,,181.9915,10919.49,171.48,10288.8,-630.69,ST
Open Positions,Total,,Stocks,USD,,,,,,15779.49,,17148,1368.51,
Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price
Trades,Data,Order,Stocks,USD,MSFT,"2024-01-05, 10:00:00",5,370
''',
        TWO,
    ),
    "E*TRADE, price paid": (
        "PortfolioDownload.csv",
        "Symbol,Date Acquired,Quantity,Price Paid $,Total Cost $\nAAPL,03/02/2021,40,121.50,4860.00\nAAPL,05/30/2023,1,150,150\n",
        (TWO[0], lot("AAPL", MAY, "1", "150")),
    ),
    "Merrill, basis alone": (
        "lots.csv",
        "Security Symbol,Acquisition Date,Quantity,Adjusted Cost Basis,Unadjusted Cost Basis\nAAPL,03/02/2021,40,4860.00,4860.00\n"
        "AAPL,05/30/2023,60,10919.49,10900\n",
        (TWO[0], lot("AAPL", MAY, "60", "181.9915")),
    ),
    "German, semicolons, decimal commas, points between thousands, day first": (
        "bestand.csv",
        "Symbol;Kaufdatum;Stück;Einstandskurs;Einstandswert;Währung\nSAP;30.05.2023;1.250;121,50;151.875,00;EUR\n"
        "SAP;02.03.2021;0,5;98,40;49,20;EUR\n",
        (lot("SAP", MAY, "1250", "121.50"), lot("SAP", MARCH, "0.5", "98.4")),
    ),
    "day first, said by another row": (
        "lots.csv",
        "asset,acquired,shares,cost_per_share\nA,02/03/2021,40,121.50\nB,30/05/2023,10,9\n",
        (lot("A", MARCH, "40", "121.50"), lot("B", MAY, "10", "9")),
    ),
    "the order of days said by a column that is not read": (
        "lots.csv",
        "asset,acquired,shares,cost_per_share,last dividend\nA,03/02/2021,40,121.50,02/28/2024\n",
        (lot("A", MARCH, "40", "121.50"),),
    ),
    "years of two digits": (
        "lots.csv",
        "asset,acquired,shares,cost_per_share\nA,30.05.23,40,1.25\nA,31.12.99,5,0.50\n",
        (lot("A", MAY, "40", "1.25"), lot("A", date(1999, 12, 31), "5", "0.50")),
    ),
    "lots that are decades apart": (
        "lots.csv",
        "asset,acquired,shares,cost_per_share\nKO,1987-10-20,100,1.10\nKO,2024-01-05,1,60\nKO,2024-01-08,1,60\nKO,2024-01-09,1,60\n"
        "KO,2024-01-10,1,60\n",
        (
            lot("KO", date(1987, 10, 20), "100", "1.10"),
            *(lot("KO", date(2024, 1, n), "1", "60") for n in (5, 8, 9, 10)),
        ),
    ),
    "tabs": ("lots.tsv", "symbol\tacquired\tqty\tunit cost\nA\t2021-03-02\t40\t121.5\n", (lot("A", MARCH, "40", "121.5"),)),
    "words for what nobody knows": (
        "lots.csv",
        "symbol,acquired,shares,total_cost\nA,,1,\nB,N/A,2,N/A\nC,--,3,--\nD,Unknown,4,Unknown\nE,Various,5,n/a\n",
        tuple(lot(a, None, str(n + 1), None) for n, a in enumerate("ABCDE")),
    ),
    "a cost of nothing is nothing": (
        "lots.csv",
        "symbol,acquired,shares,total_cost\nSPIN,2021-03-02,8,0.00\n",
        (lot("SPIN", MARCH, "8", "0.00"),),
    ),
    "two fills of one day, without ids": (
        "lots.csv",
        "symbol,acquired,shares,cost_per_share\nA,2021-03-02,8,5\nA,2021-03-02,8,5\nB,2021-03-02,8,5\n",
        (lot("A", MARCH, "8", "5", "2021-03-02 #1"), lot("A", MARCH, "8", "5", "2021-03-02 #2"), lot("B", MARCH, "8", "5")),
    ),
    "ids of its own, as texts": (
        "lots.csv",
        "symbol,lot_id,acquired,shares,cost_per_share\nA,007,2021-03-02,8,5\nA,008,2021-03-02,8,5\n",
        (lot("A", MARCH, "8", "5", "007"), lot("A", MARCH, "8", "5", "008")),
    ),
    "an asset's sum above its lots": (
        "positions.csv",
        "symbol,acquired,quantity,cost basis\nAAPL,,100,15779.49\nAAPL,2021-03-02,40,4860.00\nAAPL,2024-01-05,60,10919.49\n"
        "MSFT,,5,1000\n",
        (*TWO, lot("MSFT", None, "5", "200")),
    ),
    "an index that a frame wrote": (
        "lots.csv", ",asset,acquired,shares,cost_per_share\n0,A,2021-03-02,8,5\n1,B,2021-03-02,9,6\n",
        (lot("A", MARCH, "8", "5"), lot("B", MARCH, "9", "6")),
    ),
    "JSON, a list of lots": (
        "lots.json",
        '[{"asset": "A", "acquired_on": "2021-03-02", "shares": 0.1, "cost_per_share": 121.50}]',
        (lot("A", MARCH, "0.1", "121.50"),),
    ),
    "JSON, as the service takes it": (
        "lots.json",
        json.dumps({"tax_lots": [{"asset_id": "A", "lot_id": "L1", "acquired_on": None, "shares": "3", "cost_per_share": None}]}),
        (lot("A", None, "3", None, "L1"),),
    ),
}  # fmt: skip


def written(tmp_path, name: str, text: str):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("case", OPEN, ids=list(OPEN))
def test_lots_are_read_as_they_are_meant(tmp_path, case):
    name, text, lots = OPEN[case]
    assert read_lots(written(tmp_path, name, text)) == TaxRecord(lots)


SCHWAB_CLOSED = """"Realized Gain/Loss - Lot Details for Individual ...123 for 01/01/2024 to 03/28/2024","","","","","","","",""
"Symbol","Name","Closed Date","Opened Date","Quantity","Proceeds Per Share","Cost Per Share","Proceeds","Cost Basis (CB)","Gain/Loss ($)","Term","Wash Sale?","Disallowed Loss"
"AAPL","APPLE INC","03/15/2024","05/30/2023","10","$172.50","$177.30","$1,725.00","$1,773.00","-$48.00","Short Term","No",""
"MSFT","MICROSOFT CORP","02/01/2024","Various","4","$400.00","--","$1,600.00","--","--","Long Term","No",""
"""
CLOSED: dict[str, tuple[str, tuple[ClosedLot, ...]]] = {
    "Schwab, realized": (
        SCHWAB_CLOSED,
        (
            ClosedLot("AAPL", "closed 2024-03-15", MAY, date(2024, 3, 15), Decimal(10), Decimal("177.30"), Decimal("172.50")),
            ClosedLot("MSFT", "closed 2024-02-01", None, date(2024, 2, 1), Decimal(4), None, Decimal("400")),
        ),
    ),
    "Fidelity, realized": (
        "Symbol(CUSIP),Security Description,Quantity,Date Acquired,Date Sold,Proceeds,Cost Basis,Short-Term Gain/Loss,Long-Term Gain/Loss\n"
        "AAPL(037833100),APPLE INC,10.000,05/30/2023,03/15/2024,$1725.00,$1773.00,-$48.00,--\n",
        (ClosedLot("AAPL", "closed 2024-03-15", MAY, date(2024, 3, 15), Decimal(10), Decimal("177.3"), Decimal("172.5")),),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CLOSED, ids=list(CLOSED))
def test_closed_lots_are_read_and_what_they_came_to_is_asked_for(tmp_path, case):
    text, closed = CLOSED[case]
    notes: list[str] = []
    assert read_lots(written(tmp_path, "realized.csv", text), notes) == TaxRecord((), closed)
    assert any("counts only where tax_year says it" in note for note in notes)


def test_one_list_may_hold_both_and_a_workbook_is_read_too(tmp_path):
    frame = pl.DataFrame(
        {
            "symbol": ["A", "A"], "acquired": [date(2021, 3, 2), date(2021, 3, 2)], "sold": [None, date(2024, 3, 1)],
            "shares": [40.0, 2.5], "cost per share": [121.5, 121.5], "proceeds": [None, 300.0],
        }
    )  # fmt: skip
    sold = ClosedLot("A", "closed 2024-03-01", MARCH, date(2024, 3, 1), Decimal("2.5"), Decimal("121.5"), Decimal(120))
    for ending, write in (("xlsx", frame.write_excel), ("parquet", frame.write_parquet), ("csv", frame.write_csv)):
        path = tmp_path / f"lots.{ending}"
        write(path)
        read = read_lots(path)
        assert [(one.asset_id, one.acquired_on, one.shares, one.cost_per_share) for one in read.lots] == [
            ("A", MARCH, 40, Decimal("121.5"))
        ]
        assert read.closed == (sold,)


def test_files_are_put_together_and_the_year_comes_with_one_of_them(tmp_path):
    held = [written(tmp_path, "AAPL.csv", SCHWAB_OF_ONE), written(tmp_path, "realized.csv", SCHWAB_CLOSED)]
    year = {"realized_short": "-48.00", "carried_long": 1200.5}
    paths = [*held, written(tmp_path, "year.json", json.dumps({"tax_year": year}))]
    read = read_lots(paths)
    assert (read.lots, read.closed) == (TWO, CLOSED["Schwab, realized"][1])
    assert (read.realized_short, read.realized_long, read.carried_long) == (Decimal("-48.00"), 0, Decimal("1200.5"))
    with pytest.raises(DataError, match="tax_year stands in more than one file"):
        read_lots([*paths, paths[-1]])


NOTED: dict[str, tuple[str, str]] = {
    "what is not known": (OPEN["Fidelity, months by name, a lot bought at various times"][1], "the day of purchase of the lot in row 3"),
    "money has no lots": (OPEN["Fidelity, months by name, a lot bought at various times"][1], "'SPAXX**') is money, which has no lots"),
    "a cost of nothing": (OPEN["a cost of nothing is nothing"][1], "a cost of zero is taken as it is said (row 2): all of it is gain"),
    "words": (OPEN["words for what nobody knows"][1], "'Unknown' in column total_cost means that it is not known"),
    "sums": (OPEN["an asset's sum above its lots"][1], "row 2 is the sum of rows 3 and 4, and was not read"),
    "levels": (OPEN["IBKR Flex, days without separators, sums beside lots"][1], "rows of the kind 'SUMMARY' are sums of lots"),
    "sections": (OPEN["IBKR activity statement, one section of many"][1], "of the statement's sections Open Positions was read"),
    "the order of days": (OPEN["day first, said by another row"][1], "column acquired_on: the day comes first in its dates, as 30/05/2023"),
    "years": (OPEN["years of two digits"][1], "years of two digits are taken for 70 to 99 as 19.."),
    "columns": ("symbol,acquired,shares,total_cost,Mood\nA,2021-03-02,1,5,good\n", "column 'Mood' was not read"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOTED, ids=list(NOTED))
def test_what_was_left_out_or_decided_is_noted(tmp_path, case):
    text, sentence = NOTED[case]
    notes: list[str] = []
    read_lots(written(tmp_path, "lots.csv", text), notes)
    assert any(sentence in note and note.startswith("lots.csv: ") for note in notes), notes


REFUSED: dict[str, tuple[str, str, str]] = {
    "both costs, and they disagree": (
        "symbol,acquired,shares,cost per share,total cost\nA,2021-03-02,40,121.50,4960.00\n",
        r"row 2: 40 shares at 121.50 \(cost_per_share\) are 4860.00, total_cost is 4960.00", "correct the one that is wrong",
    ),
    "a total called a cost a share": (
        "symbol,acquired,shares,cost per share,cost basis\nA,2021-03-02,40,4860,4860\n", "are 194400, total_cost is 4860", "take its column out",
    ),
    "cost alone": ("symbol,acquired,shares,cost\nA,2021-03-02,40,4860\n", "may be the cost of a share or of the whole lot", "total_cost"),
    "price alone": ("symbol,date,shares,price\nA,2021-03-02,40,121\n", "may be what was paid for a share or what one is worth", "cost_per_share"),
    "an id twice": (
        "symbol,lot_id,acquired,shares,cost_per_share\nA,1,2021-03-02,8,5\nA,1,2021-03-03,8,5\n",
        "rows 2 and 3: the lot 1 of A is listed more than once", "an id of its own",
    ),
    "a short position": (
        "symbol,acquired,shares,cost_per_share\nA,2021-03-02,-8,5\n", "row 2: -8 shares of A is a lot of a short position", "take out the rows",
    ),
    "a short side": ("symbol,acquired,shares,cost_per_share,side\nA,2021-03-02,8,5,Short\n", "lot of a short position", "take out the rows"),
    "a lot of nothing": ("symbol,acquired,shares,cost_per_share\nA,2021-03-02,0,5\n", "is a lot of no shares", "take out the rows"),
    "a cost below zero": ("symbol,acquired,shares,cost_per_share\nA,2021-03-02,8,-5\n", "row 2, column cost_per_share: -5 is below zero", "correct"),
    "a day that may be two": (
        "symbol,acquired,shares,cost_per_share\nA,02/03/2021,8,5\n", "row 2, column acquired_on: '02/03/2021' may be 2021-03-02 or 2021-02-03",
        "write days as 2021-03-02",
    ),
    "no day": ("symbol,acquired,shares,cost_per_share\nA,long ago,8,5\n", "'long ago' is no date", "write days as"),
    "no number": ("symbol,acquired,shares,cost_per_share\nA,2021-03-02,8,five\n", "row 2, column cost_per_share: 'five' is not a number", "digits"),
    "a number that may be two": (
        "symbol;acquired;shares;cost_per_share\nA;2021-03-02;8;1,234\n", "'1,234' may be 1234 or 1.234", "without a separator",
    ),
    "no asset in a row": ("symbol,acquired,shares,cost_per_share\n,2021-03-02,8,5\n", "row 2: no asset is named", "name the asset"),
    "no column of assets": ("acquired,shares,cost_per_share\n2021-03-02,8,5\n", "no column names the assets", "AAPL.csv"),
    "no column of shares": ("symbol,acquired,cost_per_share\nA,2021-03-02,5\n", "has no column for the shares", "shares"),
    "no shares in a row": ("symbol,acquired,shares,cost_per_share\nA,2021-03-02,,5\n", "row 2, column shares: is empty", "fill it"),
    "two currencies": (
        "symbol,acquired,shares,cost_per_share,currency\nA,2021-03-02,8,5,USD\nB,2021-03-02,8,5,EUR\n", "found EUR, USD", "a file of their own",
    ),
    "sold before it was bought": (
        "symbol,acquired,sold,shares,cost_per_share,proceeds\nA,2021-03-02,2021-03-01,8,5,40\n", "before it was acquired", "one of the two days",
    ),
    "sold for nobody says what": ("symbol,acquired,sold,shares,cost_per_share\nA,2021-03-02,2024-03-01,8,5\n", "nothing says what it brought", "proceeds"),
    "two columns of one thing": ("symbol,acquired,date acquired,shares\nA,2021-03-02,2021-03-02,8\n", "two columns hold the acquired_on", "keep one"),
    "not a row": ("symbol,acquired,shares,cost_per_share\n", "holds no lots", "a row for each lot"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=list(REFUSED))
def test_what_cannot_be_meant_is_refused_by_row_and_column_with_a_fix(tmp_path, case):
    text, why, fix = REFUSED[case]
    with pytest.raises(DataError, match=why) as caught:
        read_lots(written(tmp_path, "lots.csv", text))
    assert "lots.csv" in str(caught.value)
    assert any(fix in said for said in caught.value.fixes), caught.value.fixes


def test_lots_in_another_currency_than_the_portfolio_are_refused(tmp_path):
    path = written(tmp_path, "lots.csv", "symbol,acquired,shares,cost_per_share,currency\nA,2021-03-02,8,5,EUR\n")
    with pytest.raises(DataError, match="the lots are in EUR, and the portfolio is in USD"):
        with_lots(Holdings("P1", {"A": Decimal(8)}), path, [])


def test_what_two_numbers_share_in_a_third_is_kept_to_28_digits(tmp_path):
    path = written(tmp_path, "lots.csv", "symbol,acquired,shares,total_cost\nA,2021-03-02,3,100\n")
    (one,) = read_lots(path).lots
    assert one.cost_per_share is not None
    assert abs(one.cost_per_share * 3 - 100) < Decimal("1e-25")
