"""What is held of a name, by itself and through the funds that hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.universe import Universe

Held = Mapping[str, tuple[Indices, Vector]]


@dataclass(frozen=True, slots=True, eq=False)
class Through:
    """names, (m,): assets that funds hold, some of them no assets here. S (m, n): S w is what is held of each. caps: (m,)."""

    names: tuple[str, ...]
    S: sp.csr_array
    caps: Vector


def row_of(name: str, held: Held, universe: Universe) -> tuple[Indices, Vector]:
    """(positions, shares) that add up to what is held of a name: one of itself, and its share of each fund."""
    own = [universe.positions[name]] if name in universe.positions else []
    at, share = held.get(name, (np.zeros(0, dtype=np.intp), np.zeros(0)))
    return np.concatenate([np.array(own, dtype=np.intp), at]), np.concatenate([np.ones(len(own)), share])


def rows_of(names: Sequence[str], held: Held, universe: Universe) -> sp.csr_array:
    """(m, n) the same, a row for each name."""
    rows = [row_of(name, held, universe) for name in names]
    at = np.concatenate([np.zeros(0, dtype=np.intp), *(positions for positions, _ in rows)])
    share = np.concatenate([np.zeros(0), *(shares for _, shares in rows)])
    row = np.repeat(np.arange(len(rows)), [len(positions) for positions, _ in rows])
    return sp.csr_array((share, (row, at)), shape=(len(rows), len(universe)))
