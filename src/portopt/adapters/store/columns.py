"""Columns and constraints that the tables share: one place says what an id, an instant or a document is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, MetaData, String, text

from portopt.adapters.store.types import ExactJson, Jsonb, UtcDateTime

COMMAND, QUERY = "command", "query"
metadata = MetaData()


def id_column(name: str = "id") -> Column[Any]:
    return Column(name, String(64), primary_key=True)


def portfolio_id() -> Column[Any]:
    return Column("portfolio_id", String(100), nullable=False)


def string(name: str, length: int, **kwargs: Any) -> Column[Any]:
    return Column(name, String(length), nullable=False, **kwargs)


def jsonb(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, Jsonb(), nullable=optional)


def instant(name: str, *, now: bool = False, optional: bool = False, primary_key: bool = False) -> Column[Any]:
    default = text("CURRENT_TIMESTAMP") if now else None  # Prefect gives func.now() words of its own in the whole process
    return Column(name, UtcDateTime(), nullable=optional, primary_key=primary_key, server_default=default)


def status() -> Column[Any]:
    return string("status", 20, server_default=text("'pending'"))


def of_portfolio(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["portfolio_id"], [f"{COMMAND}.portfolios.id"], name=f"{table}_portfolio_fk")


def exact(name: str, *, optional: bool = False) -> Column[Any]:
    return Column(name, ExactJson, nullable=optional)
