"""Where a proposal is not what its policy alone would propose: limits that gave way, and trades that somebody decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portopt.document.formats import measure
from portopt.domain.approval import Departure
from portopt.terms.limits.pinned import Pinned

LIMIT, TRADE, WHAT_IF = "limit", "trade", "what_if"


def departures_of(request: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[Departure, ...]:
    """As the request and the answer tell of them. request: as data, as a run has it."""
    return (*_relaxed(document), *_missed(document), *_pinned(request))


def moved(path: str, before: object, after: object) -> Departure:
    """What a what-if moved of the policy, which the request that it makes tells nobody."""
    return Departure(WHAT_IF, path, f"{path} is {after}, and {'not set' if before is None else before} in the policy")


def _relaxed(document: Mapping[str, Any]) -> Iterator[Departure]:
    for step in document.get("relaxations") or ():
        said = f"{step['limit']} gave way, from {step['before']} to {step['after']}: {step['because'].rstrip('.')}"
        yield Departure(LIMIT, step["limit"], said)


def _missed(document: Mapping[str, Any]) -> Iterator[Departure]:
    """Soft limits that fall short, as the policy lets them, and what whole shares miss."""
    for limit in document.get("limits") or ():
        if not limit["holds"] and not limit["structural"]:
            by = measure(limit["worst_violation"], limit["unit"])
            yield Departure(LIMIT, limit["limit"], f"{limit['limit']} falls short by {by}: {limit['description']}")


def _pinned(request: Mapping[str, Any]) -> Iterator[Departure]:
    there = ((request.get("policy") or {}).get("limits") or {}).get(Pinned.kind)
    for name, pin in Pinned.parse(there).trades.items() if there is not None else ():
        yield Departure(TRADE, name, f"the trade in {name} was edited: {pin.describe()}")
