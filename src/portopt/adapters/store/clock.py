"""What time it is, as the database has it: leases and ages are shared by machines whose own clocks differ."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, text


def database_now(connection: Connection) -> datetime:
    """The present instant on the database's clock. A file's database has the clock of the machine it is on: this one."""
    if connection.dialect.name != "postgresql":
        return datetime.now(UTC)
    found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found.astimezone(UTC)


def clock(connection: Connection) -> Any:
    """The same as a value to write, which the database reads itself: one question less."""
    return func.clock_timestamp() if connection.dialect.name == "postgresql" else datetime.now(UTC)
