"""What an answer means."""

from portopt.analysis.explain import explain, settled
from portopt.analysis.figures import figures, max_drawdown
from portopt.analysis.pulls import pulls
from portopt.analysis.risk import risk_contributions

__all__ = ["explain", "figures", "max_drawdown", "pulls", "risk_contributions", "settled"]
