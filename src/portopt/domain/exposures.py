"""What exposure limits may speak of, by name: attributes that assets bring, and factors of a factor model."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.factor_model import FactorModel
from portopt.domain.universe import Universe


def exposures_of(universe: Universe, factor_model: FactorModel | None = None) -> dict[str, Vector]:
    """(n,) exposures by name; an asset without an attribute has none of it.

    Where a factor bears an attribute's name and other numbers (a standardized one), the attribute keeps the name, which
    its owner gave it, and the factor is found under "factor NAME".
    """
    found = {name: universe.attribute(name) for name in universe.attribute_names()}
    if factor_model is not None:
        for name, column in zip(factor_model.names, factor_model.B.T, strict=True):
            taken = name in found and not np.array_equal(found[name], column)
            found[f"factor {name}" if taken else name] = np.ascontiguousarray(column)
    return found
