"""At most so many positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue, UnknownField
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import EVERY, mapping, number
from portopt.terms.shared.choices import NOTHING, countable, held_columns
from portopt.terms.shared.members import unknown_name

FIELD = "limits.max_positions"
EXAMPLE = '30 or {"*": 30, "sector": {"Energy": 2}}'
ATTRIBUTES: tuple[Literal["sector", "asset_class"], ...] = ("sector", "asset_class")


@dataclass(frozen=True, slots=True)
class MaxPositions(Limit):
    """number of w_i != 0  <=  count        (cash left out), over all assets and over groups of them

    counts: "*" for the whole portfolio, "sector" and "asset_class" for a count by group name. A number is {"*": number}.
    Assets of no group may belong to any: there are at most as many of them as of the smallest group named.
    Integer: one column h_i in {0, 1} an asset, w_i = 0 where h_i = 0.
    Source: Bienstock (1996); Bertsimas and Shioda (2009).
    """

    counts: Mapping[str, Any]

    kind: ClassVar[str] = "max_positions"
    noun: ClassVar[str] = "the number of positions"
    stops: ClassVar[str] = "the limit on the number of positions"
    unit: ClassVar[str] = "positions"

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", _checked(self.counts))

    def express(self, program: Program, p: Problem) -> None:
        held = held_columns(program, p)
        block, members, counts = self._groups(p)
        program.add_rows(block, held, -INF, counts, limit=self.kind, members=members)

    def read(self, w: Vector, p: Problem) -> Readings:
        block, members, counts = self._groups(p)
        held = (np.abs(w[countable(p)]) > NOTHING).astype(float)
        return Readings(self.kind, members, block @ held, np.full(len(counts), -np.inf), counts, self.unit)

    def relaxed(self, by: float) -> MaxPositions:
        return MaxPositions(
            {
                name: {group: count + by for group, count in value.items()} if isinstance(value, Mapping) else value + by
                for name, value in self.counts.items()
            }
        )

    def describe(self) -> str:
        parts = [f"at most {self.counts[EVERY] + NOTHING:.0f} positions"] if EVERY in self.counts else []
        for name in ATTRIBUTES:
            parts += [f"at most {int(c + NOTHING)} in {group}" for group, c in self.counts.get(name, {}).items()]
        return ", ".join(parts)

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(name for name in ATTRIBUTES if self.counts.get(name))

    def of_the_undescribed(self) -> str:
        return "max_positions allows no more of them than of its smallest group, as they may belong to any"

    def _groups(self, p: Problem) -> tuple[Matrix, tuple[str, ...], Vector]:
        """(g, k) which of `countable` are in which group, the groups' names and their counts."""
        at = countable(p)
        rows: list[Vector] = []
        names: list[str] = []
        counts: list[float] = []
        if EVERY in self.counts:
            rows, names, counts = [np.ones(len(at))], [""], [self.counts[EVERY]]
        for attribute in ATTRIBUTES:
            known = p.universe.groups(attribute)
            for group, count in self.counts.get(attribute, {}).items():
                if group not in known:
                    raise unknown_name(f"{FIELD}.{attribute}", group, count, known, attribute.replace("_", " "))
                rows.append(np.isin(at, known[group]).astype(float))
                names.append(group)
                counts.append(count)
            nobodys = np.isin(at, p.universe.ungrouped(attribute))
            if self.counts.get(attribute) and nobodys.any():
                rows.append(nobodys.astype(float))
                names.append(f"no {attribute.replace('_', ' ')}")
                counts.append(min(self.counts[attribute].values()))
        return np.array(rows), tuple(names), np.array(counts, dtype=float)

    @classmethod
    def parse(cls, value: Any) -> MaxPositions:
        limit = cls(value)
        for name, count in _flat(limit.counts):
            if count != int(count):
                raise InvalidValue(f"{FIELD}.{name}", count, "a whole number of positions is needed", fix=f"write {int(count)}")
        return limit


def _flat(counts: Mapping[str, Any]) -> list[tuple[str, float]]:
    out = []
    for name, value in counts.items():
        out += [(f"{name}.{g}", c) for g, c in value.items()] if isinstance(value, Mapping) else [(name, value)]
    return out


def _checked(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        return {EVERY: number(FIELD, value, low=0.0, example="30", counts="plain")}
    given = mapping(FIELD, value, example=EXAMPLE)
    if not given:
        raise InvalidValue(FIELD, {}, "names nothing", fix=f"write {FIELD}: {EXAMPLE}, or leave it out")
    out: dict[str, Any] = {}
    for name, item in given.items():
        if name == EVERY:
            out[name] = number(f"{FIELD}.*", item, low=0.0, example="30", counts="plain")
        elif name in ATTRIBUTES:
            groups = mapping(f"{FIELD}.{name}", item, example='{"Energy": 2}')
            out[name] = {g: number(f"{FIELD}.{name}.{g}", c, low=0.0, example="2", counts="plain") for g, c in groups.items()}
        else:
            raise UnknownField(name, (EVERY, *ATTRIBUTES), path=FIELD, value=item)
    return out
