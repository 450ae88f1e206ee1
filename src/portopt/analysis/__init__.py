"""What an answer means."""

from portopt.analysis.attempts import Attempts
from portopt.analysis.decomposition import decompose
from portopt.analysis.explain import explain
from portopt.analysis.figures import figures, max_drawdown
from portopt.analysis.pulls import pulls
from portopt.analysis.risk import risk_contributions
from portopt.analysis.risk_figures import risk_figures
from portopt.analysis.whole_shares import settled

__all__ = [
    "Attempts",
    "decompose",
    "explain",
    "figures",
    "max_drawdown",
    "pulls",
    "risk_contributions",
    "risk_figures",
    "settled",
]
