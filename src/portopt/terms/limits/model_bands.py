"""A model portfolio: what each asset, sector and asset class should be, and how far it may stray before it is traded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.domain.universe import CASH, NO_GROUP, Asset, Universe
from portopt.domain.words import signed_percent
from portopt.terms.shared.banding import USUAL_BAND, Band, Target, read_band, read_target
from portopt.terms.shared.checks import EVERY, listed, mapping, number, options, percent
from portopt.terms.shared.members import unknown_name
from portopt.terms.shared.seen_through import row_of

FIELD = "limits.model_bands"
EXAMPLE = '{"weights": {"AAPL": 0.6, "CASH": 0.4}, "band": "5/25"}'
KNOWN = ("weights", "sector", "asset_class", "band", "others", "opened")
OTHERS = ("sold", "free")
GROUPS: tuple[Literal["sector", "asset_class"], ...] = ("sector", "asset_class")
PARTS = ("weights", *GROUPS)
NOUNS = {"sector": "sector", "asset_class": "asset class"}
WHOLE = 1e-3  # targets rounded to three digits still add up
AT_ITS_EDGE = 1e-6
NOT_NAMED = Target(0.0, Band(absolute=0.0))


@dataclass(frozen=True, slots=True)
class ModelBands(Limit):
    """least_m  <=  sum_i S_mi w_i  <=  most_m       for every asset and group m that the model names

    weights, sector, asset_class: {name: target}, a target a fraction of the portfolio, or {"target": 0.2, "band": …}; "*" in
    weights is each asset not named; CASH may have a target, and is bound only where it has one. band: around targets that
    have none of their own (shared/banding.py). S: 1 for the asset itself, and the share that a fund is told to hold of m.
    others: what the model does not name is "sold" (its target is zero, without a band) or left "free". Weights of a model
    that sells the others add up to one, CASH counted. What has no sector or class is held together to the smallest upper edge
    of any, for it may belong to any.
    opened: zero in every request, there so that all edges can be opened.
    """

    weights: Mapping[str, Target] = field(default_factory=dict)
    sector: Mapping[str, Target] = field(default_factory=dict)
    asset_class: Mapping[str, Target] = field(default_factory=dict)
    others: str = "sold"
    opened: float = 0.0

    kind: ClassVar[str] = "model_bands"
    noun: ClassVar[str] = "the weight of"
    stops: ClassVar[str] = "the band of the model"
    precedence: ClassVar[int] = 10
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        usual = read_band(f"{FIELD}.band", USUAL_BAND)
        for part in PARTS:
            object.__setattr__(self, part, _targets(f"{FIELD}.{part}", getattr(self, part), usual))
        if self.others not in OTHERS:
            raise InvalidValue(f"{FIELD}.others", self.others, "is none of sold, free", fix='write "sold" or "free"')
        if not any(getattr(self, part) for part in PARTS):
            raise InvalidValue(FIELD, {}, "names no target", fix=f"write {FIELD}: {EXAMPLE}")
        object.__setattr__(self, "opened", number(f"{FIELD}.opened", self.opened, low=0.0, example="0.0"))
        self._require_whole()

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(name for name in GROUPS if getattr(self, name))

    def express(self, program: Program, p: Problem) -> None:
        names, S = self.rows(p.universe)
        low, high = self.edges(p)
        program.add_rows(S, program.weights, low - self.opened, high + self.opened, limit=self.kind, members=names)

    def read(self, w: Vector, p: Problem) -> Readings:
        names, S = self.rows(p.universe)
        low, high = self.edges(p)
        return Readings(self.kind, names, S @ w, low - self.opened, high + self.opened)

    def relaxed(self, by: float) -> ModelBands:
        return ModelBands(self.weights, self.sector, self.asset_class, self.others, self.opened + by)

    def rows(self, universe: Universe) -> tuple[tuple[str, ...], sp.csr_array]:
        """The names of what is bound, (m,), and S (m, n). Raises InvalidValue for a name that nothing here bears."""
        bound = self._bound(universe)
        at = np.concatenate([positions for _, positions, _ in bound])
        share = np.concatenate([shares for _, _, shares in bound])
        row = np.repeat(np.arange(len(bound)), [len(positions) for _, positions, _ in bound])
        return tuple(name for name, _, _ in bound), sp.csr_array((share, (row, at)), shape=(len(bound), len(universe)))

    def targets(self, universe: Universe) -> tuple[Target, ...]:
        """(m,) of the same."""
        found = [self._of_asset(name) for name in self._assets(universe)]
        for attribute in GROUPS:
            found += [target for _, target in self._of_groups(universe, attribute)]
        return tuple(found)

    def edges(self, p: Problem) -> tuple[Vector, Vector]:
        """(m,), (m,) the least and the most that each may be, before anything is opened."""
        targets = self.targets(p.universe)
        now = np.zeros(len(targets))
        if any(target.band.never_sold for target in targets):
            now = self.rows(p.universe)[1] @ p.previous()
        sides = [target.edges(float(held)) for target, held in zip(targets, now, strict=True)]
        low, high = (np.array([side[k] for side in sides], dtype=float) for k in (0, 1))
        return np.where([self._counts_no_floor(name) for name, _, _ in self._bound(p.universe)], -np.inf, low), high

    def describe(self) -> str:
        said = [f"{name} {percent(t.target)} {t.band.describe()}" for name, t in self.weights.items() if name != EVERY]
        for attribute in GROUPS:
            named = getattr(self, attribute).items()
            said += [f"{NOUNS[attribute]} {name} {percent(t.target)} {t.band.describe()}" for name, t in named]
        if EVERY in self.weights:
            said.append(f"every other asset {percent(self.weights[EVERY].target)} {self.weights[EVERY].band.describe()}")
        return f"the model's bands: {listed(said)}"

    def presses(self, asset: Asset, reading: Readings, *, up: bool) -> str:
        """ "back to the lower edge of its band, 18.00 %"; of what the model does not hold, that."""
        for member, whose in self._whose(asset):
            sides = reading.sides(member)
            if sides is None:
                continue
            at = float(reading.measured[reading.members.index(member)])
            if abs(at - sides[0 if up else 1]) <= AT_ITS_EDGE:
                if not up and sides[1] <= 0.0:
                    return f"the model holds nothing of {whose}"
                return f"back to the {'lower' if up else 'upper'} edge of {_possessive(whose)} band, {signed_percent(at)}"
        return f"the model's bands ask for {'more' if up else 'less'} of it"

    def of_the_undescribed(self) -> str:
        return f"{self.kind} holds them together to the smallest upper edge of any group, as they may belong to any"

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        for part in PARTS:
            for name, target in getattr(self, part).items():
                yield f"{FIELD}.{part}.{name}", target.target, 1.0

    def _whose(self, asset: Asset) -> Iterator[tuple[str, str]]:
        yield asset.id, "it"
        for attribute in GROUPS:
            parts = asset.composition.get(attribute) or {getattr(asset, attribute) or NO_GROUP: 1.0}
            for name in parts:
                yield _member(attribute, name), f"its {NOUNS[attribute]} {name}"

    def _counts_no_floor(self, member: str) -> bool:
        """What is of no group counts towards none, unless the model has a target for it."""
        return any(member == _member(attribute, NO_GROUP) and NO_GROUP not in getattr(self, attribute) for attribute in GROUPS)

    def _bound(self, universe: Universe) -> list[tuple[str, Indices, Vector]]:
        """(member, positions, shares) of each row; a name that the model has is seen through the funds that hold it."""
        through = universe.held_through()
        seen = {name: through if name in self.weights else {} for name in self._assets(universe)}
        found = [(name, *row_of(name, held_by, universe)) for name, held_by in seen.items()]
        for attribute in GROUPS:
            held = universe.shares(attribute)
            found += [(_member(attribute, name), *held[name]) for name, _ in self._of_groups(universe, attribute)]
        return found

    def _assets(self, universe: Universe) -> list[str]:
        """The ids that have a row, in the universe's order, then those that only funds hold."""
        through = universe.held_through()
        for name in self.weights:
            if name not in universe.positions and name not in through and name != EVERY:
                raise unknown_name(f"{FIELD}.weights", name, self.weights[name].target, universe.ids, "asset")
        everyone = bool(self.weights) and (self.others == "sold" or EVERY in self.weights)
        named = [a for a in universe.ids if a in self.weights or (everyone and a != CASH)]
        return named + [name for name in self.weights if name not in universe.positions and name != EVERY]

    def _of_asset(self, name: str) -> Target:
        return self.weights.get(name) or self.weights.get(EVERY) or NOT_NAMED

    def _of_groups(self, universe: Universe, attribute: Literal["sector", "asset_class"]) -> list[tuple[str, Target]]:
        """The groups that have a row, each with its target; what is of no group last."""
        model: Mapping[str, Target] = getattr(self, attribute)
        if not model:
            return []
        held = universe.shares(attribute)
        for name in model:
            if name not in held:
                raise unknown_name(f"{FIELD}.{attribute}", name, model[name].target, held, NOUNS[attribute])
        found = [(name, model.get(name, NOT_NAMED)) for name in held if name in model or self.others == "sold"]
        if NO_GROUP not in held or NO_GROUP in model:
            return found
        most = min(t.target if t.band.never_sold else t.edges(0.0)[1] for t in model.values())
        return [pair for pair in found if pair[0] != NO_GROUP] + [(NO_GROUP, Target(0.0, Band(absolute=most)))]

    @classmethod
    def parse(cls, value: Any) -> ModelBands:
        given = options(FIELD, value, KNOWN, example=EXAMPLE)
        usual = read_band(f"{FIELD}.band", given.get("band", USUAL_BAND))
        parts = {name: _targets(f"{FIELD}.{name}", given.get(name) or {}, usual) for name in PARTS}
        return cls(**parts, others=given.get("others") or "sold", opened=given.get("opened") or 0.0)

    def _require_whole(self) -> None:
        """Raises InvalidValue where it stays open what the rest of the portfolio is to be."""
        for part in PARTS:
            targets: Mapping[str, Target] = getattr(self, part)
            total = math.fsum(t.target for t in targets.values())
            if total > 1.0 + WHOLE and EVERY not in targets:
                why = f"the targets add up to {percent(total)}"
                raise InvalidValue(f"{FIELD}.{part}", round(total, 9), why, fix="make them add up to 1")
        total = math.fsum(t.target for t in self.weights.values())
        if self.weights and self.others == "sold" and EVERY not in self.weights and total < 1.0 - WHOLE:
            why = f"the targets add up to {percent(total)}: what are the other {percent(1.0 - total)} to be?"
            fix = f'add "CASH": {round(1.0 - total, 9):g}, or "others": "free" to leave every other asset as it is'
            raise InvalidValue(f"{FIELD}.weights", round(total, 9), why, fix=fix)


def _member(attribute: str, name: str) -> str:
    return f"{NOUNS[attribute]} {name}"


def _possessive(whose: str) -> str:
    return "its" if whose == "it" else f"the {whose.removeprefix('its ')}'s"


def _targets(where: str, value: Any, usual: Band) -> dict[str, Target]:
    given = mapping(where, value, example='{"AAPL": 0.6, "CASH": 0.4}')
    return {name: read_target(f"{where}.{name}", item, usual) for name, item in given.items()}
