"""What a document of the watch is made from: what the stores hold at one instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from portopt.domain.watch import Alert, Figure, Silence

EVALUATED_WITHIN = timedelta(minutes=5)
SERVICE_WITHIN = timedelta(minutes=15)  # figures of the runs and the service that are older are unknown
BOOKS_WITHIN = timedelta(hours=1)  # and those of books, of which there may be ten thousand


class Described(Protocol):
    """A figure of the catalog."""

    @property
    def unit(self) -> str: ...

    @property
    def says(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """now: when it was looked at. since: from when on the series are. evaluated_at: when the rules last were, if ever.

    figures: the newest of each name and subject. series: the same through time, by name, subject and instant, of what is drawn.
    alerts: pending, open, and resolved lately. books: portfolios that there are, measured or not; None is those measured.
    catalog: figures by name. runbooks: text of each page that an alert names. among: whether this is of some books alone.
    history_is_whole: a step of `series` has its furthest value; else, of more rows than are gone through, its newest.
    """

    now: datetime
    since: datetime
    evaluated_at: datetime | None
    figures: Sequence[Figure]
    alerts: Sequence[Alert]
    catalog: Mapping[str, Described]
    series: Sequence[Figure] = ()
    silences: Sequence[Silence] = ()
    books: Sequence[str] | None = None
    runbooks: Mapping[str, str] = field(default_factory=dict)
    is_of_some: bool = False
    history_is_whole: bool = True

    @property
    def is_late(self) -> bool:
        """Nothing was evaluated for too long: what is shown may be of the past."""
        return self.evaluated_at is None or self.now - self.evaluated_at > EVALUATED_WITHIN
