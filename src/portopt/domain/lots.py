"""Lots beside the shares they lie in: what they are called, and what is left where they do not cover what is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from portopt.domain.errors import DataError
from portopt.domain.holdings import Holdings
from portopt.domain.tax import Lot, TaxRecord

UNKNOWN = "unknown"  # the lot that holds the shares of which no lot is told
LISTED = 10
# Ratios of splits that are common: lots that miss the shares held by one of these may be in old shares. Not 3 for 2: that two
# thirds of the shares are told of says nothing.
SPLITS = (2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 50, 100)


def named(lots: Iterable[Lot]) -> tuple[Lot, ...]:
    """The lots, those without an id named by their day and their place among those of the day: 2021-03-02 #1.

    The same lots in the same order get the same names; a name that another lot of the asset bears is left to it.
    """
    given = list(lots)
    taken = {(lot.asset_id, lot.lot_id) for lot in given if lot.lot_id}
    counts: Counter[tuple[str, str]] = Counter()
    return tuple(lot if lot.lot_id else replace(lot, lot_id=_free(lot, taken, counts)) for lot in given)


def _free(lot: Lot, taken: Container[tuple[str, str]], counts: Counter[tuple[str, str]]) -> str:
    """counts: how many names were looked at already, by asset and day."""
    day = UNKNOWN if lot.acquired_on is None else lot.acquired_on.isoformat()
    while True:
        counts[lot.asset_id, day] += 1
        name = f"{day} #{counts[lot.asset_id, day]}"
        if (lot.asset_id, name) not in taken:
            return name


def repeated(lots: Iterable[Lot]) -> list[tuple[str, str]]:
    """Asset and id of lots that are listed more than once, sorted."""
    counts = Counter((lot.asset_id, lot.lot_id) for lot in lots)
    return sorted(name for name, count in counts.items() if count > 1)


def says_a_year(tax: TaxRecord) -> bool:
    """Whether anything was realized this year or carried from earlier ones."""
    return any((tax.realized_short, tax.realized_long, tax.carried_short, tax.carried_long))


def laid_over(before: TaxRecord | None, now: TaxRecord) -> TaxRecord:
    """What is said now, and of what it does not speak (lots, closed lots, the year) what was said before."""
    if before is None:
        return now
    year = now if says_a_year(now) else before
    return replace(year, lots=now.lots or before.lots, closed=now.closed or before.closed)


def covered(held: Holdings) -> tuple[Holdings, tuple[str, ...]]:
    """The holdings with a lot of unknown cost for the shares that lie in none, and what is to be said of that.

    An asset without any lot stays without. Raises DataError, naming everything at once, for more shares in lots than are
    held, for lots of a short position, and for lots that look as if a split lay between them and the shares.
    """
    if held.tax is None or not held.tax.lots:
        return held, ()
    sums: dict[str, Decimal] = {}
    for lot in held.tax.lots:
        sums[lot.asset_id] = sums.get(lot.asset_id, Decimal(0)) + lot.shares
    wrong = [_against(asset, in_lots, held.shares.get(asset, Decimal(0))) for asset, in_lots in sums.items()]
    refuse_lots([found for found in wrong if found is not None])
    rest = {asset: held.shares[asset] - in_lots for asset, in_lots in sums.items() if held.shares[asset] != in_lots}
    return replace(held, tax=_filled(held.tax, rest)), (*_said_of(rest), *_without(held, sums))


def _against(asset: str, in_lots: Decimal, shares: Decimal) -> tuple[str, str] | None:
    """What is wrong with so many shares in lots of so many held, and what would mend it; None where nothing is."""
    if shares < 0:
        why = f"{asset}: {-shares:f} shares are sold short, and lots of {in_lots:f} shares are told of it"
        return why, f"{asset}: leave its lots out; a tax on covering a short position is not worked out"
    if in_lots == shares:
        return None
    ratio = Fraction(shares) / Fraction(in_lots)
    sum_of = f"{asset}: its lots add to {in_lots:f} shares"
    if ratio in SPLITS:
        also = f"if it was not, list the other {shares - in_lots:f} shares as a lot without a date and a cost"
        why = f"{sum_of}, {shares:f} are held, {ratio} times as many: was it split since the lots were written down?"
        return why, f"{asset}: {_in_new_shares(ratio)}; {also}"
    if ratio and 1 / ratio in SPLITS:
        also = "if they were not, take out the lots that were sold"
        why = f"{sum_of}, {1 / ratio} times the {shares:f} that are held: were shares put together since?"
        return why, f"{asset}: {_in_new_shares(ratio)}; {also}"
    if in_lots < shares:
        return None
    fix = f"{asset}: take out the lots that were sold, or correct the shares"
    return f"{sum_of}, and {f'{shares:f} are held' if shares else 'none is held'}", fix


def _in_new_shares(ratio: Fraction) -> str:
    return f"if so, give its lots in today's shares: shares times {ratio}, cost per share divided by {ratio}"


def refuse_lots(wrong: Sequence[tuple[str, str]]) -> None:
    """All that is wrong with lots at once, each as (why, fix). Raises DataError where there is anything."""
    if not wrong:
        return
    more = [f"and {len(wrong) - LISTED} more"] if len(wrong) > LISTED else []
    raise DataError(
        "; ".join([*(why for why, _ in wrong[:LISTED]), *more]),
        field="tax_lots",
        measured={"problems": [why for why, _ in wrong[:1000]], "count": len(wrong)},
        fixes=list(dict.fromkeys(fix for _, fix in wrong[:LISTED])),
    )


def _filled(tax: TaxRecord, rest: dict[str, Decimal]) -> TaxRecord:
    taken = {(lot.asset_id, lot.lot_id) for lot in tax.lots}
    unknown = [Lot(asset, "" if (asset, UNKNOWN) in taken else UNKNOWN, None, n, None) for asset, n in rest.items()]
    return replace(tax, lots=named((*tax.lots, *unknown)))


def _said_of(rest: dict[str, Decimal]) -> tuple[str, ...]:
    unknown = "when they were bought and for how much is not known"
    return tuple(f"{n:f} shares of {asset} lie in no lot: {unknown}" for asset, n in rest.items())


def _without(held: Holdings, sums: dict[str, Decimal]) -> tuple[str, ...]:
    bare = sorted(asset for asset, n in held.shares.items() if n > 0 and asset not in sums)
    if not bare:
        return ()
    names = ", ".join(bare[:LISTED]) + (f" and {len(bare) - LISTED} more" if len(bare) > LISTED else "")
    return (f"no lots are told of {names}: what selling them is taxed at is not known",)
