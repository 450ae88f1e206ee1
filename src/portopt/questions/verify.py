"""Does a document hold? Worked out again from itself, by code that shares nothing with what made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.verifier import CannotVerify, Findings
from portopt.verifier import verify as worked_out_again

FIXES = (
    "give what `portopt rebalance --json` or `portopt optimize --json` printed, or a trades.json",
    "ask the question again: documents of this version carry what a check takes",
)


def verify(document: Mapping[str, Any]) -> Findings:
    """Everything that the document says and that follows from the rest of it. Raises InvalidValue for one of another kind."""
    try:
        return worked_out_again(document)
    except CannotVerify as error:
        kind = document.get("kind") if isinstance(document, Mapping) else type(document).__name__
        raise InvalidValue("document", kind, str(error), fix=FIXES[0] if "needed" in str(error) else FIXES[1]) from error
