"""Which assets a map of names means, on one universe."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

import numpy as np

from portopt.domain.arrays import Mask, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.universe import Universe
from portopt.terms.shared.checks import EVERY, listed


def per_asset(field: str, values: Mapping[str, float], universe: Universe, applies: Mask) -> Vector:
    """(n,) the number that holds for each asset; NaN where none does.

    values: by asset id; "*" stands for every asset in `applies` that is not named.
    Raises InvalidValue for an id the universe does not have.
    """
    out = np.full(len(universe), np.nan)
    if EVERY in values:
        out[applies] = values[EVERY]
    for asset_id, value in values.items():
        if asset_id == EVERY:
            continue
        if asset_id not in universe.positions:
            raise unknown_name(field, asset_id, value, universe.ids, "asset")
        out[universe.positions[asset_id]] = value
    return out


def unknown_name(field: str, name: str, value: object, known: Iterable[str], noun: str) -> InvalidValue:
    """The refusal of a name that nothing here bears; the nearest one is offered."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    have = f"known: {listed(known, 12)}" if known else f"no asset has a {noun}"
    fix = f"rename {name!r} to {near[0]!r}" if near else f"remove {name!r}"
    return InvalidValue(f"{field}.{name}", value, f"there is no {noun} {name!r} here; {have}", fix=fix)
