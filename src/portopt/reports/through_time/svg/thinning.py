"""Fewer points for a drawing: what is left looks the same, and no peak and no trough is lost."""

from __future__ import annotations

from collections.abc import Sequence


def thinned(values: Sequence[float], most: int) -> list[int]:
    """Positions of at most about `most` values: the first, the last, and the least and greatest of each stretch between.

    >>> thinned([0, 1, 9, 1, 0, 1, -7, 1, 0, 0], 6)
    [0, 2, 4, 6, 9]
    """
    count = len(values)
    if count <= most:
        return list(range(count))
    stretches = max((most - 2) // 2, 1)
    kept = {0, count - 1}
    for k in range(stretches):
        stretch = range(k * count // stretches, (k + 1) * count // stretches)
        kept |= {min(stretch, key=values.__getitem__), max(stretch, key=values.__getitem__)}
    return sorted(kept)


def spaced(count: int, most: int) -> list[int]:
    """At most `most` positions at even steps, the first and the last among them.

    >>> spaced(5, 9), spaced(100, 4)
    ([0, 1, 2, 3, 4], [0, 33, 66, 99])
    """
    if count <= most:
        return list(range(count))
    return sorted({round(k * (count - 1) / (most - 1)) for k in range(most)})
