"""What an answer means."""

from portopt.analysis.figures import figures, max_drawdown
from portopt.analysis.risk import risk_contributions

__all__ = ["figures", "max_drawdown", "risk_contributions"]
