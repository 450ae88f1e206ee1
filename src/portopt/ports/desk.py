"""Every portfolio in a line, from what is on record; no document is opened, and no portfolio is asked for by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from portopt.domain.desk import DeskBook, Told
from portopt.domain.holdings import Holdings


class DeskStore(Protocol):
    """A few statements for all portfolios together."""

    def books(self, among: Collection[str] | None) -> Sequence[DeskBook]:
        """By id. among: portfolios; None is all of them."""
        ...

    def told(self, portfolio_ids: Collection[str]) -> Mapping[str, Told]:
        """What was said beside the figures of these, of those that were measured."""
        ...

    def holdings(self, portfolio_ids: Collection[str]) -> Mapping[str, Holdings]:
        """The newest of these, of those that have any."""
        ...

    def problems(self, books: Sequence[DeskBook]) -> Mapping[str, Mapping[str, Any]]:
        """By portfolio, why the newest thing that was asked failed, of those whose did."""
        ...

    def waves(self, wave_ids: Collection[str]) -> Mapping[str, tuple[str, str]]:
        """(kind, cause) of these waves."""
        ...

    def newest_pack(self) -> str | None:
        """The pricing pack that was used or brought last."""
        ...
