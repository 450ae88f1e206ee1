"""Tax lots in the ledger of a backtest: what is bought becomes lots, what is sold leaves them, and each year has its tax.

book    the lots that are held, and what became of those that were sold     trades    fills as purchases and sales of lots
year    the tax of each year, losses carried from one to the next           actions   splits, spin-offs, delistings
"""

from portopt.simulation.taxed.actions import acted
from portopt.simulation.taxed.book import OpenLoss, TaxBook
from portopt.simulation.taxed.trades import traded
from portopt.simulation.taxed.year import record_of, rules_asked, taxes_of, years_of

__all__ = ["OpenLoss", "TaxBook", "acted", "record_of", "rules_asked", "taxes_of", "traded", "years_of"]
