"""What changed from one pricing pack to another: single prices, whole histories that were rescaled, names, days."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.market import MarketSnapshot, PackDifference

SHOWN = 100  # single prices spelled out in a difference; the count is of all
HALF_A_CENT = 0.005  # prices are told in cents: a history times one number is that up to rounding
LEAST_RESCALED = 2  # prices: one alone is a correction

Days = npt.NDArray[np.datetime64]


def difference(a: MarketSnapshot, b: MarketSnapshot) -> PackDifference:
    """Assets, dates and prices that differ; a price is compared where both packs have its asset and date."""
    shared = tuple(sorted(set(a.asset_ids) & set(b.asset_ids)))
    gone, come = sorted(set(a.asset_ids) - set(b.asset_ids)), sorted(set(b.asset_ids) - set(a.asset_ids))
    days = np.intersect1d(a.dates, b.dates)
    old, new = _part(a, shared, days), _part(b, shared, days)
    changed = np.argwhere((old != new) & ~(np.isnan(old) & np.isnan(new)))
    facts = ("as_of", "source", "adjustment", "pricing_pack_id")
    return PackDifference(
        assets_added=tuple(come),
        assets_removed=tuple(gone),
        dates_added=tuple(np.setdiff1d(b.dates, a.dates).tolist()),
        dates_removed=tuple(np.setdiff1d(a.dates, b.dates).tolist()),
        prices_changed=tuple((shared[j], days[t].item(), float(old[t, j]), float(new[t, j])) for t, j in changed[:SHOWN]),
        prices_changed_count=len(changed),
        manifest={name: (getattr(a, name), getattr(b, name)) for name in facts if getattr(a, name) != getattr(b, name)},
        rescaled=tuple(
            (asset, days[found[0]].item(), found[1], found[2])
            for j, asset in enumerate(shared)
            if (found := _rescaled(old[:, j], new[:, j])) is not None
        ),
        renamed=tuple(_renamed(_part(a, tuple(gone), days), gone, _part(b, tuple(come), days), come)),
    )


def _part(snapshot: MarketSnapshot, ids: tuple[str, ...], days: Days) -> Matrix:
    rows = np.searchsorted(snapshot.dates, days)
    return np.asarray(snapshot.prices[np.ix_(rows, snapshot.positions(ids))])


def _rescaled(old: Vector, new: Vector) -> tuple[int, float, int] | None:
    """(the last day that was, its ratio, how many prices): where up to that day every price is the old one times one number."""
    known = np.flatnonzero(np.isfinite(old) & np.isfinite(new) & (old > 0.0) & (new > 0.0))
    changed = known[old[known] != new[known]]
    if len(changed) < LEAST_RESCALED or not np.array_equal(changed, known[: len(changed)]):
        return None
    ratio = float(np.median(new[changed] / old[changed]))
    within = HALF_A_CENT * (1.0 + ratio) + 1e-9
    return (int(changed[-1]), ratio, len(changed)) if np.all(np.abs(new[changed] - ratio * old[changed]) <= within) else None


def _renamed(old: Matrix, gone: list[str], new: Matrix, come: list[str]) -> Iterator[tuple[str, str]]:
    """Each name at most once. Of no day in common nothing is said."""
    left = dict(enumerate(come))
    for i, name in enumerate(gone):
        same = next(
            (j for j in left if np.isfinite(old[:, i]).any() and np.array_equal(old[:, i], new[:, j], equal_nan=True)), None
        )
        if same is not None:
            yield name, left.pop(same)
