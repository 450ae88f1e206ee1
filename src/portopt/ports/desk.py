"""Every portfolio in a line, from what is on record; no document is opened, and no portfolio is asked for by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from portopt.domain.desk import DeskBook, Ended, Told
from portopt.domain.holdings import Holdings
from portopt.domain.units import Units


class DeskStore(Protocol):
    """A few statements for all portfolios together."""

    def books(self, among: Collection[str] | None, now: datetime) -> Sequence[DeskBook]:
        """By id. among: portfolios; None is all of them. now: up to which holds last and people may decide."""
        ...

    def told(self, portfolio_ids: Collection[str]) -> Mapping[str, Told]:
        """What was said beside the figures of these, of those that were measured."""
        ...

    def holdings(self, portfolio_ids: Collection[str]) -> Mapping[str, Holdings]:
        """The newest of these, of those that have any."""
        ...

    def units(self, portfolio_ids: Collection[str]) -> Mapping[str, Mapping[str, Units]]:
        """Of these, by asset, what is not quoted as shares are."""
        ...

    def ended(self, books: Sequence[DeskBook]) -> Mapping[str, Ended]:
        """Of the newest thing that was asked, by portfolio: when it was, and why it failed."""
        ...

    def waves(self, wave_ids: Collection[str], among: Collection[str] | None, asker: str) -> Mapping[str, tuple[str, str]]:
        """(kind, cause) of these waves, those that the asker asked for or that have no portfolio but these."""
        ...

    def newest_pack(self) -> str | None:
        """The pricing pack that was used or brought last."""
        ...
