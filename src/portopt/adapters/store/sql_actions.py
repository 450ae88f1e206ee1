"""Corporate actions out of somebody's database: one SELECT, read by the rules that files of actions are read by."""

from __future__ import annotations

from portopt.adapters.store.sql_prices import SqlProvider
from portopt.domain.action import Action
from portopt.domain.market import MarketQuery
from portopt.tables.account import Account
from portopt.tables.actions import actions_of_tables
from portopt.tables.frames import table_of_frame


class SqlActions:
    """One SELECT giving a row an action; it may name :assets, :as_of and :start, and may give no row at all.

    Errors as SqlProvider's.
    """

    name = "sql"

    def __init__(self, url: str, query: str) -> None:
        self._sql = SqlProvider(url, query, setting="actions_query")
        self.source = self._sql.source
        self.notes: tuple[str, ...] = ()

    def actions(self, query: MarketQuery) -> tuple[Action, ...]:
        """See ports.ActionsProvider."""
        said = Account(self.source)
        found = actions_of_tables([table_of_frame(self._sql.table(query), self.source)], said, query.assets)
        self.notes = tuple(said.notes)
        return found
