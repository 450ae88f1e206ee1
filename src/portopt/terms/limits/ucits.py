"""The 5/10/40 rule of European funds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import flag, fraction, mapping, number, options, percent
from portopt.terms.shared.choices import NOTHING, countable, held_columns, reaches
from portopt.terms.shared.members import unknown_name

FIELD = "limits.ucits_5_10_40"
EXAMPLE = '{"issuers": {"GOOG": "Alphabet", "GOOGL": "Alphabet"}}'
TOTAL = "above the threshold"


@dataclass(frozen=True, slots=True)
class Ucits(Limit):
    """W_g <= single,    sum of the W_g above `large` <= total,    W_g the weight of issuer g        (cash left out)

    issuers: issuer by asset id; an asset not named is its own. single, large, total: 10 %, 5 %, 40 %.
    Integer: one column in {0, 1} an issuer, whether it is above `large`.
    Source: Directive 2009/65/EC (UCITS), article 52(1) and (2).
    """

    issuers: Mapping[str, str] = field(default_factory=dict)
    single: float = 0.10
    large: float = 0.05
    total: float = 0.40

    kind: ClassVar[str] = "ucits_5_10_40"
    noun: ClassVar[str] = "the issuer"
    stops: ClassVar[str] = "the 5/10/40 rule"
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        issuers = mapping(f"{FIELD}.issuers", self.issuers, example='{"GOOG": "Alphabet"}')
        for asset_id, issuer in issuers.items():
            if not isinstance(issuer, str):
                raise InvalidValue(f"{FIELD}.issuers.{asset_id}", issuer, "an issuer's name is needed", fix=f"write {EXAMPLE}")
        object.__setattr__(self, "issuers", dict(issuers))
        for name, example in (("single", "0.10"), ("large", "0.05"), ("total", "0.40")):
            object.__setattr__(self, name, number(f"{FIELD}.{name}", getattr(self, name), low=0.0, example=example))

    def express(self, program: Program, p: Problem) -> None:
        """over_g in {0, 1}; W_g <= large + (most - large) over_g; v_g >= W_g - large (1 - over_g), v_g >= 0; sum v <= total."""
        at = countable(p)
        S, names = self._groups(p)
        g = len(names)
        _, furthest = reaches(p)
        over = program.add_columns(g, lower=0.0, upper=1.0, integer=True)
        v = program.add_columns(g, lower=0.0)
        eye = sp.eye_array(g)
        threshold = sp.hstack([sp.csr_array(S), -(furthest * S.sum(axis=1).max(initial=1.0) - self.large) * eye])
        program.add_rows(threshold, np.concatenate([at, over]), -INF, self.large, limit="", relax=0.0)
        counted = sp.hstack([sp.csr_array(S), self.large * eye, -eye])
        program.add_rows(counted, np.concatenate([at, over, v]), -INF, self.large, limit="", relax=0.0)
        self._strengthen(program, p, (S, over, v, furthest))
        caps = sp.block_array([[sp.csr_array(S), None], [None, sp.csr_array(np.ones((1, g)))]])
        sides = np.append(np.full(g, self.single), self.total)
        program.add_rows(caps, np.concatenate([at, v]), -INF, sides, limit=self.kind, members=(*names, TOTAL))

    def _strengthen(self, program: Program, p: Problem, parts: tuple[Matrix, Indices, Indices, float]) -> None:
        """What is implied already and tells the search more: v_g <= W_g, v_g only where over_g; with positions counted,
        W_g - v_g <= large (number held in g - over_g)."""
        S, over, v, furthest = parts
        at, eye = countable(p), sp.eye_array(len(over))
        if reaches(p)[0] < 0.0:
            return
        size = sp.diags_array(furthest * S.sum(axis=1))
        program.add_rows(sp.hstack([-sp.csr_array(S), eye]), np.concatenate([at, v]), -INF, 0.0, limit="", relax=0.0)
        program.add_rows(sp.hstack([eye, -size]), np.concatenate([v, over]), -INF, 0.0, limit="", relax=0.0)
        if p.limit("max_positions") is not None:
            held = held_columns(program, p)
            block = sp.hstack([sp.csr_array(S), -eye, self.large * eye, -self.large * sp.csr_array(S)])
            program.add_rows(block, np.concatenate([at, v, over, held]), -INF, 0.0, limit="", relax=0.0)

    def read(self, w: Vector, p: Problem) -> Readings:
        S, names = self._groups(p)
        W = S @ w[countable(p)]
        measured = np.append(W, W[self.large + NOTHING < W].sum())
        upper = np.append(np.full(len(names), self.single), self.total)
        return Readings(self.kind, (*names, TOTAL), measured, np.full(len(upper), -np.inf), upper)

    def relaxed(self, by: float) -> Ucits:
        return Ucits(self.issuers, self.single + by, self.large, self.total + by)

    def describe(self) -> str:
        above = f"those above {percent(self.large)} together at most {percent(self.total)}"
        return f"each issuer at most {percent(self.single)}, {above}"

    def _groups(self, p: Problem) -> tuple[Matrix, tuple[str, ...]]:
        """(g, k) which of `countable` are whose, and the issuers' names."""
        at = countable(p)
        for asset_id, issuer in self.issuers.items():
            if asset_id not in p.universe.positions:
                raise unknown_name(f"{FIELD}.issuers", asset_id, issuer, p.universe.ids, "asset")
        whose = [self.issuers.get(p.universe.ids[i], p.universe.ids[i]) for i in at]
        names = tuple(dict.fromkeys(whose))
        place = {name: row for row, name in enumerate(names)}
        S = np.zeros((len(names), len(at)))
        S[[place[name] for name in whose], np.arange(len(at))] = 1.0
        return S, names

    @classmethod
    def parse(cls, value: Any) -> Ucits | None:
        if isinstance(value, bool):
            return cls() if flag(FIELD, value) else None
        spelled = options(FIELD, value, ("issuers", "single", "large", "total"), example=EXAMPLE)
        given = {name: item for name, item in spelled.items() if item is not None}
        for name in ("single", "large", "total"):
            if name in given:
                fraction(f"{FIELD}.{name}", given[name], low=0.0)
        limit = cls(**given)
        if limit.large > limit.single:
            raise InvalidValue(f"{FIELD}.large", limit.large, f"is above single, {limit.single:g}", fix="write large: 0.05")
        return limit
