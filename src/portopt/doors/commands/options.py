"""What several commands ask for in the same words. Nothing here is heavy: `--help` reads all of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from portopt.domain.approval import ApprovalWanted
    from portopt.domain.deadline import Deadline
    from portopt.domain.request import Policy

MOST_HOURS = 168.0  # a week, as in a request over the wire

PLOT = typer.Option("--plot", metavar="FILE.svg", help="Also draw it into this file.")
MEASURE = typer.Option("--risk-measure", help="What risk is: volatility, cvar, mad, max_drawdown, …")
CONFIDENCE = typer.Option("--confidence", help="Of measures that have one, such as 0.95.")

WITHIN = typer.Option("--within", metavar="SECONDS", help="Give up when there is no answer by then.")

HOURS = typer.Option(
    "--approval-hours", metavar="HOURS", help="A person has so long to approve it before its event leaves: `portopt approve`."
)

Plotted = Annotated[Path | None, PLOT]
Measure = Annotated[str, MEASURE]
Confidence = Annotated[float | None, CONFIDENCE]
Within = Annotated[float | None, WITHIN]
ApprovalHours = Annotated[float | None, HOURS]


def named(words: str) -> list[str]:
    """["return", "risk"] of "return,risk"."""
    return [word.strip() for word in words.split(",") if word.strip()]


def measure_options(confidence: float | None) -> dict[str, Any]:
    return {} if confidence is None else {"confidence": finite(confidence, "--confidence")}


def deadline(within: float | None) -> Deadline:
    """From now on. Raises InvalidValue for what is no time to work in."""
    from portopt.domain.deadline import NEVER, Deadline

    return NEVER if within is None else Deadline.within(within)


def approval(hours: float | None, policy: Policy, option: str = "--approval-hours ") -> ApprovalWanted | None:
    """Who is asked before it is released: nobody without hours. Raises MissingInput where the policy wants four eyes."""
    from portopt.domain.approval import ApprovalWanted
    from portopt.domain.errors import InvalidValue, MissingInput

    if hours is None:
        if policy.wants_four_eyes:
            said = f"the policy {policy.id!r} wants four eyes on every proposal: say how long they have"
            raise MissingInput(said, field=option.rstrip(" ="), fixes=[f"write {option}24"])
        return None
    if not 0.0 < hours <= MOST_HOURS:
        raise InvalidValue(option.rstrip(" ="), hours, f"is not between 0 and {MOST_HOURS:g}", fix=f"write {option}24")
    return ApprovalWanted(hours)


def finite(value: Any, option: str) -> float:
    from portopt.domain.errors import InvalidValue

    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidValue(option, str(value), "is not a finite number", fix=f"write {option}=0.01")
    return float(value)
