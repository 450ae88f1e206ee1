"""Corporate actions as a user names them at a door: a file, a source that is set, or values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from portopt.domain.action import Action


def actions_from(where: Any, notes: list[str]) -> tuple[Action, ...]:
    """Corporate actions of a file; of `http` or `sql`, as the settings of this installation say; or as they are given.

    Errors as those of ports.ActionsProvider.
    """
    if str(where) in ("http", "sql"):
        from portopt.domain.market import MarketQuery
        from portopt.runtime import runtime

        provider = runtime().actions(str(where))
        found = provider.actions(MarketQuery())
        notes += provider.notes
        return found
    if isinstance(where, str | Path):
        from portopt.tables.actions import read_actions

        return read_actions(where, notes)
    return tuple(where)
