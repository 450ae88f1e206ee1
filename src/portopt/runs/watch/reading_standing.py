"""What is known of many books before any price is read: holdings through time, and what was proposed for them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portopt.domain.measured import ReleasedProposal
from portopt.domain.watch import Figure, labels
from portopt.monitoring.measures.fulfilment import PastProposal
from portopt.runs.watch.reading_books import Standing
from portopt.runs.watch.reading_proposals import as_detail, from_detail, past_proposal

if TYPE_CHECKING:
    from portopt.runtime import Runtime

EXPECTED = "proposal_volatility"
YEAR = timedelta(days=370)  # what forecasts are held against what came
MOST_PROPOSALS = 60  # of a book
MOST_VERSIONS = 300  # of its holdings


class Standings:
    """Reads books for one measurement. new: proposals that were read from their documents: figures to be kept."""

    def __init__(self, runtime: Runtime, now: datetime) -> None:
        self._runtime, self._since = runtime, now - YEAR
        self.new: list[Figure] = []

    def of(self, portfolio_id: str) -> Standing | None:
        """None for a portfolio whose holdings nobody declared. Raises UnknownThing; DataError for what is damaged."""
        portfolio = self._runtime.portfolios.get(portfolio_id)
        if portfolio.holdings is None:
            return None
        columns = self._runtime.run_columns
        proposals = columns.released(self._since, portfolio_id=portfolio_id)[-MOST_PROPOSALS:]
        newest = columns.request(proposals[-1].run_id) if proposals else None
        kept = self._kept(portfolio_id) if proposals else {}
        told = [past for one in proposals if (past := self._past(one, kept)) is not None]
        versions = self._runtime.portfolios.versions(portfolio_id, limit=MOST_VERSIONS)
        return Standing(portfolio, portfolio.holdings, tuple(versions), tuple(told), newest)

    def _kept(self, portfolio_id: str) -> Mapping[str, Figure]:
        """What the book's proposals expected, by run, as far as it was kept."""
        found = self._runtime.figures.latest(self._since, names=(EXPECTED,), among=frozenset({portfolio_id}))
        return {str(figure.detail.get("run")): figure for figure in found}

    def _past(self, one: ReleasedProposal, known: Mapping[str, Figure]) -> PastProposal | None:
        """As it was kept when it was first read, else from its document, which is then kept."""
        kept = known.get(one.run_id)
        if kept is not None and kept.value is not None:
            return from_detail(one.portfolio_id, kept.value, kept.at, kept.detail)
        try:
            past = past_proposal(self._runtime.runs.get(one.run_id, verified=False), one.completed_at)
        except (KeyError, TypeError, ValueError) as error:
            logging.getLogger(__name__).warning("what %s expected cannot be read: %s", one.run_id, error)
            return None
        of = labels(portfolio=one.portfolio_id, run=one.run_id)
        self.new.append(Figure(EXPECTED, of, one.completed_at, past.forecast.volatility, detail=as_detail(past)))
        return past
