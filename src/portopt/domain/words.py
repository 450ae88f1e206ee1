"""Numbers as a desk says them."""

from __future__ import annotations

import math
from collections.abc import Sequence

NOUNS = {
    "max_turnover": "turnover",
    "max_tracking_error": "tracking error",
    "max_volatility": "volatility",
    "max_risk": "the risk",
    "min_return": "expected return",
    "leverage_limit": "gross exposure",
    "fully_invested": "the weight of",
    "cash": "the weight of",
    "max_weight": "the weight of",
    "min_weight": "the weight of",
    "min_quality": "the weight of",
    "esg_exclusion": "the weight of",
    "min_esg": "the ESG score",
    "sector_limits": "the sector",
    "asset_class_limits": "the asset class",
    "exposure_limits": "exposure to",
    "active_exposure_limits": "active exposure to",
    "factor_risk_limits": "volatility from",
    "max_systematic_volatility": "systematic volatility",
    "max_specific_volatility": "specific volatility",
    "exclusions": "the weight of",
    "max_cost": "the trading cost",
    "liquidity": "the trade in",
    "days_to_liquidate": "the sale of all of",
    "concentration": "concentration",
    "top_k": "the weight of the largest positions",
    "max_positions": "the number of positions",
    "min_positions": "the number of positions",
    "max_trades": "the number of trades",
    "min_position": "what is missing in",
    "min_trade": "what is missing in the trade of",
    "round_lots": "the distance from whole lots of",
    "ucits_5_10_40": "the issuer",
}


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


def quantity(limit: str, member: str) -> str:
    """What a limit measures: "turnover", "the weight of AAPL", "the sector Energy"."""
    return f"{NOUNS.get(limit, limit)} {member}".strip()


def seen_apart(a: float, b: float) -> tuple[str, str]:
    """Two fractions in percent, with as many decimals as it takes to tell them apart."""
    for decimals in (2, 4, 6, 8):
        texts = f"{100.0 * a:.{decimals}f} %", f"{100.0 * b:.{decimals}f} %"
        if texts[0] != texts[1]:
            return texts
    return f"{100.0 * a:.10g} %", f"{100.0 * b:.10g} %"
