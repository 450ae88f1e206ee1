"""What can go wrong between weights and orders.

PortoptError
└── NotRoundable   exit 3: weights satisfy the limits, whole shares cannot
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portopt.domain.errors import PortoptError


class NotRoundable(PortoptError):
    """The limits can be kept in weights, but by no book of whole lots of this value.

    What might help stands under measured["suggestions"]: none of it was tried, so none of it is a fix.
    """

    code = "not_roundable"
    title = "No whole-share book satisfies these limits"
    status = 422
    exit_code = 3

    def __init__(self, limits: Sequence[str], reason: str, *, measured: dict[str, Any]) -> None:
        named = " and ".join(limits) if limits else "the limits together"
        super().__init__(
            f"{named} cannot be kept with whole shares: {reason}",
            field="limits",
            value=list(limits),
            measured=measured,
        )
        self.limits = tuple(limits)
