"""Money that comes into a book or leaves it, by day: a row a flow, below zero where it is taken out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from portopt.tables.account import Account
from portopt.tables.actions import days_of_rows
from portopt.tables.delivered import Delivered
from portopt.tables.names import DATE
from portopt.tables.rows import Wanted, file_name, read_rows

FLOWS = Wanted(
    {
        "date": (*DATE, "datum", "value_date", "booking_date", "buchungstag", "valuta", "settlement_date", "settled_on"),
        "amount": ("amount", "cash_flow", "cashflow", "flow", "net_flow", "net_amount", "value", "betrag", "wert"),
    },
    required=("date", "amount"), numbers=("amount",),
    beside=("currency", "ccy", "description", "memo", "type", "reference", "id", "name", "account"), what="cash flows",
)  # fmt: skip
CENT = Decimal("0.01")


def read_cash_flows(path: str | Path | Delivered, notes: list[str] | None = None) -> tuple[tuple[date, Decimal], ...]:
    """(day, money in or out) of each row of a CSV, TSV, XLSX, Parquet or JSON file, or of a body; by day.

    Several of one day add up. Errors as read_actions; an amount with parts of a cent is one.
    """
    said = Account(file_name(path))
    rows = read_rows(path, FLOWS, said)
    days = days_of_rows(rows, ("date",), said)
    found: dict[date, Decimal] = {}
    for row in rows:
        day, amount = days.get(row.get("date") or ""), row.get("amount")
        if row.get("date") is None or amount is None:
            missing = "a day" if row.get("date") is None else "an amount"
            said.wrong(f"row {row.number}: a cash flow without {missing}", "fill the row")
            continue
        money = Decimal(amount)
        if money != money.quantize(CENT):
            said.wrong(f"row {row.number}: {amount} has parts of a cent", "write money to the cent")
        elif day is not None:
            if day in found:
                said.note(f"several cash flows of {day} were added up")
            found[day] = found.get(day, Decimal(0)) + money.quantize(CENT)
    said.finish("cash_flows")
    if notes is not None:
        notes += said.notes
    return tuple(sorted(found.items()))
