"""Holdings from before a split as holdings after it: shares, lots, accounts and what a share was said to be worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.ratios import ratio_of
from portopt.domain.tax import ClosedLot, Lot, TaxRecord

SHARES, MONEY = Decimal("0.000001"), Decimal("0.0000000001")  # where a ratio leaves more digits than there are
EXAMPLE = "AAPL=4:1"


def splits_of(field: str, value: Any) -> dict[str, Fraction]:
    """New shares for each old one, by asset: of {"AAPL": "4:1"}, or of texts as "AAPL=4:1, XYZ=1:10". Raises InvalidValue."""
    if isinstance(value, Mapping):
        pairs = [(str(asset), str(ratio)) for asset, ratio in value.items()]
    else:
        pairs = [_pair(field, word) for word in _words(field, value)]
    return _ratios(field, pairs) if pairs else {}


def _ratios(field: str, pairs: Iterable[tuple[str, str]]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for asset, said in pairs:
        ratio = ratio_of(said)
        if ratio is None or ratio == 1:
            why = f"is no ratio of new shares to old ones: {asset}={said}"
            raise InvalidValue(field, said, why, fix=f"write new shares for old ones: {EXAMPLE}, or 1:10 for a consolidation")
        if found.setdefault(asset.strip(), ratio) != ratio:
            raise InvalidValue(field, said, f"is a second ratio of {asset}", fix="state one ratio an asset")
    return found


def assets_of(field: str, value: Any) -> tuple[str, ...]:
    """The assets that a list or texts name, sorted, each once. Raises InvalidValue."""
    return tuple(sorted({word.strip() for word in _words(field, value) if word.strip()}))


def _words(field: str, value: Any) -> list[str]:
    items: Iterable[Any] = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple | set | frozenset) or not all(isinstance(item, str) for item in items):
        raise InvalidValue(field, str(value), "is no list of assets", fix=f"write {field} as AAPL,MSFT")
    return [word for item in items for word in str(item).split(",") if word.strip()]


def _pair(field: str, word: str) -> tuple[str, str]:
    asset, equals, ratio = word.partition("=")
    if not equals:
        raise InvalidValue(field, word, "states no ratio", fix=f"write {EXAMPLE}")
    return asset.strip(), ratio.strip()


def as_text(ratio: Fraction) -> str:
    return f"{ratio.numerator}:{ratio.denominator}"


def after_splits(holdings: Holdings, splits: Mapping[str, Fraction], field: str) -> tuple[Holdings, tuple[str, ...]]:
    """The holdings after these splits, and what was done, in sentences; those that they were converted by before stand.

    Where whole shares were held, whole shares are: a part of one that is left over is paid in money, which is asked about.
    Raises InvalidValue for what is not held, and for another ratio than it was converted by before.
    """
    notes: list[str] = []
    for asset, ratio in splits.items():
        _require_meant(holdings, asset, ratio, field)
        before = holdings.shares[asset]
        if asset not in holdings.splits:
            holdings = _after(holdings, asset, ratio)
            notes += _left_over(asset, Fraction(before) * ratio - Fraction(holdings.shares[asset]))
        lots = ", its lots with them," if holdings.tax is not None and holdings.tax.lots_of(asset) else ""
        shares = f"{holdings.shares[asset]:f} shares of {asset}{lots}"
        notes.append(f"{shares} are those after a split of {as_text(ratio)}, as was stated")
    return holdings, tuple(notes)


def _require_meant(holdings: Holdings, asset: str, ratio: Fraction, field: str) -> None:
    if not holdings.shares.get(asset):
        raise InvalidValue(field, asset, "is not held, so no shares of it were split", fix=f"leave {asset} out")
    before = holdings.splits.get(asset)
    if before is not None and before != as_text(ratio):
        why = f"stands beside a split of {before} that the shares of {asset} were converted by already"
        raise InvalidValue(field, as_text(ratio), why, fix="give the holdings of today")


def _after(holdings: Holdings, asset: str, ratio: Fraction) -> Holdings:
    before = holdings.shares[asset]
    accounts = {name: dict(there) for name, there in holdings.accounts.items()}
    parts = [there[asset] for there in accounts.values() if asset in there]
    for there in accounts.values():
        if asset in there:
            there[asset] = _count(there[asset], ratio)
    now = sum((_count(part, ratio) for part in (*parts, before - sum(parts, Decimal(0)))), Decimal(0))
    return replace(
        holdings,
        shares={**holdings.shares, asset: now},
        stated_prices={a: _divided(p, ratio) if a == asset else p for a, p in holdings.stated_prices.items()},
        accounts=accounts,
        tax=None if holdings.tax is None else _lots_after(holdings.tax, asset, ratio, before, now),
        splits={**holdings.splits, asset: as_text(ratio)},
    )


def _left_over(asset: str, left: Fraction) -> list[str]:
    if not left:
        return []
    paid = "which is paid in money: it is not counted here; if it was paid, add it to the cash"
    return [f"the split of {asset} leaves {_decimal(left, SHARES):f} of a share over, {paid}"]


def _count(shares: Decimal, ratio: Fraction) -> Decimal:
    whole = shares == shares.to_integral_value()
    return _decimal(Fraction(shares) * ratio, Decimal(1) if whole else SHARES)


def _lots_after(tax: TaxRecord, asset: str, ratio: Fraction, before: Decimal, now: Decimal) -> TaxRecord:
    """Lots of as many shares as are held after it, where they covered what was held; what is rounded away is of the newest."""
    mine = tax.lots_of(asset)
    total = sum((lot.shares for lot in mine), Decimal(0))
    wanted = now if total == before else _decimal(Fraction(total) * ratio, SHARES)
    counts = _of_sum([_decimal(Fraction(lot.shares) * ratio, SHARES) for lot in mine], _newest_first(mine), wanted)
    converted = {lot.lot_id: _lot(lot, ratio, count) for lot, count in zip(mine, counts, strict=True)}
    lots = tuple(converted[lot.lot_id] if lot.asset_id == asset else lot for lot in tax.lots)
    closed = tuple(_closed(lot, ratio) if lot.asset_id == asset else lot for lot in tax.closed)
    return replace(tax, lots=tuple(lot for lot in lots if lot.shares > 0), closed=closed)


def _newest_first(lots: Sequence[Lot]) -> list[int]:
    return sorted(range(len(lots)), key=lambda i: (lots[i].acquired_on is not None, lots[i].acquired_on), reverse=True)


def _of_sum(counts: list[Decimal], order: Sequence[int], wanted: Decimal) -> list[Decimal]:
    """The same counts with so many shares together: what is missing is added to the first, what is too much is taken off."""
    more = wanted - sum(counts, Decimal(0))
    for i in order:
        change = max(more, -counts[i])
        counts[i] += change
        more -= change
    return counts


def _lot(lot: Lot, ratio: Fraction, shares: Decimal) -> Lot:
    cost = None if lot.cost_per_share is None else _divided(lot.cost_per_share, ratio)
    return replace(lot, shares=shares, cost_per_share=cost)


def _closed(lot: ClosedLot, ratio: Fraction) -> ClosedLot:
    cost = None if lot.cost_per_share is None else _divided(lot.cost_per_share, ratio)
    shares, proceeds = _decimal(Fraction(lot.shares) * ratio, SHARES), _divided(lot.proceeds_per_share, ratio)
    return replace(lot, shares=shares, cost_per_share=cost, proceeds_per_share=proceeds)


def _divided(money: Decimal, ratio: Fraction) -> Decimal:
    return _decimal(Fraction(money) / ratio, MONEY)


def _decimal(value: Fraction, places: Decimal) -> Decimal:
    """Rounded towards zero to these places, without zeros at the end."""
    parts = Fraction(places)
    whole = abs(value) // parts
    exact = Decimal(whole if value >= 0 else -whole) * places
    return exact.quantize(Decimal(1)) if exact == exact.to_integral_value() else exact.normalize()
