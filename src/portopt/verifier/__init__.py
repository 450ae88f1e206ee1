"""The stranger's check: a document alone, and everything in it worked out again.

Imports nothing of the engine, of the terms or of the rest of this package: the standard library, and NumPy for the matrices.
Reading order: exact.py (rational numbers), ledger.py (what was checked, what did not hold), book.py (the document as read),
reading.py and limits.py (every limit from its definition), netting.py, lots.py, tax_limits.py, wash_sales.py and taxes.py (what
the sales are taxed at), orders.py, money.py, measures.py, figures.py, optimum.py, asked.py (whether the
program asks what the limits ask), seals.py, verify.py.
"""

from __future__ import annotations

from portopt.verifier.ledger import Fault, Findings, Unchecked
from portopt.verifier.orders import certificate_of_orders
from portopt.verifier.seals import seals
from portopt.verifier.verify import CannotVerify, verify

__all__ = ["CannotVerify", "Fault", "Findings", "Unchecked", "certificate_of_orders", "seals", "verify"]
