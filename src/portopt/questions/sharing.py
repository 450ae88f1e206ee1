"""Equal parts of many requests become one object: what is worked out from it once is then worked out once for all of them.

Arrays are compared and not hashed: to look at a matrix of 500 assets takes a tenth of the time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Matrix, frozen
from portopt.domain.moments import Covariance
from portopt.domain.problem import Problem
from portopt.domain.request import OptimizationRequest

LOOKED_AT = 16  # entries by which unequal arrays are told apart without comparing them
Part = TypeVar("Part")


class Sharing:
    """The first of every part seen, for as long as it is kept."""

    def __init__(self) -> None:
        self._firsts: dict[Any, list[Any]] = {}
        self._of_object: dict[int, tuple[Any, Any]] = {}  # held, so that nothing new gets its id meanwhile

    def request(self, request: OptimizationRequest) -> OptimizationRequest:
        """The same request, with universe, covariance and returns of its equals before it."""
        parts: dict[str, Any] = {name: self._array(getattr(request, name)) for name in ("covariance", "returns")}
        universe = self._first(request.universe, ("universe", request.universe.ids), lambda first: first == request.universe)
        return dataclasses.replace(request, universe=universe, **parts)

    def problem(self, problem: Problem) -> Problem:
        """The same problem, on the covariance of its equals before it; itself where it is that already."""
        covariance = self._covariance(problem.moments.covariance)
        if covariance is problem.moments.covariance:
            return problem
        return problem.replaced(moments=dataclasses.replace(problem.moments, covariance=covariance))

    def _covariance(self, covariance: Covariance) -> Covariance:
        parts = (covariance.Sigma, covariance.F, covariance.Omega, covariance.D)
        return self._first(covariance, ("covariance", *(id(self._array(part)) for part in parts)), lambda first: True)

    def _array(self, array: Matrix | None) -> Matrix | None:
        """Read-only, so that nobody copies it again; one with the same bits is the same. What lies by columns stays its own."""
        if array is None or array.dtype != np.float64 or not array.flags.c_contiguous:
            return array
        bits = _bits(array)
        key = ("array", array.shape, bits[:: max(len(bits) // LOOKED_AT, 1)].tobytes())
        return self._first(array, key, lambda first: np.array_equal(_bits(first), bits), keep=frozen)

    def _first(
        self, part: Part, key: Any, same: Callable[[Part], bool], keep: Callable[[Part], Part] = lambda part: part
    ) -> Part:
        """The first of those under one key that is the same; the part itself, kept, where there is none."""
        if (seen := self._of_object.get(id(part))) is not None:
            return seen[1]  # type: ignore[no-any-return]
        among = self._firsts.setdefault(key, [])
        found = next((first for first in among if same(first)), None)
        if found is None:
            found = keep(part)
            among.append(found)
            self._of_object[id(found)] = (found, found)
        self._of_object[id(part)] = (part, found)
        return found


def _bits(array: Matrix) -> npt.NDArray[np.uint64]:
    """Its numbers one by one; 0.0 and -0.0 are two."""
    return array.reshape(-1).view(np.uint64)
