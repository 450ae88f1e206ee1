"""A spoiled list of lots is read or refused with a reason, and what is read of it are lots: nothing else comes out of any file.

PORTOPT_MUTATED_FILES sets how many are tried (4,000 in a campaign); the suite tries a sample.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

from files_mutator import BYTES, CELLS, NASTY, of_kind

from portopt.adapters.providers.holdings_files import read_holdings
from portopt.adapters.providers.lot_files import read_lots
from portopt.domain.errors import PortoptError
from portopt.domain.lots import repeated
from portopt.domain.tax import TaxRecord

TRIED = int(os.environ.get("PORTOPT_MUTATED_FILES", "150"))
WORDS = (
    *NASTY,
    "Various",
    "Unknown",
    "--",
    "Incomplete",
    "$1,234.50",
    "(5.00)",
    "12/31/1999",
    "Mar-02-2021",
    "20210302;093015",
    "Short",
)
LOTS = [
    ["symbol", "lot", "acquired", "shares", "cost per share", "cost basis", "sold", "proceeds"],
    ["AAA", "1", "2021-03-02", "40", "121.50", "4860.00", "", ""],
    ["AAA", "2", "2024-01-05", "0.5", "", "", "", ""],
    ["BBB", "", "", "60", "", "600", "", ""],
    ["BBB", "", "2023-05-30", "10", "12", "", "2024-02-01", "99.50"],
]
TITLED = [["AAA Lot Details for Individual ...123 as of 02:15 PM ET, 03/28/2024"], ["Open Date", "Quantity", "Cost/Share"],
          ["03/02/2021", "40", "$121.50"], ["Total", "40", ""]]  # fmt: skip


def spoiled(seed: int) -> tuple[str, bytes]:
    rng = random.Random(seed)
    rows = [list(row) for row in (LOTS if rng.random() < 0.8 else TITLED)]
    kind = rng.choice(("csv", "csv", "csv", "xlsx", "parquet", "json"))
    for _ in range(rng.choice((0, 1, 1, 2))):
        rows = rng.choice(CELLS)([row or [""] for row in rows], rng)
    for _ in range(rng.choice((0, 1, 2))):
        row = rng.choice(rows) or [""]
        row[rng.randrange(len(row))] = rng.choice(WORDS)
    try:
        content = of_kind(rows, kind)
    except Exception:  # a table that its own writer does not take
        kind, content = "csv", of_kind(rows, "csv")
    return kind, rng.choice(BYTES)(content, rng) if content and rng.random() < 0.25 else content


def code_of(path: Path) -> int:
    try:
        require_lots(read_lots(path, []))
    except PortoptError as error:
        return error.exit_code if error.detail else 1
    return 0


def require_lots(tax: TaxRecord) -> None:
    assert repeated(tax.lots) == []
    for lot in (*tax.lots, *tax.closed):
        assert lot.shares > 0
        assert lot.asset_id.strip()
        assert lot.lot_id
        assert lot.cost_per_share is None or (lot.cost_per_share.is_finite() and lot.cost_per_share >= 0)
        assert lot.acquired_on is None or 1800 <= lot.acquired_on.year <= 2099
    for sold in tax.closed:
        assert sold.proceeds_per_share >= 0
        assert sold.acquired_on is None or sold.acquired_on <= sold.closed_on


def test_spoiled_lots_are_read_or_refused_with_a_reason(tmp_path: Path) -> None:
    codes: Counter[int] = Counter()
    for seed in range(TRIED):
        kind, content = spoiled(seed)
        path = tmp_path / f"{seed}.{kind}"
        path.write_bytes(content)
        codes[code_of(path)] += 1
    assert set(codes) <= {0, 2, 4}, codes
    assert min(codes[0], codes[2] + codes[4]) > TRIED // 10, codes


def test_of_positions_by_lot_the_lots_are_of_what_is_held(tmp_path: Path) -> None:
    for seed in range(TRIED):
        kind, content = spoiled(seed)
        path = tmp_path / f"{seed}.{kind}"
        path.write_bytes(content)
        try:
            held, _ = read_holdings(path, "P", [])
        except PortoptError:
            continue
        if held.tax is not None:
            require_lots(held.tax)
            for asset in {lot.asset_id for lot in held.tax.lots}:
                assert sum(lot.shares for lot in held.tax.lots_of(asset)) == held.shares[asset]
