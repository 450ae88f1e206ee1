"""An objective counted in its own size at the answer, where that is far below the size of its parts.

A program is scaled by its largest coefficient. Where the answer holds none of the assets that the largest belong to, what is
left of the gradient there is a thousandth or a millionth of one, and tolerances that are small against one are not against it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.scaling.presolve import Scaled

SMALL = 1e-2
LEAST = 1e-12


def in_own_size(program: Scaled, x: Vector | None) -> Scaled | None:
    """The same program with the gradient at x (M,) of size one; None where it is not far from that, or nothing."""
    if x is None:
        return None
    # What counts is what the answer holds: a column at zero may have any cost.
    held = program.wanted & (np.abs(x) > 1e-9)
    parts = np.maximum(np.abs(program.P.times(x)), np.abs(program.q))
    size = float(parts[held].max(initial=0.0))
    if not LEAST < size < SMALL:
        return None
    factor = 1.0 / size
    return replace(
        program,
        P=program.P.scaled(np.ones(len(program.q)), factor),
        q=program.q * factor,
        objective_scale=program.objective_scale * factor,
    )
