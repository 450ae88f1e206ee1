"""What changed between two packs of prices: a split is told as one, a name as one, a correction as what it is."""

from __future__ import annotations

from datetime import date

import numpy as np

from portopt.domain.market import MarketSnapshot
from portopt.market.differences import difference

DAYS = np.arange("2024-01-01", "2024-01-11", dtype="datetime64[D]")
A = np.round(100.0 + np.arange(10) * 1.37, 2)
B = np.round(50.0 - np.arange(10) * 0.31, 2)


def pack(name: str, columns: dict[str, np.ndarray]) -> MarketSnapshot:
    ids = tuple(sorted(columns))
    prices = np.column_stack([columns[asset] for asset in ids])
    return MarketSnapshot(name, date(2024, 1, 10), ids, DAYS, prices, None, source="made", adjustment="none", findings=())


def test_a_split_is_told_with_its_day_and_its_ratio() -> None:
    """Halved and rounded to cents up to the sixth day, as a vendor's file has it."""
    halved = np.where(np.arange(10) < 6, np.round(A / 2, 2), A)
    found = difference(pack("a", {"A": A, "B": B}), pack("b", {"A": halved, "B": B}))
    ((asset, until, ratio, count),) = found.rescaled
    assert (asset, until, count) == ("A", date(2024, 1, 6), 6)
    assert abs(ratio - 0.5) < 1e-3
    assert found.prices_changed_count == 6


def test_a_corrected_price_is_no_split() -> None:
    corrected = B.copy()
    corrected[[0, 1]] += [0.5, -0.25]
    found = difference(pack("a", {"A": A, "B": B}), pack("b", {"A": A, "B": corrected}))
    assert found.rescaled == ()
    assert found.prices_changed == (("B", date(2024, 1, 1), 50.0, 50.5), ("B", date(2024, 1, 2), 49.69, 49.44))


def test_a_change_in_the_middle_is_no_split() -> None:
    middle = np.where((np.arange(10) > 2) & (np.arange(10) < 6), np.round(A / 2, 2), A)
    assert difference(pack("a", {"A": A}), pack("b", {"A": middle})).rescaled == ()


def test_the_same_prices_under_another_name_are_renamed_and_other_prices_are_not() -> None:
    found = difference(pack("a", {"OLD": A, "GONE": B}), pack("b", {"NEW": A, "COME": B + 1}))
    assert found.renamed == (("OLD", "NEW"),)
    assert (found.assets_removed, found.assets_added) == (("GONE", "OLD"), ("COME", "NEW"))
