"""Figures with what they may be off by, as people read them: "0.61 ± 0.92", "−0.62 ± 0.29 pp"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import NOTHING, decimal, listed, percent

Row = Mapping[str, Any]
SIDES = ("before", "after", "change")
DIGITS, MOST_DIGITS = 2, 4


def figure_texts(row: Row, *, errors: bool = True) -> tuple[str, str, str]:
    """Before, after and change of one figure, in its unit, each with its error where it has one and errors are to be told."""
    before, after, change = (_told(row, side, errors=errors or side == "change") for side in SIDES)
    return before, after, change


def _told(row: Row, side: str, *, errors: bool) -> str:
    value, unit = row[side], row["unit"]
    if value is None:
        return NOTHING
    if unit == "count":
        return decimal(value, 0, signed=side == "change")
    return told(value, row.get(f"{side}_within") if errors else None, unit, is_change=side == "change")


def told(value: float, off: float | None, unit: str, *, is_change: bool) -> str:
    """A figure and how far it may be off on either side, in one unit, to digits that the latter has.

    >>> told(0.0708, 0.0031, "return", is_change=False), told(0.0005, 0.001, "ratio", is_change=True)
    ('7.08 ± 0.31 %', '+0.001 ± 0.001')
    """
    scale, symbol = unit_of(unit, is_change=is_change)
    digits = digits_of(off, scale)
    error = "" if off is None else f" ± {decimal(scale * off, digits)}"
    return f"{decimal(scale * value, digits, signed=is_change)}{error}{symbol}"


def unit_of(unit: str, *, is_change: bool) -> tuple[float, str]:
    """What a figure is multiplied by to be told, and what follows the number."""
    return (1.0, "") if unit == "ratio" else (100.0, " pp" if is_change else " %")


def digits_of(off: float | None, scale: float) -> int:
    """Two, or as many more, up to four, as it takes for the error to be seen."""
    if not off:
        return DIGITS
    return next((d for d in range(DIGITS, MOST_DIGITS) if scale * off >= 0.5 * 10.0**-d), MOST_DIGITS)


def what_errors_are(errors: Row | None) -> str:
    """The legend of a table of figures: what is told behind ±; "" where no error is known."""
    if errors is None:
        return ""
    return f"± is the error of the estimate at {percent(errors['confidence'], 0)}: {'; '.join(errors['of'])}."


def error_sentence(figures: Sequence[Row], errors: Row | None) -> str:
    """Which changes are more than luck may show, and which are not; "" where nothing changes or nothing is known of it."""
    if errors is None:
        return ""
    moved = [row for row in figures if row["is_clear"] is not None and row["change"]]
    unclear = [_change(row) for row in moved if not row["is_clear"]]
    clear = [_change(row) for row in moved if row["is_clear"]]
    at = f", at {percent(errors['confidence'], 0)}"
    parts = [f"Not distinguishable from none{at}: the change of {listed(unclear)}."] if unclear else []
    parts += [f"Beyond the error of its estimate{'' if unclear else at}: the change of {listed(clear)}."] if clear else []
    return " ".join(parts)


def _change(row: Row) -> str:
    label = str(row["label"]).partition(",")[0]
    named = label if label.startswith("Sharpe") else label[0].lower() + label[1:]
    return f"{named} ({figure_texts(row)[2]})"
