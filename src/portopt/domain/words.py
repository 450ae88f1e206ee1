"""Numbers in the sentences of whoever works below a document: terms, diagnoses, certificates, refusals.

A reading always has its unit and two of them are told apart, because such a sentence may be all that a user gets to see. How
figures are set in a finished document is in document/formats.py, which may not be imported from here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def amount(value: float, unit: str) -> str:
    """10.00 % for fractions and annual figures, 6.00 for scores and exposures; a side that is open is said so."""
    if math.isinf(value):
        return "no limit"
    if unit in COUNTS:
        return f"{value:.6g}{COUNTS[unit]}"
    return f"{value:.2f}" if unit in ("score", "exposure") else f"{100.0 * value:.2f} %"


COUNTS = {"positions": "", "trades": "", "days": " days", "root_hhi": " (root of the Herfindahl index)"}


def in_unit(unit: str, a: float, b: float) -> tuple[str, str]:
    """Two readings in their unit, told apart."""
    if unit in COUNTS:
        return f"{a:.6g}{COUNTS[unit]}", f"{b:.6g}{COUNTS[unit]}"
    return seen_apart(a, b)


def listed(names: Sequence[str], *, most: int = 4) -> str:
    """AAPL, JNJ and 3 more."""
    names = list(names)
    if len(names) <= most:
        return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def signed_percent(fraction: float) -> str:
    """10.00 %, with a true minus; a zero never carries a sign."""
    text = f"{100.0 * abs(fraction):.2f} %"
    return f"\N{MINUS SIGN}{text}" if fraction < 0.0 and text != "0.00 %" else text


def seen_apart(a: float, b: float) -> tuple[str, str]:
    """Two fractions in percent, with as many decimals as it takes to tell them apart."""
    for decimals in (2, 4, 6, 8):
        texts = f"{100.0 * a:.{decimals}f} %", f"{100.0 * b:.{decimals}f} %"
        if texts[0] != texts[1]:
            return texts
    return f"{100.0 * a:.10g} %", f"{100.0 * b:.10g} %"
