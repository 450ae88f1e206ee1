"""What is wished beside a policy's own limits, laid over them.

A limit that is wished takes the place of the policy's, and null takes it away. Two things are added up: who may not be traded
is whom either names, and a count of positions leaves the policy's counts by group as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portopt.terms.shared.checks import EVERY
from portopt.terms.soft import bare

LISTS = ("do_not_buy", "do_not_sell", "keep")
COUNTED = "max_positions"


def laid_over_limits(own: Mapping[str, Any], wished: Mapping[str, Any]) -> dict[str, Any]:
    """Both as the catalog spells limits, and so is the answer."""
    return {**own, **{kind: _together(kind, own.get(kind), value) for kind, value in wished.items()}}


def _together(kind: str, own: Any, wished: Any) -> Any:
    stands = bare(own)
    if stands is None or wished is None:
        return wished
    if kind in LISTS and isinstance(wished, list | tuple):
        named = stands.get("assets", ()) if isinstance(stands, Mapping) else stands
        return [*(named if isinstance(named, list | tuple) else ()), *wished]
    if kind == COUNTED and isinstance(stands, Mapping) and not isinstance(wished, Mapping):
        return {**stands, EVERY: wished}
    return wished
