"""What the watch keeps: figures through time, alerts, silences."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from portopt.domain.run import Outbox
from portopt.domain.watch import Alert, AlertState, Figure, Notice, Silence, Standing
from portopt.ports.events import Deliveries


class FigureStore(Protocol):
    """Figures through time: a row a figure. The same figure of the same subject and instant is one row, and the newest wins."""

    def put(self, figures: Sequence[Figure]) -> int:
        """In one transaction; returns how many rows were written."""
        ...

    def latest(self, since: datetime, *, names: Collection[str] | None = None, among: frozenset[str] | None = None,
               until: datetime | None = None, measured: bool = False) -> Sequence[Figure]:  # fmt: skip
        """The newest of each name and subject, not older than `since`.

        among: portfolios; None is everything, the service's too. measured: the newest of those that have a value.
        """
        ...

    def series(self, name: str, since: datetime, until: datetime | None = None, *, subject: str | None = None,
               among: frozenset[str] | None = None, limit: int = 100_000) -> Sequence[Figure]:  # fmt: skip
        """In the order of subject and instant."""
        ...

    def forget_before(self, instant: datetime) -> int: ...

    def tend(self, keep_days: float, now: datetime | None = None) -> int:
        """What is past its days goes; returns how many rows. Cheap where nothing is due. now: for tests."""
        ...


class AlertStore(Protocol):
    """Alerts, silences, and the notices they cause: one transaction an evaluation."""

    def now(self) -> datetime:
        """The store's clock: evaluations on several machines have one."""
        ...

    def standing(self) -> Standing:
        """What the next evaluation starts from."""
        ...

    def save(self, alerts_changed: Sequence[Alert], notices: Sequence[Notice], silences_changed: Sequence[Silence], *, on: int,
             at: datetime, channels: Sequence[str]) -> int:  # fmt: skip
        """What an evaluation changed, and an outbox row for each notice and channel; returns the new version.

        on: the version that it started from. Raises Conflict, and writes nothing, where another one was saved since.
        """
        ...

    def get(self, alert_id: str) -> Alert:
        """Raises UnknownThing."""
        ...

    def list(self, among: frozenset[str] | None, *, states: Collection[AlertState] | None = None, rule: str | None = None,
             portfolio_id: str | None = None, after: str | None = None, limit: int = 50) -> Sequence[Alert]:  # fmt: skip
        """Newest first, after an alert's id."""
        ...

    def acknowledge(self, alert_id: str, by: str, note: str = "") -> Alert:
        """Somebody looks after it. Raises UnknownThing; Conflict for one that is over."""
        ...

    def silence(self, silence: Silence) -> Silence: ...

    def end_silence(self, silence_id: str, at: datetime) -> Silence:
        """It ends now instead of later; its summary comes with the next evaluation. Raises UnknownThing."""
        ...

    def silences(self, *, at: datetime | None = None) -> Sequence[Silence]:
        """All of them, or those in force at an instant."""
        ...

    def counts(self) -> Mapping[AlertState, int]: ...

    def deliveries(self, channel: str) -> Deliveries:
        """The notices of a channel as one relay sees them; to be closed."""
        ...

    def may_be_sent(self, channel: str, now: datetime | None = None) -> bool:
        """Whether any of its notices waits for nothing but a relay."""
        ...

    def undelivered(self, channel: str, now: datetime | None = None) -> Outbox:
        """What waits for this channel, and for what."""
        ...

    def delivered_since(self, channel: str, told_since: datetime) -> datetime | None:
        """When the last of what was told since then was delivered on it; None where none was."""
        ...

    def unpark(self, channel: str) -> int:
        """What its receiver refused too often may be tried again; returns how many notices."""
        ...


class FigureSteps(Protocol):
    """Figures through time with fewer points than there are rows."""

    def steps(self, names: Collection[str], since: datetime, seconds: int, *, until: datetime | None = None,
              among: frozenset[str] | None = None, lowest: Collection[str] = ()) -> Sequence[Figure]:  # fmt: skip
        """Of each name, subject and step of so many seconds the largest value, of the names in `lowest` the smallest;
        None where nothing was measured in it. In the order of name, subject and instant.
        """
        ...

    def evaluated(self) -> tuple[int, datetime | None]:
        """The watch's version, which every evaluation and every acknowledgement counts up; when the last evaluation was."""
        ...


class FigureSeeks(Protocol):
    """Single looks into what is kept, whose time grows with what is asked for and not with what is kept."""

    def rows(self, names: Collection[str], since: datetime, among: frozenset[str] | None, most: int) -> int:
        """How many there are, counted no further than `most`."""
        ...

    def last(self, names: Collection[str]) -> Sequence[Figure]:
        """The newest of each subject of these names, however old."""
        ...

    def newest(self, pairs: Collection[tuple[str, str]], since: datetime, seconds: int, until: datetime) -> Sequence[Figure]:
        """Of each name and subject the newest figure of each step of so many seconds; by name, subject and instant."""
        ...


class FigureThinning(Protocol):
    """Figures of long ago in steps, see domain/thinning."""

    def oldest(self) -> datetime | None:
        """When the oldest figure was measured."""
        ...

    def rows(self, step: timedelta, before: datetime) -> int:
        """How many rows thin() would go through."""
        ...

    def thin(self, step: timedelta, before: datetime) -> int:
        """Every step that ends before then and is not done; returns how many rows went. Safe to repeat, and to be killed."""
        ...
