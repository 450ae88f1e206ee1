"""Tables of corporate actions as people and vendors write them: read right, or refused by row and column."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from portopt.domain.action import Action
from portopt.domain.errors import DataError
from portopt.domain.ratios import ratio_of
from portopt.tables.actions import read_actions
from portopt.tables.delivered import Delivered
from portopt.tables.members import read_members


def read(text: str, notes: list[str] | None = None) -> tuple[Action, ...]:
    return read_actions(Delivered(text.encode(), ".csv", "actions.csv"), notes)


@pytest.mark.parametrize(
    ("text", "new", "old"),
    [
        ("2:1", 2, 1), ("7:1", 7, 1), ("1:7", 1, 7), ("2-for-1", 2, 1), ("2 for 1", 2, 1), ("3/2", 3, 2), ("1 zu 10", 1, 10),
        ("1.5:1", 3, 2), ("0.5", 1, 2), ("0,5", 1, 2), ("1.05", 21, 20), ("0.142857", 1, 7), ("0.14285714285714285", 1, 7),
        ("0.3333", 1, 3), ("0.0667", 1, 15), ("1.0234", 5117, 5000), ("4", 4, 1), ("100:1", 100, 1),
    ],
)  # fmt: skip
def test_a_ratio_is_a_fraction_of_integers(text: str, new: int, old: int):
    assert ratio_of(text) == Fraction(new, old)


@pytest.mark.parametrize("text", ["", "0", "-2", "two", "2:0", "0:1", "1:2:3", "nan", "1,2,3"])
def test_what_is_no_ratio_is_none(text: str):
    assert ratio_of(text) is None


def test_one_table_holds_every_kind_of_action():
    found = read(
        "ticker,ex-date,type,ratio,amount,pay date,into,proceeds,delisting return,declared\n"
        "AAA,2024-03-01,dividend,,0.25,2024-03-15,,,,2024-02-10\n"
        "AAA,2024-02-01,split,2:1,,,,,,\n"
        "BBB,2024-04-01,Spin-Off,1:4,,,CCC,,,\n"
        "DDD,2024-05-01,delisting,,,,,13.37,,\n"
        "EEE,2024-05-02,Delisted,,,,,,-0.3,\n"
        "FFF,2024-05-03,delisting,,,,,,,\n"
    )
    assert found == (
        Action("AAA", "split", date(2024, 2, 1), ratio=(2, 1)),
        Action("AAA", "dividend", date(2024, 3, 1), date(2024, 3, 15), amount=Decimal("0.25"), known_from=date(2024, 2, 10)),
        Action("BBB", "spin_off", date(2024, 4, 1), ratio=(1, 4), into="CCC"),
        Action("DDD", "delisting", date(2024, 5, 1), proceeds=Decimal("13.37")),
        Action("EEE", "delisting", date(2024, 5, 2), delisting_return=Decimal("-0.3")),
        Action("FFF", "delisting", date(2024, 5, 3)),
    )


def test_a_german_table_is_read_with_its_commas_and_days_first():
    notes: list[str] = []
    text = "Symbol;Ex-Tag;Typ;Betrag;Verhältnis;Zahltag\nSAP;16.05.2024;Dividende;2,20;;21.05.2024\n"
    text += "ALV;03.06.2024;Aktiensplit;;1:10;\n"
    found = read(text, notes)
    assert found == (
        Action("SAP", "dividend", date(2024, 5, 16), date(2024, 5, 21), amount=Decimal("2.20")),
        Action("ALV", "split", date(2024, 6, 3), ratio=(1, 10)),
    )
    assert any("the comma is the decimal mark of column amount" in note for note in notes)


def test_a_vendors_table_of_dividends_and_splits_gives_both_of_a_day():
    found = read(
        "Date,Symbol,Dividends,Stock Splits\n2014-06-09,AAPL,0.0,7.0\n2014-08-07,AAPL,0.47,0.0\n2020-08-31,AAPL,0.2,4\n"
    )
    assert [(a.kind, a.ex_date.isoformat(), a.amount, a.ratio) for a in found] == [
        ("split", "2014-06-09", None, (7, 1)),
        ("dividend", "2014-08-07", Decimal("0.47"), None),
        ("dividend", "2020-08-31", Decimal("0.2"), None),
        ("split", "2020-08-31", None, (4, 1)),
    ]


WORDS = [
    ("reverse split", "10:1", (1, 10)),
    ("reverse split", "1:10", (1, 10)),
    ("stock dividend", "0.05", (21, 20)),
    ("stock dividend", "1.05", (21, 20)),
]


@pytest.mark.parametrize(("words", "ratio", "pair"), WORDS)
def test_words_that_leave_one_meaning_decide_it(words: str, ratio: str, pair: tuple[int, int]):
    (found,) = read(f"asset,ex_date,type,ratio\nA,2024-01-02,{words},{ratio}\n")
    assert found.ratio == pair


def test_parquet_and_workbooks_are_read_as_text_files_are(tmp_path: Path):
    frame = pl.DataFrame({"asset": ["A", "B"], "ex_date": [date(2024, 1, 2), date(2024, 1, 3)], "type": ["split", "dividend"],
                          "ratio": [0.5, None], "amount": [None, 0.125]})  # fmt: skip
    frame.write_parquet(tmp_path / "actions.parquet")
    frame.write_excel(tmp_path / "actions.xlsx")
    frame.write_csv(tmp_path / "actions.csv")
    found = [read_actions(tmp_path / f"actions.{kind}") for kind in ("parquet", "xlsx", "csv")]
    assert found[0] == found[1] == found[2]
    assert found[0][0].ratio == (1, 2)
    assert found[0][1].amount == Decimal("0.125")


WRONG = {
    "A,2024-01-02,merger,,": "row 2, column type: 'merger' is no kind of action",
    "A,2024-01-02,split,two,": "row 2, column ratio: 'two' is no ratio",
    "A,2024-01-02,split,,": "the split of A on 2024-01-02 does not say its ratio",
    "A,2024-01-02,split,1:1,": "one share into one",
    "A,2024-01-02,dividend,,": "the dividend of A on 2024-01-02 does not say its amount",
    "A,2024-01-02,dividend,,-1.5": "a dividend of -1.5 a share",
    "A,2024-13-02,dividend,,1": "row 2, column ex_date: '2024-13-02' is no day of the calendar",
    "A,01/02/2024,dividend,,1": "may be 2024-02-01 or 2024-01-02",
    ",2024-01-02,dividend,,1": "row 2: no asset",
    "A,,dividend,,1": "row 2: no ex date",
    "A,2024-01-02,split,2:1,\nA,2024-01-02,split,3:1,": "rows 2 and 3: A has two splits on 2024-01-02",
    "A,2024-01-02,delisting,,\nA,2024-02-02,delisting,,": "rows 2 and 3: A has two delistings",
    "A,2024-01-02,spin_off,1:2,": "the spin_off of A on 2024-01-02 does not say its into",
    "A,2024-01-02,,,": "row 2: nothing says what happened",
}


@pytest.mark.parametrize("rows", WRONG)
def test_what_is_wrong_is_named_by_its_row(rows: str):
    with pytest.raises(DataError) as refused:
        read(f"asset,ex_date,type,ratio,amount\n{rows}\n")
    assert WRONG[rows] in refused.value.detail
    assert refused.value.fixes


def test_a_payment_before_the_ex_date_and_a_return_below_minus_one_are_refused():
    with pytest.raises(DataError, match=r"paid on 2024-01-01, before its ex date 2024-01-02"):
        read("asset,ex_date,type,amount,pay_date\nA,2024-01-02,dividend,1,2024-01-01\n")
    with pytest.raises(DataError, match="loses more than all"):
        read("asset,ex_date,type,delisting_return\nA,2024-01-02,delisting,-30\n")


def test_a_row_that_stands_twice_is_read_once_and_two_dividends_of_a_day_are_both_paid():
    notes: list[str] = []
    found = read(
        "asset,ex_date,type,amount\nA,2024-01-02,dividend,1\nA,2024-01-02,dividend,1\nA,2024-01-02,dividend,0.5\n", notes
    )
    assert [action.amount for action in found] == [Decimal("0.5"), Decimal(1)]
    assert any("row 3 repeats row 2" in note for note in notes)
    assert any("two dividends on 2024-01-02, 1 and 0.5 a share: both are paid" in note for note in notes)


def test_members_are_read_with_open_and_closed_stays():
    body = Delivered(
        b"ticker;added;removed;announced\nA;01.02.2020;;\nB;15.02.2020;01.07.2021;10.02.2020\n", ".csv", "members.csv"
    )
    found = read_members(body)
    assert [(m.asset_id, m.valid_from, m.valid_to, m.known_from) for m in found] == [
        ("A", date(2020, 2, 1), None, None),
        ("B", date(2020, 2, 15), date(2021, 7, 1), date(2020, 2, 10)),
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("A,2020-01-01,2019-01-01", "A leaves on 2019-01-01, not after it came on 2020-01-01"),
        ("A,2020-01-01,\nA,2021-01-01,", "A is a member from 2020-01-01 without an end, and comes again on 2021-01-01"),
        ("A,2020-01-01,2022-01-01\nA,2021-01-01,", "a member from 2020-01-01 until 2022-01-01, and comes again on 2021-01-01"),
        (",2020-01-01,", "a member without an asset"),
    ],
)
def test_members_that_contradict_themselves_are_refused_by_row(rows: str, said: str):
    with pytest.raises(DataError, match=said):
        read_members(Delivered(f"asset,valid_from,valid_to\n{rows}\n".encode(), ".csv", "members.csv"))
