"""Around a wave: what is foreseen before it begins, and one decision about its proposals."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portopt.domain.approval import Said
from portopt.domain.choices import Reason
from portopt.domain.wave import WaveItem

NOTHING_SAID = Said()


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One portfolio of a wave that has not begun. reasons: what somebody should know before; one that stops it, stops it."""

    portfolio_id: str
    policy: str
    deadline: datetime | None
    reasons: Sequence[Reason]

    @property
    def is_ready(self) -> bool:
        return all(reason.status != "stop" for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class WaveDecision:
    """kind: approve, request_changes, reject, hold or release_hold. until: of a hold. said: with each of them.

    exceptions: portfolios that are left. only: those alone that are decided; None is all others.
    """

    kind: str
    by: str
    said: Said = NOTHING_SAID
    until: datetime | None = None
    exceptions: Collection[str] = ()
    only: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A proposal that was left as it was, or a portfolio that has none. why: in words. problem: where it is a refusal."""

    item: WaveItem
    why: str
    problem: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WaveDecided:
    """decided: proposals that stand so now; already: how many of them did before. not_reached: of those left, for want of
    time.
    """

    decided: Sequence[WaveItem]
    already: int
    left: Sequence[Left]
    not_reached: int
