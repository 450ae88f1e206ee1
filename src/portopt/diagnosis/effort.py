"""How much a diagnosis may ask: counted by the size of every program, so that a busy machine ends where an idle one does."""

from __future__ import annotations

from dataclasses import dataclass

from portopt.domain.program import StandardForm

# What a program costs, in about a millisecond of the machine on which this was measured (programs of 5 to 500 assets).
A_SOLVE, A_COLUMN = 2.0, 0.015
AN_ENTRY = 1.0 / 700.0  # of a quadratic; an entry of a cone counts twice, it stands in the system and in the scaling
A_WHOLE_NUMBER = 0.2
CURVED_SEARCH = 125.0  # times: whole numbers under a cone, every round of which searches a program of tangents


class OutOfWork(Exception):
    """Nothing more may be asked; what is known by then is reported as incomplete."""


@dataclass(slots=True)
class Budget:
    """most: what may be spent, as `cost` counts. used: what was, whatever asked."""

    most: float
    used: float = 0.0

    def spend(self, form: StandardForm) -> None:
        """Count one solve. Raises OutOfWork where nothing is left before it."""
        if self.used >= self.most:
            raise OutOfWork
        self.used += cost(form)


def cost(form: StandardForm) -> float:
    """What one solve of this program is counted as."""
    curved = sum(cone.B.nnz for cone in form.cones)
    entries = sum(block.M.size for block in form.quadratics) + 2 * curved
    whole = A_WHOLE_NUMBER * int(form.integer.sum()) * (CURVED_SEARCH if curved else 1.0)
    return float(A_SOLVE + A_COLUMN * form.n_columns + AN_ENTRY * entries + whole)
