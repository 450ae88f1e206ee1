"""Row-level security on PostgreSQL, the second wall: of a transaction that is restricted to some portfolios, a query without
WHERE shows no row of another one, and a row of another one cannot be written.

`portopt.portfolios` says which, for the transaction: unset or empty is a process that is trusted, `*` is all of them, else a
JSON array of ids. `engine.Database` sets it from `domain.access.restricted_to`. The policies are forced: they hold for the
owner of the tables too, and for nobody who may pass by every policy (a superuser, a role with BYPASSRLS).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

SETTING = "portopt.portfolios"
POLICY = "portopt_portfolios"

FUNCTIONS = (
    f"""CREATE FUNCTION command.sees_all() RETURNS boolean LANGUAGE sql STABLE AS
    $$ SELECT coalesce(current_setting('{SETTING}', true), '') IN ('', '*') $$""",
    f"""CREATE FUNCTION command.sees(portfolio text) RETURNS boolean LANGUAGE sql STABLE AS
    $$ SELECT CASE WHEN command.sees_all() THEN true
              ELSE jsonb_exists(current_setting('{SETTING}', true)::jsonb, portfolio) END $$""",
)


@dataclass(frozen=True, slots=True)
class Of:
    """Whose a row is: what its column refers to, among the rows of another table that are seen."""

    column: str
    table: str
    key: str = "id"


def install(connection: Connection) -> None:
    """The two functions that every policy asks."""
    for statement in FUNCTIONS:
        connection.execute(text(statement))


def remove(connection: Connection) -> None:
    """With the policies that ask them."""
    connection.execute(text("DROP FUNCTION command.sees(text), command.sees_all() CASCADE"))


def is_installed(connection: Connection) -> bool:
    return connection.execute(text("SELECT to_regprocedure('command.sees(text)')")).scalar() is not None


def said_of(connection: Connection) -> str:
    """Whether it holds for who is connected, in words; a role that passes it by sees every portfolio, whoever asks."""
    if connection.dialect.name != "postgresql":
        return "none: SQLite has no such wall"
    role = connection.execute(text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")).one()
    if not (role.rolsuper or role.rolbypassrls):
        return "holds"
    return f"passed by: the role {role.rolname} {'is a superuser' if role.rolsuper else 'has BYPASSRLS'}"


def protect(connection: Connection, table: str, whose: str | Of) -> None:
    """whose: the column with the portfolio's id, or what the row belongs to. table: with its schema."""
    if isinstance(whose, Of):
        seen = f"SELECT 1 FROM {whose.table} AS owning WHERE owning.{whose.key} = {table}.{whose.column}"  # noqa: S608 - our own names
        condition = f"command.sees_all() OR EXISTS ({seen})"
    else:
        condition = f'command.sees("{whose}")'
    for statement in (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {POLICY} ON {table} USING ({condition}) WITH CHECK ({condition})",
    ):
        connection.execute(text(statement))


def protect_all(connection: Connection, tables: Mapping[str, str | Of]) -> None:
    for table, whose in tables.items():
        protect(connection, table, whose)
