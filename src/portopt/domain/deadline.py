"""When an answer is of no more use to whoever asked.

A deadline is part of a question, not of its answer: it travels inside `Problem` and `StandardForm` to every solver, search and
diagnosis, and ends the work there. Without one no clock is read, and what is answered in time is the same with one as without.
Where a search has an answer by then, it is given with its gap, unless it is to be replayed: then there is none.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import inf

from portopt.domain.errors import DeadlineExceeded, InvalidValue

LEAST_SECONDS = 1e-3  # seconds that a solver is given at least: zero is "no limit" to some of them


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment of this process's monotonic clock.

    at: seconds of it. allowed: seconds there were, for the message. gives_best: whether a search gives the best it has by then.
    """

    at: float = inf
    allowed: float = inf
    gives_best: bool = True

    @classmethod
    def within(cls, seconds: float, *, gives_best: bool = True) -> Deadline:
        """`seconds` from now. Raises InvalidValue for what is no time to work in."""
        if not 0.0 < seconds < inf:
            raise InvalidValue("within", seconds, "is not a time to answer in", fix="give seconds above zero, or leave it out")
        return cls(time.monotonic() + seconds, seconds, gives_best)

    @property
    def is_set(self) -> bool:
        return self.at < inf

    def left(self) -> float:
        """Seconds; inf where there is none."""
        return self.at - time.monotonic() if self.is_set else inf

    @property
    def is_over(self) -> bool:
        return self.is_set and time.monotonic() >= self.at

    def check(self, doing: str) -> None:
        """Raises DeadlineExceeded once it is over. doing: what is not begun or not gone on with."""
        if self.is_over:
            raise DeadlineExceeded(self.allowed, doing)

    def seconds_for(self, doing: str) -> float:
        """What a solver with a clock of its own may take. Raises DeadlineExceeded where that is nothing."""
        left = self.left()
        if left <= 0.0:
            raise DeadlineExceeded(self.allowed, doing)
        return max(left, LEAST_SECONDS)


NEVER = Deadline()
