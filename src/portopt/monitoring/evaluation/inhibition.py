"""Which alerts another one explains: while the database does not answer, nobody needs to hear of every book that is unpriced.

They are open and shown, with the rule that explains them; nothing is told of them. Once it explains them no longer, or after
the longest time that their rule allows, what still stands is told.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from portopt.domain.watch import Alert, AlertState, Told
from portopt.monitoring.rules.rule import Inhibition


def explained_by(alert: Alert, due: Told | None, how: Inhibition, open_rules: Collection[str], now: datetime) -> str | None:
    """The rule that explains what would be told of the alert; None where nothing does, or not any longer.

    due: what would be told. open_rules: rules with an alert that is open now.
    """
    if due not in (Told.FIRING, Told.BLIND):  # that it is over, or seen again, is told whatever else is wrong
        return None
    names = how.rules if due is Told.BLIND else how.by
    began = alert.blind_since if alert.state is AlertState.UNKNOWN else alert.fired_at
    if began is not None and now - began >= how.longest:
        return None
    return next((name for name in names if name in open_rules), None)
