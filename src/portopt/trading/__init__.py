"""Solution and holdings to an executable plan."""

from portopt.trading.errors import NotRoundable
from portopt.trading.plan import can_trade, dearest_lot, make_plan

__all__ = ["NotRoundable", "can_trade", "dearest_lot", "make_plan"]
