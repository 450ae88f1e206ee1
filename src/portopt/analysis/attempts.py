"""After the certificate nothing may take the answer away again: an analysis that cannot be made is left out with its reason.

    said = Attempts()
    frontier = said.attempt("the efficient frontier", lambda: draw(problem))       the frontier, or None and a note

What this product raises on purpose is told in its own words. Anything else is a fault of ours: the note says of which kind, so
that the document is the same bytes whoever makes it, and the log has where.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from portopt.domain.errors import PortoptError
from portopt.domain.explanation import LeftOut

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Attempts:
    """The analyses of one certified answer. left_out: those that could not be made, in their order."""

    left_out: list[LeftOut] = field(default_factory=list)

    def attempt(self, part: str, make: Callable[[], T]) -> T | None:
        """What `make` gives, or None and a note. part: what is then missing, as it is read in a sentence."""
        try:
            return make()
        except PortoptError as error:
            self.leave_out(part, error.detail)
        except OSError as error:
            self.leave_out(part, error.strerror or type(error).__name__)
        except Exception as error:
            log.exception("%s could not be made", part)
            self.leave_out(part, f"an internal error ({type(error).__name__}), told in the log")
        return None

    def leave_out(self, part: str, reason: str) -> None:
        self.left_out.append(LeftOut(part, reason.rstrip(".")))
