"""The exact ledger: whole units, whole cents, functions of frozen values.

    account    what is owned, owed and ordered, and what it is worth     money     cents out of units and prices
    day        a session begins: interest, flows, pay dates (actions)    charges   what an order is charged
    fills      orders become fills (orders: how much of each;            profit    what each asset earned
               scaling: what cash pays for)                              checks    the identities of a day
    fast       the whole history of given orders at once

The rules, as a person reads them: docs/methods/ledger.md.
"""

from portopt.simulation.accounting.account import Account, OpenOrder, Quotes, Receivable, equity, open_profit, opened, values
from portopt.simulation.accounting.charges import require_sound
from portopt.simulation.accounting.day import begin_day, schedule
from portopt.simulation.accounting.fills import fill
from portopt.simulation.accounting.orders import placed, withdrawn

__all__ = [
    "Account", "OpenOrder", "Quotes", "Receivable", "begin_day", "equity", "fill", "open_profit", "opened", "placed",
    "require_sound", "schedule", "values", "withdrawn",
]  # fmt: skip
