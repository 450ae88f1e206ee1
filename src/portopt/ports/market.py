"""Where data comes from and where it is kept: prices, corporate actions, pricing packs, beliefs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from portopt.domain.action import Action
from portopt.domain.beliefs import Beliefs
from portopt.domain.market import MarketQuery, MarketSnapshot, PackDifference, PackLine

if TYPE_CHECKING:
    import polars as pl


class ActionsProvider(Protocol):
    """Where corporate actions come from: read and complete in themselves; whether the prices agree is asked beside the prices.

    Raises OutsideError when the source does not answer (worth a retry), DataError naming rows when what it answers is wrong.
    """

    name: str
    source: str
    notes: tuple[str, ...]

    def actions(self, query: MarketQuery) -> tuple[Action, ...]:
        """Those of the query's assets; dates are cut where they meet the prices."""
        ...


class MarketDataProvider(Protocol):
    """Where prices come from.

    `prices` gives a long table: asset_id (str), date (date), close (f64), optional volume (f64); one row a price, any
    order, as the source has it: checks and cleaning are not the provider's. Raises OutsideError when the source does
    not answer (worth a retry), DataError when what it answers is not prices, FileNotReadable for a path.
    """

    name: str
    source: str  # one line for the manifest: which file, which host, which version

    @property
    def adjustment(self) -> str:
        """ "adjusted", "raw" or "unknown"."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading the table left out, cleaned or decided, in sentences; once it is read."""
        ...

    def prices(self, query: MarketQuery) -> pl.DataFrame: ...


class PackStore(Protocol):
    """Immutable, content-addressed pricing packs."""

    def put(self, snapshot: MarketSnapshot) -> MarketSnapshot:
        """Store it (writing nothing when it is there already); returns it."""
        ...

    def get(self, pricing_pack_id: str) -> MarketSnapshot:
        """Raises DataError for an unknown or damaged pack."""
        ...

    def ids(self) -> Sequence[str]: ...

    def line(self, pricing_pack_id: str) -> PackLine:
        """What is told of it in a list; its prices are not read. Raises DataError."""
        ...

    def has(self, pricing_pack_id: str) -> bool:
        """Whether it is there; nothing of it is read."""
        ...

    def files(self, pricing_pack_id: str) -> Mapping[str, bytes]:
        """What it consists of, by name, once it is known to be whole. Raises DataError."""
        ...

    def restore(self, pricing_pack_id: str, files: Mapping[str, bytes]) -> MarketSnapshot:
        """The pack that these files are; kept here too. Raises DataError where they are not what the id says."""
        ...

    def litter(self) -> Sequence[Path]:
        """What killed writers left behind."""
        ...

    def difference(self, a: str, b: str) -> PackDifference: ...


class BeliefStore(Protocol):
    """Immutable, content-addressed beliefs."""

    def put(self, beliefs: Beliefs) -> str:
        """Store them (writing nothing when they are there already); returns their id."""
        ...

    def get(self, beliefs_id: str) -> Beliefs:
        """Raises UnknownThing, and DataError for what is damaged."""
        ...
