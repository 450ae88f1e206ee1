"""Numbers as a desk says them."""

from __future__ import annotations

import math


def amount(value: float, unit: str) -> str:
    """10.00 % for fractions and annual figures, 6.00 for scores; a side that is open is said so."""
    if math.isinf(value):
        return "no limit"
    return f"{value:.2f}" if unit == "score" else f"{100.0 * value:.2f} %"


def listed(names: list[str] | tuple[str, ...], *, most: int = 4) -> str:
    """AAPL, JNJ and 3 more."""
    names = list(names)
    if len(names) <= most:
        return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
