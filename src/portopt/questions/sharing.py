"""Equal parts of many requests become one object: what is worked out from it once is then worked out once for all of them.

Arrays are compared and not hashed: to look at a matrix of 500 assets takes a tenth of the time.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Matrix, frozen
from portopt.domain.beliefs import Beliefs
from portopt.domain.moments import Covariance
from portopt.domain.problem import Problem
from portopt.domain.request import OptimizationRequest

LOOKED_AT = 16  # entries by which unequal arrays are told apart without comparing them
KEPT = 4  # beliefs that a process remembers, each with what was worked out of it: about 20 MB at 1,000 assets
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


class Kept:
    """The last few beliefs that were named, with what was worked out of them: for a process that answers many requests.

    opened: the beliefs of an id. A request on the same assets of the same beliefs gets the same arrays, and `problem` its
    covariance with whatever was factored before.
    """

    def __init__(self, opened: Callable[[str], Beliefs]) -> None:
        self._opened = opened
        self._whole: OrderedDict[str, Beliefs] = OrderedDict()
        self._parts: OrderedDict[tuple[str, tuple[str, ...]], tuple[Beliefs, Covariance | None]] = OrderedDict()

    def named(self, beliefs_id: str, ids: Sequence[str]) -> Beliefs:
        """What is believed of these assets, the covariance dense. Raises UnknownThing, InvalidValue."""
        return _remembered(self._parts, (beliefs_id, tuple(ids)), lambda: self._part(beliefs_id, ids))[0]

    def problem(self, problem: Problem) -> Problem:
        """The same problem on the covariance that is kept of its beliefs; itself where it rests on none of these."""
        Sigma = problem.moments.covariance.Sigma
        for beliefs, covariance in self._parts.values():
            if Sigma is not None and Sigma is beliefs.covariance and covariance is not None:
                return problem.replaced(moments=dataclasses.replace(problem.moments, covariance=covariance))
        return problem

    def _part(self, beliefs_id: str, ids: Sequence[str]) -> tuple[Beliefs, Covariance | None]:
        part = _remembered(self._whole, beliefs_id, lambda: self._opened(beliefs_id)).of(ids)
        covariance = part.spread()
        if covariance is None:
            return part, None
        return dataclasses.replace(part, covariance=frozen(covariance.dense()), F=None, Omega=None, D=None), covariance


def _remembered(kept: OrderedDict[Any, Part], key: Any, work: Callable[[], Part]) -> Part:
    """What stands under the key, worked out where nothing does; what was asked for longest ago is forgotten."""
    if key not in kept:
        kept[key] = work()
    kept.move_to_end(key)
    while len(kept) > KEPT:
        kept.popitem(last=False)
    return kept[key]


def _bits(array: Matrix) -> npt.NDArray[np.uint64]:
    """Its numbers one by one; 0.0 and -0.0 are two."""
    return array.reshape(-1).view(np.uint64)
