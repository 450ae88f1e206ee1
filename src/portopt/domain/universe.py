"""The assets a decision is about, in one fixed order that every array follows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, Literal

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.canonical import LATER, canonical_text, digest, plain
from portopt.domain.composition import checked_composition
from portopt.domain.errors import DataError
from portopt.domain.units import Units

CASH = "CASH"
NO_GROUP = "(none)"  # what limits call the assets without a sector or an asset class


@dataclass(frozen=True, slots=True)
class Asset:
    """An instrument (S2, S4) or a strategy (S1). Cash is one too, under the id `CASH`.

    quality_score and esg_score: on the source's own scale (S4: 0 to 10); None is "not scored", which is not a pass.
    tradable: False freezes the holding at its current weight.
    attributes: linear exposures by name (beta, duration, …), for exposure limits; an asset without one has none of it.
    composition: of a fund, what it is made of, by asset, sector or asset class (composition.py): limits see through it.
    units: how it is quoted, traded and settled (units.py); None as shares are.
    """

    id: str
    name: str = ""
    sector: str | None = None
    asset_class: str | None = None
    quality_score: float | None = None
    esg_score: float | None = None
    tradable: bool = True
    attributes: Mapping[str, float] = field(default_factory=dict)
    composition: Mapping[str, Mapping[str, float]] = field(default_factory=dict, metadata=LATER)
    units: Units | None = field(default=None, metadata=LATER)


def is_blank(value: str | float | None) -> bool:
    """Whether an attribute says nothing: nothing at all, an empty text, or what is not a number.

    >>> [is_blank(value) for value in (None, "", " ", float("nan"), "Energy", 0.0)]
    [True, True, True, True, False, False]
    """
    return value is None or (not value.strip() if isinstance(value, str) else value != value)


_ROW = attrgetter(*(f.name for f in fields(Asset) if not f.metadata.get("later")))
GROUPED = ("sector", "asset_class")
UNKNOWN_SHARE = 1e-9  # of a fund: a smaller rest is rounding


@dataclass(frozen=True, slots=True)
class Universe:
    """Assets in order; `positions` finds them by id. Two universes are equal when their assets are."""

    assets: tuple[Asset, ...]
    ids: tuple[str, ...] = field(init=False, compare=False)
    positions: dict[str, int] = field(init=False, compare=False, repr=False)
    _groups: dict[str, dict[str, Indices]] = field(default_factory=dict, init=False, compare=False, repr=False)  # once found
    _attributes: list[tuple[str, ...]] = field(default_factory=list, init=False, compare=False, repr=False)  # once found
    _lacking: dict[str, Indices] = field(default_factory=dict, init=False, compare=False, repr=False)  # once found
    _shares: dict[str, dict[str, tuple[Indices, Vector]]] = field(default_factory=dict, init=False, compare=False, repr=False)
    _funds: list[bool] = field(default_factory=list, init=False, compare=False, repr=False)  # whether there are any, once asked
    _units: list[Mapping[str, Units]] = field(default_factory=list, init=False, compare=False, repr=False)  # once found
    _identity: list[str] = field(default_factory=list, init=False, compare=False, repr=False)  # once computed
    _plain: list[dict[str, object]] = field(default_factory=list, init=False, compare=False, repr=False)  # once written
    _canonical: list[str] = field(default_factory=list, init=False, compare=False, repr=False)  # once written

    def __post_init__(self) -> None:
        ids = tuple(asset.id for asset in self.assets)
        positions = {asset_id: i for i, asset_id in enumerate(ids)}
        if len(positions) != len(ids):
            twice = sorted({asset_id for asset_id in ids if ids.count(asset_id) > 1})
            raise DataError(f"listed more than once: {', '.join(twice)}", field="assets", value=twice)
        if not ids:
            raise DataError("the universe holds no asset", field="assets", value=[])
        object.__setattr__(self, "ids", ids)
        object.__setattr__(self, "positions", positions)

    def __len__(self) -> int:
        return len(self.assets)

    @property
    def cash_position(self) -> int | None:
        """Where cash stands, or None for a universe without it."""
        return self.positions.get(CASH)

    @property
    def is_cash(self) -> np.ndarray:
        """(n,) bool."""
        mask = np.zeros(len(self), dtype=bool)
        if self.cash_position is not None:
            mask[self.cash_position] = True
        return mask

    def groups(self, attribute: Literal["sector", "asset_class"]) -> dict[str, Indices]:
        """Positions by sector or asset class, names sorted; assets without one (cash among them) are in none.

        Each is (k,) positions, ascending.
        """
        if attribute not in self._groups:
            found: dict[str, list[int]] = {}
            for i, asset in enumerate(self.assets):
                name = getattr(asset, attribute)
                if not is_blank(name):
                    found.setdefault(name, []).append(i)
            self._groups[attribute] = {name: np.array(found[name], dtype=np.intp) for name in sorted(found)}
        return dict(self._groups[attribute])

    def ungrouped(self, attribute: Literal["sector", "asset_class"]) -> Indices:
        """(k,) positions, ascending, of the assets but cash that have no sector or asset class."""
        return self.lacking(attribute)

    def lacking(self, attribute: str) -> Indices:
        """(k,) positions, ascending, of the assets but cash of which nothing is said there: a sector, a score."""
        if attribute not in self._lacking:
            silent = [a for a in self.assets if is_blank(getattr(a, attribute)) and a.id != CASH]
            blank = [self.positions[a.id] for a in silent if not self._is_seen_through(a, attribute)]
            self._lacking[attribute] = np.array(blank, dtype=np.intp)
        return self._lacking[attribute].copy()

    def _is_seen_through(self, asset: Asset, attribute: str) -> bool:
        """Whether it is a fund of which that attribute is told in parts."""
        return bool(asset.composition.get(attribute)) or (attribute in GROUPED and bool(asset.composition.get("asset")))

    @property
    def sees_through(self) -> bool:
        """Whether any asset is told by what it is made of."""
        if not self._funds:
            self._funds.append(any(asset.composition for asset in self.assets))
        return self._funds[0]

    @property
    def units(self) -> Mapping[str, Units]:
        """By asset, of those that are not as shares are."""
        if not self._units:
            self._units.append({asset.id: asset.units for asset in self.assets if asset.units is not None})
        return self._units[0]

    def shares(self, attribute: Literal["sector", "asset_class"]) -> dict[str, tuple[Indices, Vector]]:
        """What each group holds of every asset: positions (k,) ascending, and shares (k,) of their weights.

        An asset belongs whole to its group, a fund by its composition: by the attribute where that is told, else by the groups
        of the assets in it. What is told of neither stands under NO_GROUP, as does the rest that a composition leaves; cash is
        in none. Raises InvalidValue for a composition that cannot be.
        """
        if attribute not in self._shares:
            self._shares[attribute] = self._seen_through(attribute) if self.sees_through else self._as_they_are(attribute)
        return dict(self._shares[attribute])

    def _as_they_are(self, attribute: Literal["sector", "asset_class"]) -> dict[str, tuple[Indices, Vector]]:
        nobodys = self.ungrouped(attribute)
        groups = {**self.groups(attribute), **({NO_GROUP: nobodys} if len(nobodys) else {})}
        return {name: (at, np.ones(len(at))) for name, at in groups.items()}

    def _seen_through(self, attribute: Literal["sector", "asset_class"]) -> dict[str, tuple[Indices, Vector]]:
        found: dict[str, dict[int, float]] = {}
        for i, asset in enumerate(self.assets):
            if asset.id != CASH:
                for name, share in self._parts(asset, attribute).items():
                    found.setdefault(name, {})[i] = share
        ordered = [*sorted(name for name in found if name != NO_GROUP), *([NO_GROUP] if NO_GROUP in found else [])]
        return {name: (np.array(list(found[name]), dtype=np.intp), np.array(list(found[name].values()))) for name in ordered}

    def _parts(self, asset: Asset, attribute: Literal["sector", "asset_class"]) -> dict[str, float]:
        told = checked_composition(asset.id, asset.composition) if asset.composition else {}
        own = getattr(asset, attribute)
        if attribute in told:
            parts = dict(told[attribute])
        elif not is_blank(own):
            return {own: 1.0}
        else:
            parts = {}
            for name, share in told.get("asset", {}).items():
                group = str(getattr(self.assets[self.positions[name]], attribute) or "") if name in self.positions else ""
                if not is_blank(group):
                    parts[group] = parts.get(group, 0.0) + share
        rest = 1.0 - sum(parts.values())
        if rest > UNKNOWN_SHARE:
            parts[NO_GROUP] = parts.get(NO_GROUP, 0.0) + rest
        return parts

    def held_through(self) -> dict[str, tuple[Indices, Vector]]:
        """The assets that funds are told to hold, sorted: positions (k,) of those funds, and what share (k,) of each it is.

        Names that are no asset here are among them. Raises InvalidValue for a composition that cannot be.
        """
        found: dict[str, dict[int, float]] = {}
        for i, asset in enumerate(self.assets):
            told = checked_composition(asset.id, asset.composition).get("asset", {}) if asset.composition else {}
            for name, share in told.items():
                if name not in (CASH, asset.id):
                    found.setdefault(name, {})[i] = share
        return {n: (np.array(list(found[n]), dtype=np.intp), np.array(list(found[n].values()))) for n in sorted(found)}

    def names(self, positions: Indices) -> tuple[str, ...]:
        """The ids that stand at positions (k,), which ascend."""
        ids = self.ids
        return ids if len(positions) == len(ids) else tuple(ids[i] for i in positions.tolist())

    def scores(self, attribute: Literal["quality_score", "esg_score"]) -> Vector:
        """(n,) scores; NaN where an asset has none."""
        values = [getattr(asset, attribute) for asset in self.assets]
        return np.array([np.nan if value is None else float(value) for value in values])

    def attribute_names(self) -> tuple[str, ...]:
        """Names of the attributes that any asset has, sorted."""
        if not self._attributes:
            self._attributes.append(tuple(sorted({name for asset in self.assets for name in asset.attributes})))
        return self._attributes[0]

    def attribute(self, name: str) -> Vector:
        """(n,) values of one attribute; zero where an asset has none."""
        return np.array([float(asset.attributes.get(name, 0.0)) for asset in self.assets])

    def indices(self, ids: Iterable[str]) -> Indices:
        """Positions of `ids`, in their order. Raises DataError for an id not in the universe.

        (k,), one for each of `ids`.
        """
        ids = list(ids)
        missing = [asset_id for asset_id in ids if asset_id not in self.positions]
        if missing:
            raise DataError(f"not in the universe: {', '.join(missing)}", field="assets", value=missing)
        return np.array([self.positions[asset_id] for asset_id in ids], dtype=np.intp)

    def vector(self, values: dict[str, float], default: float = 0.0) -> Vector:
        """(n,) values by id; `default` where an id is not named. Unknown ids raise DataError."""
        out = np.full(len(self), default, dtype=float)
        out[self.indices(values)] = list(values.values())
        return out

    def identity(self) -> str:
        """SHA-256 of the assets, a row each. The canonical form of the whole costs more than most solves take: once written."""
        if not self._identity:
            rows: list[Any] = [_ROW(a) for a in self.assets]
            rows += [[a.id, plain(a.composition)] for a in self.assets if a.composition]
            rows += [[a, "units", plain(units)] for a, units in self.units.items()]
            self._identity.append(digest(json.dumps(rows, ensure_ascii=False, default=float, sort_keys=True).encode()))
        return self._identity[0]

    def plain(self) -> dict[str, object]:
        """As JSON holds it; to be read, and not to be changed."""
        if not self._plain:
            self._plain.append(plain(self))
        return self._plain[0]

    def canonical(self) -> str:
        """Its canonical JSON."""
        if not self._canonical:
            self._canonical.append(canonical_text(self.plain()))
        return self._canonical[0]

    @classmethod
    def of(cls, ids: Sequence[str]) -> Universe:
        """Bare assets, for tests and notebooks."""
        return cls(tuple(Asset(asset_id) for asset_id in ids))
