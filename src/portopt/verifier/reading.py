"""What a limit comes to on one book, for one member of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from portopt.verifier.exact import ZERO, root

OPEN = None
Side = Fraction | None


@dataclass(frozen=True)
class Reading:
    """measured, or where `squared` its square; floor, cap: None where open, never squared. exact: no double in it."""

    member: str
    measured: Fraction
    floor: Side = OPEN
    cap: Side = OPEN
    squared: bool = False
    exact: bool = True

    @property
    def figure(self) -> float:
        return root(self.measured) if self.squared else float(self.measured)

    def excess(self) -> Fraction:
        """By how much a side is missed, exactly nothing where it holds."""
        if not self.squared:
            over = ZERO if self.cap is None else self.measured - self.cap
            under = ZERO if self.floor is None else self.floor - self.measured
            return max(over, under, ZERO)
        if self.cap is None or self.measured <= self.cap * self.cap:
            return ZERO
        return max(Fraction(root(self.measured)) - self.cap, Fraction(1, 10**300))


class NotRead(LookupError):
    """A limit that cannot be worked out from the document, and why."""
