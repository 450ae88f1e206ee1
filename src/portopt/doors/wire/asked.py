"""What an operation is given, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from portopt.dialects.reading import parse_json
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import InvalidValue, MissingInput, NotAllowed, UnknownField, unknown_portfolio
from portopt.doors.wire.call import JSON, Call

if TYPE_CHECKING:
    from portopt.runtime import Runtime

OLDEST_YEAR, NEWEST_YEAR = 1970, 2200  # years that figures, silences and runs may be of
TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no")


@dataclass(frozen=True, slots=True)
class Asked:
    """A call with the installation that answers it. until: when an answer is of no more use."""

    call: Call
    runtime: Runtime
    until: Deadline = NEVER

    def data(self) -> Any:
        """The body as JSON. Raises MalformedDocument."""
        return parse_json(self.call.body)

    def portfolio(self, portfolio_id: str | None = None) -> str:
        """The portfolio in the path, or the one given, where who asks may see it. Raises UnknownThing for a foreign one."""
        found = portfolio_id if portfolio_id is not None else self.call.place["portfolio_id"]
        if not self.call.who.sees(found):
            raise unknown_portfolio(found)
        return found

    def only(self, *names: str) -> None:
        """Raises UnknownField for a query parameter that means nothing here."""
        for name, value in self.call.asked.items():
            if name not in names:
                raise UnknownField(name, names or ["(this takes none)"], value=value)

    def text(self, name: str, default: str | None = None) -> str | None:
        return self.call.asked.get(name, default)

    def number(self, name: str, *, low: float, high: float) -> float | None:
        """Raises InvalidValue for what is no number in this range."""
        given = self.call.asked.get(name)
        if given is None:
            return None
        try:
            found = float(given)
        except ValueError:
            raise InvalidValue(name, given, "is not a number") from None
        if not low <= found <= high:
            raise InvalidValue(name, given, f"belongs between {low:g} and {high:g}")
        return found

    def whole(self, name: str, default: int, *, low: int, high: int) -> int:
        """Raises InvalidValue for what is no whole number in this range."""
        given = self.call.asked.get(name)
        if given is None:
            return default
        if not (given.isascii() and given.isdigit() and len(given) < 10 and low <= int(given) <= high):
            raise InvalidValue(name, given, f"belongs between {low} and {high}, a whole number")
        return int(given)

    def instant(self, name: str) -> datetime | None:
        given = self.call.asked.get(name)
        return None if given is None else instant_of(name, given)

    def flag(self, name: str, default: bool = False) -> bool:
        given = self.call.asked.get(name)
        if given is None:
            return default
        if given.lower() not in TRUE + FALSE:
            raise InvalidValue(name, given, "is neither true nor false")
        return given.lower() in TRUE

    def required(self, name: str) -> str:
        given = self.call.asked.get(name)
        if not given:
            raise MissingInput(f"{name} is needed", field=name)
        return given


def instant_of(field: str, given: str) -> datetime:
    """A date, or an instant; without an offset it is UTC. Raises InvalidValue."""
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise InvalidValue(field, given, "is no instant", fix="write it as 2026-11-20T12:00:00Z") from None
    if not OLDEST_YEAR < found.year < NEWEST_YEAR:
        raise InvalidValue(field, given, f"belongs between {OLDEST_YEAR} and {NEWEST_YEAR}")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Answered:
    """value: what is written as JSON, or bytes of the content type. timings: seconds by stage of the work."""

    value: Any
    status: int = 200
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


Answers: TypeAlias = Callable[[Asked], Answered]


def require(asked: Asked, scope: str) -> None:
    """Raises NotAllowed for one who may not."""
    if not asked.call.who.may(scope):
        raise NotAllowed(
            f"{asked.call.who.subject} may not do this: it needs the scope {scope!r}",
            field="scope",
            value=scope,
            measured={"scopes": sorted(asked.call.who.scopes)},
            fixes=[f"use a key or a token with the scope {scope!r}"],
        )
