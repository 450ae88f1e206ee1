"""What time it is, as the database has it: leases and ages are shared by machines whose own clocks differ."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, text


def database_now(connection: Connection) -> datetime:
    """The present instant on the database's clock. A file's database has the clock of the machine it is on: this one."""
    if connection.dialect.name != "postgresql":
        return datetime.now(UTC)
    found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found.astimezone(UTC)
