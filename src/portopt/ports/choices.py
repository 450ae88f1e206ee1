"""Choices that somebody keeps, or proposes: beside the runs that answered them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from portopt.domain.chosen import SavedChoice, Selection


class ChoiceStore(Protocol):
    """What is saved and what was selected. Each change has its entry in the portfolio's ledger, in one transaction."""

    def save(self, saved: SavedChoice) -> SavedChoice:
        """Under its name; withdrawn before, it is kept again. Raises Conflict for a name that another one of the portfolio has,
        and for a choice that is saved under another name.
        """
        ...

    def saved(self, saved_id: str) -> SavedChoice:
        """Raises UnknownThing."""
        ...

    def list_saved(
        self, portfolio_id: str, *, withdrawn: bool = False, after: str | None = None, limit: int = 50
    ) -> Sequence[SavedChoice]:
        """Newest first, after one of them. withdrawn: these too."""
        ...

    def saved_of(self, choice_ids: Collection[str]) -> Sequence[SavedChoice]:
        """Those that are kept, of these answers."""
        ...

    def rename(self, saved_id: str, name: str, note: str, by: str) -> SavedChoice:
        """Raises UnknownThing, and Conflict for a name that is taken and for one that was withdrawn."""
        ...

    def withdraw(self, saved_id: str, note: str, by: str) -> SavedChoice:
        """It is not kept any more; withdrawn before, it stays so. Raises UnknownThing."""
        ...

    def select(self, selection: Selection) -> bool:
        """That this was proposed; False, and nothing written, where it was said before."""
        ...

    def selected_as(self, run_ids: Collection[str]) -> Mapping[str, Selection]:
        """The newest selection that each run came from, of those that came from one."""
        ...

    def selections_of(self, choice_ids: Collection[str]) -> Sequence[Selection]:
        """Newest first."""
        ...

    def newest_pack(self, portfolio_id: str) -> tuple[str, str] | None:
        """(id, day up to which) of the newest prices that anything about the portfolio rests on; None where nothing does."""
        ...
