"""What is sent over the wire names no file of the machine that reads it."""

from __future__ import annotations

from portopt.dialects.reading import shown
from portopt.domain.errors import InvalidValue
from portopt.domain.request import Policy


def require_no_file(policy: Policy, path: str = "") -> None:
    """Raises InvalidValue for factor returns out of a file: who sends a policy over the wire has none here."""
    source = policy.estimation.factors.get("source")
    if source not in (None, "sample"):
        why, field = "names a file, and only values are read here", "estimation.factors.source"
        at = f"{path}.{field}" if path else field
        raise InvalidValue(at, shown(source), why, fix='use "sample", or the method statistical')
