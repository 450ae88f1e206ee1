"""What is held, what may be bought, what is measured against: from files people keep and brokers write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from portopt.adapters.providers.lots_of_holdings import SPELLED, tax_of_holdings
from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.lots import covered
from portopt.domain.units import NAMES, Units, units_of
from portopt.domain.universe import CASH, Asset, Universe
from portopt.tables.account import Account, in_words
from portopt.tables.actions import days_of_rows
from portopt.tables.delivered import Delivered
from portopt.tables.lot_columns import DOCUMENTS
from portopt.tables.names import ASSET
from portopt.tables.row_files import hand_table
from portopt.tables.rows import EXPOSURE, Row, Wanted, file_name, read_rows, rows_in

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "name": ("name",),
    "sector": ("sector", "gics_sector"),
    "asset_class": ("asset_class",),
    "quality_score": ("quality_score", "quality"),
    "esg_score": ("esg_score", "esg"),
    "tradable": ("tradable",),
}
SCORES = ("quality_score", "esg_score")
UNITS: dict[str, tuple[str, ...]] = {name: (name,) for name in NAMES}
COUNTED = tuple(name for name in UNITS if name not in ("nav_priced", "cut_off"))
SHARES = ("shares", "quantity", "qty", "units")
AS_OF = ("as_of", "as_of_date", "position_date")
OF_HOLDINGS = ("price", *SHARES, "currency", "account", *SPELLED, *AS_OF)
YES, NO = ("true", "yes", "1", "y"), ("false", "no", "0", "n")
MONEY = re.compile(r"cash|money|sweep|settle|pending|\*\*|^(usd|eur|gbp|chf|jpy)$", re.IGNORECASE)  # what brokers call it
SUM_TOLERANCE = 1e-3  # published benchmark weights are rounded; more than this is not rounding

HOLDINGS = Wanted(
    {"asset": ASSET, "shares": SHARES, **{name: (name,) for name in ("currency", "price", "account")},
     "as_of": AS_OF, **ATTRIBUTES, **UNITS},
    required=("asset", "shares"), numbers=("shares", "price", *SCORES, *COUNTED), loose=("as_of",),
    beside=("benchmark_weight", *SPELLED), what="holdings", documents=DOCUMENTS,
)  # fmt: skip
UNIVERSE = Wanted(
    {"asset": ASSET, **ATTRIBUTES, **UNITS},
    required=("asset",), numbers=(*SCORES, *COUNTED), beside=(*OF_HOLDINGS, "weight", "benchmark_weight"), what="universe",
    documents=DOCUMENTS,
)  # fmt: skip
BENCHMARK = Wanted(
    {"asset": ASSET, "weight": ("weight", "benchmark_weight"), **ATTRIBUTES},
    required=("asset", "weight"), numbers=("weight", *SCORES), beside=OF_HOLDINGS, what="benchmark",
    percent=("weight",),
)  # fmt: skip
BENCHMARK_COLUMN = Wanted(
    {"asset": ASSET, "weight": ("benchmark_weight",), **ATTRIBUTES},
    required=("asset",), numbers=("weight", *SCORES), beside=(*OF_HOLDINGS, "weight"), what="benchmark",
    percent=("weight",), documents=DOCUMENTS,
)  # fmt: skip


def read_holdings(
    path: str | Path | Delivered, portfolio_id: str | None = None, notes: list[str] | None = None
) -> tuple[Holdings, dict[str, dict[str, Any]]]:
    """Shares and cash, and what the file says of each asset (sector, quality score, …).

    A row named CASH, in any case, is cash: its shares are the amount. Shares are read as decimals exactly as written.
    Several rows of one asset are lots or accounts of it, and are added; what a column `account` says is kept beside the sum,
    and so are the lots where columns tell days of purchase or costs, or a document `tax_lots` beside its rows.
    Prices come from the pricing pack; a price column is kept as what the row says, for what has no price there, and a day in a
    column `as_of` as that of the list: both tell a split since.

    Args:
        path: .csv, .xlsx, .parquet or .json, or a body that holds what one would; "-" is CSV or JSON on standard input.
        portfolio_id: None is the file's name without its ending.
        notes: is told what was not read, added up or cleaned.
    Raises:
        FileNotReadable, MalformedDocument, UnknownField; DataError naming row and column of everything wrong at once.
    """
    said = Account(file_name(path))
    table = hand_table(path, HOLDINGS, said)
    rows = rows_in(table, HOLDINGS, said)
    shares: dict[str, Decimal] = {}
    described: dict[str, dict[str, Any]] = {}
    lots: dict[str, list[tuple[Row, Decimal]]] = {}
    stated: dict[str, Decimal] = {}
    accounts: dict[str, dict[str, Decimal]] = {}
    for asset_id, row in _named(rows, said):
        price = row.get("price")
        if price is not None and Decimal(price) > 0 and asset_id != CASH:
            stated[asset_id] = Decimal(price)
        amount = _decimal(row, "shares", said)
        if amount is not None:
            lots.setdefault(asset_id, []).append((row, amount))
            shares[asset_id] = shares.get(asset_id, Decimal(0)) + amount
            _lie_in(accounts, row.get("account"), asset_id, amount)
        if asset_id != CASH:
            described[asset_id] = _agreed(asset_id, described.get(asset_id), _attributes(row, said), row, said)
    _note_lots(lots, said)
    currencies = {(row.get("currency") or "").upper() for row in rows} - {""}
    if len(currencies) > 1:
        said.wrong(
            f"column currency: one portfolio has one currency, found {', '.join(sorted(map(str, currencies)))}",
            "keep the holdings of each currency in a file of their own",
        )
    tax, as_of = tax_of_holdings(table, HOLDINGS, said), _as_of(rows, said)
    said.finish("holdings")
    _told(said, notes)
    cash = shares.pop(CASH, Decimal(0))
    stem = "portfolio" if isinstance(path, Delivered) or str(path) == "-" else Path(path).stem
    currency = currencies.pop() or "USD" if currencies else "USD"
    held, of_lots = covered(Holdings(portfolio_id or stem, shares, cash, currency, stated, accounts, tax, as_of))
    if notes is not None:
        notes += of_lots
    return held, described


def read_universe(path: str | Path | Delivered, notes: list[str] | None = None) -> Universe:
    """The assets that may be held, with their attributes, in the file's order; cash last. Errors as read_holdings."""
    said = Account(file_name(path))
    rows = read_rows(path, UNIVERSE, said)
    assets = [Asset(asset_id, **_attributes(row, said)) for asset_id, row in _once(rows, said)]
    said.finish("universe")
    _told(said, notes)
    return Universe(tuple(sorted(assets, key=lambda asset: asset.id == CASH)))


def read_benchmark(path: str | Path, notes: list[str] | None = None) -> dict[str, float]:
    """Weights by asset id, adding to one; 5% is 0.05.

    Raises DataError for a negative weight, and for a sum that is more than rounding away from one; within rounding
    (0.001) the weights are divided by their sum.
    """
    said = Account(file_name(path))
    weights = _weights(read_rows(path, BENCHMARK, said), said)
    _told(said, notes)
    return weights


def read_benchmark_column(path: str | Path | Delivered) -> dict[str, float] | None:
    """The weights of a `benchmark_weight` column in a holdings or universe file; None where there is no such column.

    An asset without a value there is not in the benchmark. Errors as read_benchmark.
    """
    said = Account(file_name(path))
    rows = read_rows(path, BENCHMARK_COLUMN, said)
    given = [row for row in rows if row.get("weight") is not None]
    if not given:
        said.finish("benchmark")
        return None
    return _weights(given, said)


def _told(said: Account, notes: list[str] | None) -> None:
    if notes is not None:
        notes += [note for note in said.notes if note not in notes]


def _weights(rows: list[Row], said: Account) -> dict[str, float]:
    weights: dict[str, Decimal] = {}
    for asset_id, row in _once(rows, said):
        weight = _decimal(row, "weight", said)
        if weight is not None and weight < 0:
            said.wrong(f"row {row.number}, column weight: {weight} is negative; a benchmark is long only",
                       f"correct the rows named in {said.where}")  # fmt: skip
        weights[asset_id] = weight or Decimal(0)
    said.finish("benchmark")
    total = sum(weights.values(), Decimal(0))
    if abs(total - 1) > Decimal(str(SUM_TOLERANCE)):
        percent = abs(total - 100) <= 100 * Decimal(str(SUM_TOLERANCE))
        raise DataError(
            f"{said.where}: benchmark weights add to {total.normalize():f}, not to 1",
            field="benchmark",
            value=float(total),
            measured={"sum": float(total), "assets": len(weights)},
            fixes=["these are percent: divide them by 100"] if percent else ["give weights as fractions that add to 1"],
        )
    return {asset_id: float(weight / total) for asset_id, weight in weights.items()}


def _named(rows: list[Row], said: Account) -> list[tuple[str, Row]]:
    """Rows by asset id; a row without one is a problem. CASH in any case is CASH."""
    named = []
    for row in rows:
        asset_id = row.get("asset")
        if asset_id is None:
            said.wrong(
                f"row {row.number}: no asset is named", f"name the asset of the rows named in {said.where}, or take them out"
            )
            continue
        named.append((CASH if asset_id.upper() == CASH else asset_id, row))
    return named


def _once(rows: list[Row], said: Account) -> list[tuple[str, Row]]:
    """The same where an asset has one row: a second that says the same is noted, one that says something else a problem."""
    first: dict[str, Row] = {}
    for asset_id, row in _named(rows, said):
        before = first.setdefault(asset_id, row)
        if before is row:
            continue
        if dict(before.cells) == dict(row.cells) and "weight" not in row.cells:
            said.note(f"row {row.number} says of {asset_id} what row {before.number} says, and was counted once")
        else:
            said.wrong(f"row {row.number}: {asset_id} is listed already in row {before.number}", f"keep one row of {asset_id}")
    return list(first.items())


def _as_of(rows: list[Row], said: Account) -> date | None:
    """The day of the list, the earliest that its rows name: what happened after it is in none of them for certain."""
    days = sorted(day for day in days_of_rows(rows, ("as_of",), said).values() if day is not None)
    if len(set(days)) > 1:
        said.note(f"its rows are of {days[0]} to {days[-1]}: the list counts as one of {days[0]}")
    return days[0] if days else None


def _note_lots(lots: Mapping[str, list[tuple[Row, Decimal]]], said: Account) -> None:
    for asset_id, parts in lots.items():
        if len(parts) > 1:
            rows = in_words([row.number for row, _ in parts])
            total = sum((amount for _, amount in parts), Decimal(0))
            terms = " + ".join(f"{amount:f}" for _, amount in parts[:10]) + (" + …" if len(parts) > 10 else "")
            what = "" if asset_id == CASH else " shares"
            said.note(f"{asset_id} stands in rows {rows}: {terms} = {total:f}{what}")


def _lie_in(accounts: dict[str, dict[str, Decimal]], account: str | None, asset_id: str, amount: Decimal) -> None:
    if account is not None and asset_id != CASH:
        there = accounts.setdefault(account, {})
        there[asset_id] = there.get(asset_id, Decimal(0)) + amount


def _agreed(asset_id: str, before: dict[str, Any] | None, now: dict[str, Any], row: Row, said: Account) -> dict[str, Any]:
    """What several rows of an asset say of it together."""
    for name, value in (before or {}).items():
        if name in now and now[name] != value:
            said.wrong(f"row {row.number}, column {name}: {asset_id} is {now[name]!r} here and {value!r} above",
                       f"say the same of {asset_id} in every row")  # fmt: skip
    return {**(before or {}), **now}


def _decimal(row: Row, column: str, said: Account) -> Decimal | None:
    text = row.get(column)
    if text is None:
        # A cell that holds something else than a number was told where the column was read.
        if not any(problem.startswith(f"row {row.number}, column {column}:") for problem in said.problems):
            money = column == "shares" and MONEY.search(row.get("asset") or "") is not None
            named = f"name it {CASH}, with the amount in the column of the shares" if money else "fill it, or take the row out"
            what = f" ({row.get('asset')})" if row.get("asset") else ""
            said.wrong(f"row {row.number}, column {column}: is empty{what}", f"row {row.number}: {named}")
        return None
    return Decimal(text)


def _attributes(row: Row, said: Account) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ATTRIBUTES:
        text = row.get(name)
        if text is None:
            continue
        if name in SCORES:
            found[name] = float(text)
        elif name == "tradable":
            if text.lower() not in YES + NO:
                said.wrong(f"row {row.number}, column tradable: {text!r} is neither true nor false", "write true or false")
            found[name] = text.lower() in YES
        else:
            found[name] = text
    exposures = {
        column.removeprefix(EXPOSURE): float(text) for column, text in row.cells.items() if column.startswith(EXPOSURE) and text
    }
    units = _units(row, said)
    return {**found, **({"attributes": exposures} if exposures else {}), **({} if units is None else {"units": units})}


def _units(row: Row, said: Account) -> Units | None:
    """What the row says of how the asset is quoted, traded and settled; what cannot be is told with its column."""
    told: dict[str, Any] = {name: row.get(name) for name in UNITS if row.get(name) is not None}
    if "accrued_interest" in told and "price_multiplier" not in told:
        # What brokers write under that name is money of the whole position as often as interest on what a price is of.
        said.note(
            f"row {row.number}: accrued_interest was not read: it counts beside a price_multiplier, per unit of the price"
        )
        del told["accrued_interest"]
    if not told:
        return None
    if told.get("nav_priced", "").lower() in YES + NO:
        told["nav_priced"] = told["nav_priced"].lower() in YES
    try:
        return units_of(told, f"row {row.number}")
    except InvalidValue as error:
        said.wrong(error.detail, error.fixes[0] if error.fixes else f"correct row {row.number}")
        return None
