"""Where runs and pricing packs are kept. Importing this package loads no database library; `open_store` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portopt.adapters.store.sql import SqlStore


def open_store(url: str) -> SqlStore:
    """The relational store behind `url`, migrated to this version's schema.

    Raises InvalidValue for a URL that names no supported database, OutsideError when it does not answer,
    DataError when what is there is damaged or belongs to a newer version.
    """
    from portopt.adapters.store.sql import SqlStore

    store = SqlStore(url)
    store.migrate()
    return store
