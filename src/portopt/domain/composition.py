"""What a fund is made of: {"asset": {"AAPL": 0.07}, "sector": {"Technology": 0.3}, "asset_class": {"Equity": 1.0}}.

Shares of its value, each kind told by itself. What a kind leaves of the whole is unknown, and unknown is no exemption: limits
on groups count it among what has none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from portopt.domain.errors import InvalidValue

KINDS = ("asset", "sector", "asset_class")
OVER = 1e-6  # shares rounded to six digits still add up to the whole


def checked_composition(asset_id: str, composition: Any) -> dict[str, dict[str, float]]:
    """The same, once every share is one. Raises InvalidValue with the place of what is none."""
    field = f"composition.{asset_id}"
    if not isinstance(composition, Mapping):
        raise InvalidValue(field, composition, "is no object", fix=f'write {field}: {{"sector": {{"Technology": 0.3}}}}')
    for kind in composition:
        if kind not in KINDS:
            known = ", ".join(KINDS)
            raise InvalidValue(f"{field}.{kind}", composition[kind], "is nothing a fund is told by", fix=f"use one of: {known}")
    return {kind: _checked_shares(f"{field}.{kind}", shares) for kind, shares in composition.items()}


def _checked_shares(field: str, shares: Any) -> dict[str, float]:
    if not isinstance(shares, Mapping) or not shares:
        raise InvalidValue(field, shares, "names no share", fix=f'write {field}: {{"name": 0.3}}')
    for name, share in shares.items():
        number = isinstance(share, int | float) and not isinstance(share, bool) and math.isfinite(share)
        if not number or not 0.0 <= share <= 1.0 + OVER:
            raise InvalidValue(f"{field}.{name}", share, "is no share between 0 and 1", fix="write 0.3 for 30 %")
    total = math.fsum(shares.values())
    if total > 1.0 + OVER:
        raise InvalidValue(
            field, round(total, 9), "adds up to more than the whole fund", fix="correct the shares: they add up to 1"
        )
    return {str(name): float(share) for name, share in shares.items() if share}
