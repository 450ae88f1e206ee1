"""The one way to a best ratio: programs that trade excess return against risk at one rate after another.

    S <- N(x) / R(x),   x = argmax N - S R                                   Dinkelbach (1967): rises to the best ratio
    t <- R(x) / N(x),   x = argmin 1/2 R - t N,   g(t) = R(x) - t N(x)       its reciprocal where R is a variance: g(t) = 0

Every step is an ordinary program, and what it says leads to the next rate: five or six of them. Where g is known at two rates
the secant through them is nearer; g is piecewise linear where no cone binds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """What the program at a rate came to: excess return N and risk R of its answer. rate: where it is the answer."""

    rate: float
    excess: float
    risk: float

    @property
    def mismatch(self) -> float:
        """g at the rate."""
        return self.risk - self.rate * self.excess


Next = Callable[[Asked, Asked | None], float]  # (what was asked last, what before that) -> the rate to ask at


def search_rates(ask: Callable[[float], Asked | None], first: float, further: Next, most: int) -> None:
    """Ask at one rate after another, `most` of them; ends where `ask` has what it wants, or nothing to go on with: None."""
    rate, before = first, None
    for _ in range(most):
        found = ask(rate)
        if found is None:
            return
        rate, before = further(found, before), found


def of_answer(found: Asked, before: Asked | None) -> float:
    """Dinkelbach's: the ratio of the last answer."""
    return found.excess / found.risk


def by_secant(found: Asked, before: Asked | None) -> float:
    """The zero of the secant through g at the last two rates; the last answer's own R/N where that lies far away."""
    after, mismatch = found.risk / found.excess, found.mismatch
    if before is None or before.mismatch == mismatch:
        return after
    secant = found.rate - mismatch * (found.rate - before.rate) / (mismatch - before.mismatch)
    return secant if 0.1 * found.rate < secant < 10.0 * found.rate else after
