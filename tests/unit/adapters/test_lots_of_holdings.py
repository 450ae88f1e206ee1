"""Lists of holdings that tell lots themselves: positions by lot, positions with a cost, documents with lots beside."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from support import REPOSITORY

from portopt.adapters.providers.holdings_files import read_benchmark_column, read_holdings, read_universe
from portopt.adapters.providers.lot_files import read_lots
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.tax import Lot

MARCH, MAY = date(2021, 3, 2), date(2023, 5, 30)


def written(tmp_path: Path, text: str, name: str = "book.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def read(tmp_path: Path, text: str, name: str = "book.csv") -> tuple[Holdings, str]:
    notes: list[str] = []
    held, _ = read_holdings(written(tmp_path, text, name), "P1", notes)
    return held, "; ".join(notes)


def lots(held: Holdings) -> tuple[Lot, ...] | None:
    return None if held.tax is None else held.tax.lots


def lot(asset: str, lot_id: str, day: date | None, shares: str, cost: str | None) -> Lot:
    return Lot(asset, lot_id, day, Decimal(shares), None if cost is None else Decimal(cost))


BY_LOT = """symbol,quantity,acquired,cost basis,sector
A,40,2021-03-02,4860.00,Tech
A,60,2023-05-30,--,Tech
B,7,,,Energy
CASH,1000,,,
"""


def test_positions_by_lot_are_added_and_kept_as_lots_too(tmp_path):
    held, said = read(tmp_path, BY_LOT)
    assert held.shares == {"A": 100, "B": 7}
    assert held.cash == 1000
    assert lots(held) == (lot("A", "2021-03-02 #1", MARCH, "40", "121.5"), lot("A", "2023-05-30 #1", MAY, "60", None))
    assert "A stands in rows 2 and 3: 40 + 60 = 100 shares" in said
    assert "the cost of the lot in row 3 is not known" in said
    assert "no lots are told of B" in said


def test_a_position_with_a_cost_is_a_lot_whose_day_is_not_known(tmp_path):
    held, said = read(tmp_path, "symbol,quantity,average cost basis,cost basis total\nA,40,$121.50,$4860.00\nB,5,n/a,n/a\n")
    assert lots(held) == (lot("A", "unknown #1", None, "40", "121.50"),)
    assert "the day of purchase of the lot in row 2 is not known" in said
    assert "no lots are told of B" in said


def test_the_lots_of_a_list_of_positions_never_refuse_it(tmp_path):
    """Costs that contradict each other, or are no numbers: whoever asks of no tax is not stopped by them."""
    for cost in ("$121.50,$9999.00", "much,$1", "-4,"):
        held, said = read(tmp_path, f"symbol,quantity,cost per share,cost basis\nA,40,{cost}\n")
        assert (held.shares, held.tax) == ({"A": 40}, None)
        assert "its costs were not kept as lots: row 2" in said


def test_where_days_are_told_what_is_wrong_with_lots_is_refused_with_everything_else(tmp_path):
    text = "symbol,quantity,acquired,cost per share,cost basis\nA,40,2021-03-02,121.50,9999\nB,x,2021-03-02,1,\n"
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert "row 2: 40 shares at 121.50 (cost_per_share) are 4860.00, total_cost is 9999" in str(caught.value)
    assert "row 3, column shares: 'x' is not a number" in str(caught.value)
    with pytest.raises(DataError, match="'02/03/2021' may be 2021-03-02 or 2021-02-03"):
        read(tmp_path, "symbol,quantity,acquired\nA,40,02/03/2021\n")
    with pytest.raises(DataError, match="rows 2 and 3: the lot 7 of A is listed more than once"):
        read(tmp_path, "symbol,quantity,lot,acquired\nA,40,7,2021-03-02\nA,4,7,2021-03-02\n")


def test_short_positions_and_lists_without_lots_have_none(tmp_path):
    held, _ = read(tmp_path, "symbol,quantity,cost basis\nA,-40,100\nB,10,50\nC,10,\nC,-4,20\n")
    assert held.shares == {"A": -40, "B": 10, "C": 6}
    assert lots(held) == (lot("B", "unknown #1", None, "10", "5"),)
    held, said = read(tmp_path, "symbol,quantity,purchase price\nA,40,\n")
    assert held.tax is None
    assert "lots" not in said
    assert read(tmp_path, "symbol,quantity\nA,40\n")[0].tax is None


def test_a_document_may_say_its_lots_beside_its_rows(tmp_path):
    one = {"asset_id": "A", "lot_id": "L1", "acquired_on": "2021-03-02", "shares": 0.1, "cost_per_share": 121.50}
    doc = {"holdings": [{"asset": "A", "shares": 0.35, "benchmark_weight": 1}], "cash": 7, "tax_lots": [one]}
    held, _ = read(tmp_path, json.dumps(doc), "book.json")
    assert lots(held) == (lot("A", "L1", MARCH, "0.1", "121.5"), lot("A", "unknown", None, "0.25", None))
    plain = {"A": 0.1, "cash": 7, "tax_lots": [one], "tax_year": {"carried_short": 3}}
    held, _ = read(tmp_path, json.dumps(plain), "plain.json")
    assert held.tax is not None
    assert (held.shares, held.tax.carried_short) == ({"A": Decimal("0.1")}, 3)
    path = tmp_path / "book.json"
    assert [asset.id for asset in read_universe(path).assets] == ["A", "CASH"]
    assert read_benchmark_column(path) == {"A": 1.0}
    with pytest.raises(InvalidValue, match=r"tax_lots\[0\].shares"):
        read(tmp_path, json.dumps({"A": 1, "tax_lots": [{**one, "shares": -1}]}), "wrong.json")


def test_the_lists_of_the_page_are_read_as_it_says(tmp_path):
    page = (REPOSITORY / "docs" / "files.md").read_text()
    table = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    documents = [text for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if "tax_lots" in text]
    assert (len(table), len(documents)) == (1, 1)
    told = read_lots(written(tmp_path, table[0], "lots.csv"))
    first, second = lot("AAPL", "1", MARCH, "40", "121.50"), lot("AAPL", "2", None, "20", None)
    assert told.lots == (first, second, lot("MSFT", "7", date(2024, 1, 5), "30", "55.25"))
    held, said = read(tmp_path, documents[0], "book.json")
    assert held.tax is not None
    assert (held.shares, held.tax.lots) == ({"AAPL": 60, "MSFT": 30}, (first, second))
    assert (held.tax.closed[0].loss, held.tax.realized_short, held.tax.carried_long) == (50, -50, 1200)
    assert "no lots are told of MSFT" in said
