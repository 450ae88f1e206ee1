"""One portfolio, one currency: prices that say they are in several, or in hundredths, cannot be added up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portopt.domain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

# Capitals matter: GBp is a penny, GBP a pound.
HUNDREDTHS = {"GBX": "GBP", "GBp": "GBP", "GBPENCE": "GBP", "ZAc": "ZAR", "ZAC": "ZAR", "ILA": "ILS", "ILa": "ILS"}
LISTED = 5


def require_one_currency(table: pl.DataFrame, source: str) -> None:
    """Raises DataError for prices in several currencies, and for prices in hundredths of one.

    table: long prices; a column `currency`, where there is one, says what each is in.
    """
    if "currency" not in table.columns:
        return
    first: dict[str, str] = {}
    for asset, code in table.select("asset_id", "currency").unique(maintain_order=True).drop_nulls().iter_rows():
        word = str(code).strip()
        if word:
            first.setdefault(word if word in HUNDREDTHS else word.upper(), str(asset))
    if len(first) > 1:
        named = ", ".join(f"{asset} in {code}" for code, asset in list(first.items())[:LISTED])
        raise DataError(
            f"prices from {source} are in {len(first)} currencies ({named}), and one portfolio has one",
            field="prices",
            value=sorted(first),
            measured={"first_asset": first},
            fixes=["convert the prices to one currency, or keep the assets of each in holdings and prices of their own"],
        )
    for code in set(first) & set(HUNDREDTHS):
        whole = HUNDREDTHS[code]
        raise DataError(
            f"prices from {source} are in {code}, hundredths of {whole} ({first[code]}): cash and costs are not",
            field="prices",
            value=code,
            fixes=[f"divide the prices by 100 and write {whole}"],
        )
