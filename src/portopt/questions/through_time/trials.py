"""Whatever is put to a history is a trial: counted, so that the gate knows among how many the best was found."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from portopt.domain.backtest import BacktestRequest
from portopt.domain.trials import TrialRecord, family_of, trial_id_of

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def count_trials(
    tried: Sequence[tuple[BacktestRequest, float | None]], dates: Sequence[date], runtime: Runtime | None = None
) -> None:
    """Strategies with their annual Sharpe ratios over the days `dates`, into the register of the store, where there is one.

    An answer is not lost for want of its line in the register: that is told in the log.
    """
    from portopt.analysis import Attempts
    from portopt.runtime import runtime as this_process

    store = runtime or this_process()
    if not store.has_store:
        return
    records = [
        TrialRecord(
            family_of(request), trial_id_of(request), request.policy.id, {}, sharpe, len(dates) - 1, dates[0], dates[-1]
        )
        for request, sharpe in tried
    ]
    said = Attempts()
    said.attempt("the register of trials", lambda: store.trials.register(records))
    for left in said.left_out:
        logging.getLogger(__name__).warning("%s", left.sentence)
