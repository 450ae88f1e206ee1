"""Corporate actions from a file and from an HTTP service, read by the same rules (from a database: store/sql_actions.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from portopt.adapters.providers.http import HttpProvider
from portopt.domain.action import Action
from portopt.domain.market import MarketQuery
from portopt.tables.account import Account
from portopt.tables.actions import ACTIONS, actions_of_tables, read_actions
from portopt.tables.head import score_of

SCORE = score_of(
    [spelling for known in ACTIONS.columns.values() for spelling in known], [ACTIONS.columns[name] for name in ACTIONS.required]
)


class FileActions:
    """One file of the kinds that tables by hand are read from."""

    name = "files"

    def __init__(self, path: str | Path) -> None:
        self.path, self.source = path, f"file {Path(path).name}"
        self.notes: tuple[str, ...] = ()

    def actions(self, query: MarketQuery) -> tuple[Action, ...]:
        """See ports.ActionsProvider. Raises FileNotReadable and DataError, naming the file and the row."""
        notes: list[str] = []
        found = read_actions(self.path, notes)
        self.notes = tuple(notes)
        return tuple(action for action in found if query.assets is None or action.asset_id in query.assets)


class HttpActions:
    """GET base_url?assets=A,B&as_of=…&start=… answering a table of actions as JSON (also under "actions"), CSV or Parquet.

    options: those of HttpProvider.
    """

    name = "http"

    def __init__(self, base_url: str, **options: Any) -> None:
        self._http = HttpProvider(base_url, what="actions", score=SCORE, **options)
        self.source = self._http.source
        self.notes: tuple[str, ...] = ()

    def actions(self, query: MarketQuery) -> tuple[Action, ...]:
        """See ports.ActionsProvider; errors as HttpProvider's."""
        said = Account(self.source)
        found = actions_of_tables(self._http.tables(query, said), said, query.assets)
        self.notes = tuple(said.notes)
        return found
