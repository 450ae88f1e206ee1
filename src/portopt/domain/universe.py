"""The assets a decision is about, in one fixed order that every array follows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Literal

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.canonical import canonical_text, digest, plain
from portopt.domain.errors import DataError

CASH = "CASH"
NO_GROUP = "(none)"  # what limits call the assets without a sector or an asset class


@dataclass(frozen=True, slots=True)
class Asset:
    """An instrument (S2, S4) or a strategy (S1). Cash is one too, under the id `CASH`.

    quality_score and esg_score: on the source's own scale (S4: 0 to 10); None is "not scored", which is not a pass.
    tradable: False freezes the holding at its current weight.
    attributes: linear exposures by name (beta, duration, …), for exposure limits; an asset without one has none of it.
    """

    id: str
    name: str = ""
    sector: str | None = None
    asset_class: str | None = None
    quality_score: float | None = None
    esg_score: float | None = None
    tradable: bool = True
    attributes: Mapping[str, float] = field(default_factory=dict)


def is_blank(value: str | float | None) -> bool:
    """Whether an attribute says nothing: nothing at all, an empty text, or what is not a number.

    >>> [is_blank(value) for value in (None, "", " ", float("nan"), "Energy", 0.0)]
    [True, True, True, True, False, False]
    """
    return value is None or (not value.strip() if isinstance(value, str) else value != value)


_ROW = attrgetter(*(f.name for f in fields(Asset)))


@dataclass(frozen=True, slots=True)
class Universe:
    """Assets in order; `positions` finds them by id. Two universes are equal when their assets are."""

    assets: tuple[Asset, ...]
    ids: tuple[str, ...] = field(init=False, compare=False)
    positions: dict[str, int] = field(init=False, compare=False, repr=False)
    _groups: dict[str, dict[str, Indices]] = field(default_factory=dict, init=False, compare=False, repr=False)  # once found
    _attributes: list[tuple[str, ...]] = field(default_factory=list, init=False, compare=False, repr=False)  # once found
    _lacking: dict[str, Indices] = field(default_factory=dict, init=False, compare=False, repr=False)  # once found
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
            blank = [i for i, a in enumerate(self.assets) if is_blank(getattr(a, attribute)) and a.id != CASH]
            self._lacking[attribute] = np.array(blank, dtype=np.intp)
        return self._lacking[attribute].copy()

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
            rows = [_ROW(a) for a in self.assets]
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
