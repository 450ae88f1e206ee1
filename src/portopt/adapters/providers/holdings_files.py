"""What is held, what may be bought, what is measured against: from files people keep."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from portopt.adapters.providers.rows import EXPOSURE, Row, decimal_of, file_name, finish, read_rows, require
from portopt.adapters.providers.tables import ASSET
from portopt.domain.errors import DataError
from portopt.domain.holdings import Holdings
from portopt.domain.universe import CASH, Asset, Universe

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "name": ("name",),
    "sector": ("sector", "gics_sector"),
    "asset_class": ("asset_class",),
    "quality_score": ("quality_score", "quality"),
    "esg_score": ("esg_score", "esg"),
    "tradable": ("tradable",),
}
SCORES = ("quality_score", "esg_score")
YES, NO = ("true", "yes", "1", "y"), ("false", "no", "0", "n")
SUM_TOLERANCE = 1e-3  # published benchmark weights are rounded; more than this is not rounding


def read_holdings(path: str | Path, portfolio_id: str | None = None) -> tuple[Holdings, dict[str, dict[str, Any]]]:
    """Shares and cash, and what the file says of each asset (sector, quality score, …).

    A row named CASH, in any case, is cash: its shares are the amount. Shares are read as decimals exactly as written.
    Prices come from the pricing pack; a price column is kept as what the row says, for what has no price there.

    Args:
        path: .csv, .xlsx, .parquet or .json; "-" is CSV or JSON on standard input.
        portfolio_id: None is the file's name without its ending.
    Raises:
        FileNotReadable, MalformedDocument, UnknownField; DataError naming row and column of everything wrong at once.
    """
    columns = {"asset": ASSET, "shares": ("shares", "quantity"), "currency": ("currency",), "price": ("price",), **ATTRIBUTES}
    rows = read_rows(path, columns, ignored=("benchmark_weight",), what="holdings")
    require(rows, ("asset", "shares"), columns, file_name(path))
    problems: list[str] = []
    shares: dict[str, Decimal] = {}
    described: dict[str, dict[str, Any]] = {}
    stated: dict[str, Decimal] = {}
    for asset_id, row in _named(rows, problems):
        price = decimal_of(row.get("price") or "")
        if price is not None and price > 0 and asset_id != CASH:
            stated[asset_id] = price
        amount = _decimal(row, "shares", problems)
        if amount is not None:
            shares[asset_id] = amount
        if asset_id != CASH:
            described[asset_id] = _attributes(row, problems)
    currencies = {row.get("currency") for row in rows} - {None}
    if len(currencies) > 1:
        problems.append(f"column currency: one portfolio has one currency, found {', '.join(sorted(map(str, currencies)))}")
    finish(problems, file_name(path), "holdings")
    cash = shares.pop(CASH, Decimal(0))
    stem = "portfolio" if str(path) == "-" else Path(path).stem
    currency = currencies.pop() or "USD" if currencies else "USD"
    return Holdings(portfolio_id or stem, shares, cash, currency, stated), described


def read_universe(path: str | Path) -> Universe:
    """The assets that may be held, with their attributes, in the file's order; cash last. Errors as read_holdings."""
    columns = {"asset": ASSET, **ATTRIBUTES}
    rows = read_rows(path, columns, ignored=("price", "shares", "quantity", "weight", "benchmark_weight"), what="universe")
    require(rows, ("asset",), columns, file_name(path))
    problems: list[str] = []
    assets = [Asset(asset_id, **_attributes(row, problems)) for asset_id, row in _named(rows, problems)]
    finish(problems, file_name(path), "universe")
    return Universe(tuple(sorted(assets, key=lambda asset: asset.id == CASH)))


def read_benchmark(path: str | Path) -> dict[str, float]:
    """Weights by asset id, adding to one.

    Raises DataError for a negative weight, and for a sum that is more than rounding away from one; within rounding
    (0.001) the weights are divided by their sum.
    """
    columns = {"asset": ASSET, "weight": ("weight", "benchmark_weight"), **ATTRIBUTES}
    rows = read_rows(path, columns, ignored=("price",), what="benchmark")
    require(rows, ("asset", "weight"), columns, file_name(path))
    return _weights(rows, path)


def read_benchmark_column(path: str | Path) -> dict[str, float] | None:
    """The weights of a `benchmark_weight` column in a holdings or universe file; None where there is no such column.

    An asset without a value there is not in the benchmark. Errors as read_benchmark.
    """
    columns = {"asset": ASSET, "weight": ("benchmark_weight",), **ATTRIBUTES}
    rows = read_rows(path, columns, ignored=("price", "shares", "quantity", "currency"), what="benchmark")
    given = [row for row in rows if row.get("weight") is not None]
    return _weights(given, path) if given else None


def _weights(rows: list[Row], path: str | Path) -> dict[str, float]:
    problems: list[str] = []
    weights: dict[str, Decimal] = {}
    for asset_id, row in _named(rows, problems):
        weight = _decimal(row, "weight", problems)
        if weight is not None and weight < 0:
            problems.append(f"row {row.number}, column weight: {weight} is negative; a benchmark is long only")
        weights[asset_id] = weight or Decimal(0)
    finish(problems, file_name(path), "benchmark")
    total = sum(weights.values(), Decimal(0))
    if abs(total - 1) > Decimal(str(SUM_TOLERANCE)):
        percent = abs(total - 100) <= 100 * Decimal(str(SUM_TOLERANCE))
        raise DataError(
            f"{file_name(path)}: benchmark weights add to {total.normalize():f}, not to 1",
            field="benchmark",
            value=float(total),
            measured={"sum": float(total), "assets": len(weights)},
            fixes=["these are percent: divide them by 100"] if percent else ["give weights as fractions that add to 1"],
        )
    return {asset_id: float(weight / total) for asset_id, weight in weights.items()}


def _named(rows: list[Row], problems: list[str]) -> list[tuple[str, Row]]:
    """Rows by asset id; a row without one, or with one that came before, is a problem. CASH in any case is CASH."""
    seen: dict[str, int] = {}
    named = []
    for row in rows:
        asset_id = row.get("asset")
        if asset_id is None:
            problems.append(f"row {row.number}: no asset is named")
            continue
        asset_id = CASH if asset_id.upper() == CASH else asset_id
        if asset_id in seen:
            problems.append(f"row {row.number}: {asset_id} is listed already in row {seen[asset_id]}")
            continue
        seen[asset_id] = row.number
        named.append((asset_id, row))
    return named


def _decimal(row: Row, column: str, problems: list[str]) -> Decimal | None:
    text = row.get(column)
    value = None if text is None else decimal_of(text)
    if value is None:
        what = "is empty" if text is None else f"{text!r} is not a number"
        hint = " (write it without thousands separators)" if text is not None and "," in text else ""
        problems.append(f"row {row.number}, column {column}: {what}{hint}")
    return value


def _attributes(row: Row, problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ATTRIBUTES:
        text = row.get(name)
        if text is None:
            continue
        if name in SCORES:
            number = decimal_of(text)
            if number is None:
                problems.append(f"row {row.number}, column {name}: {text!r} is not a number")
                continue
            found[name] = float(number)
        elif name == "tradable":
            if text.lower() not in YES + NO:
                problems.append(f"row {row.number}, column tradable: {text!r} is neither true nor false")
            found[name] = text.lower() in YES
        else:
            found[name] = text
    exposures = _exposures(row, problems)
    return {**found, "attributes": exposures} if exposures else found


def _exposures(row: Row, problems: list[str]) -> dict[str, float]:
    """The columns attribute_NAME of a row, by NAME; an empty cell is no exposure."""
    found = {}
    for column, text in row.cells.items():
        if not column.startswith(EXPOSURE) or not text:
            continue
        number = decimal_of(text)
        if number is None:
            problems.append(f"row {row.number}, column {column}: {text!r} is not a number")
            continue
        found[column.removeprefix(EXPOSURE)] = float(number)
    return found
