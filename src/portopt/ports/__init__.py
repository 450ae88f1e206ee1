"""The outside world, as protocols. Adapters implement them; runtime.py alone chooses which."""

from portopt.ports.choices import ChoiceStore
from portopt.ports.columns import RunColumns
from portopt.ports.desk import DeskStore
from portopt.ports.events import Deliveries, EventSink, Progress
from portopt.ports.histories import PieceStore, TrialStore
from portopt.ports.market import ActionsProvider, BeliefStore, MarketDataProvider, PackStore
from portopt.ports.retention import Removals, RetentionStore
from portopt.ports.runs import RunStore
from portopt.ports.service import JobStore, KeySetSource, KeyStore, Ledger, PortfolioStore, SeriesStore
from portopt.ports.sessions import Issuer, SessionStore
from portopt.ports.watch import AlertStore, FigureSeeks, FigureSteps, FigureStore, FigureThinning
from portopt.ports.waves import WaveStore

__all__ = [
    "ActionsProvider",
    "AlertStore",
    "BeliefStore",
    "ChoiceStore",
    "Deliveries",
    "DeskStore",
    "EventSink",
    "FigureSeeks",
    "FigureSteps",
    "FigureStore",
    "FigureThinning",
    "Issuer",
    "JobStore",
    "KeySetSource",
    "KeyStore",
    "Ledger",
    "MarketDataProvider",
    "PackStore",
    "PieceStore",
    "PortfolioStore",
    "Progress",
    "Removals",
    "RetentionStore",
    "RunColumns",
    "RunStore",
    "SeriesStore",
    "SessionStore",
    "TrialStore",
    "WaveStore",
]
