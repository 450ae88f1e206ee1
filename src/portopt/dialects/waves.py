"""A wave as a body asks for it, and as documents tell of it and of its items."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from portopt.dialects.exact import read_date
from portopt.dialects.reading import flag, list_of, object_of, one_of, required, text
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.wave import WaveItem, WaveKind

WAVE = (
    "cause", "kind", "portfolios", "all", "policy", "provider", "pricing_pack_id", "as_of", "deadline", "zone",
    "await_approval",
)  # fmt: skip
MEMBER = ("portfolio_id", "policy", "deadline")
KINDS = tuple(kind.value for kind in WaveKind)
MOST_CAUSE, LONGEST_MEMBER, MOST_TIME, MOST_ZONE = 500, 100, 40, 60
MOST_MEMBERS = 100_000


@dataclass(frozen=True, slots=True)
class Member:
    """One portfolio that is named. policy, deadline: None is the wave's."""

    portfolio_id: str
    policy: str | None = None
    deadline: str | None = None


@dataclass(frozen=True, slots=True)
class WaveBody:
    """members: None where all are asked for. deadline: as it was written, to be read on the clocks of the zone."""

    cause: str
    kind: WaveKind
    members: tuple[Member, ...] | None
    policy: str | None
    provider: str | None
    pricing_pack_id: str | None
    as_of: date | None
    deadline: str | None
    zone: str
    await_approval: bool


def read_wave(doc: Any, providers: Collection[str]) -> WaveBody:
    """Raises UnknownField, InvalidValue or MissingInput with the dotted path."""
    found = {name: value for name, value in object_of(doc, "", WAVE).items() if value is not None}
    provider, pack = found.get("provider"), found.get("pricing_pack_id")
    if provider is not None and pack is not None:
        raise InvalidValue("pricing_pack_id", pack, "is given beside a provider", fix="name one of them")
    return WaveBody(
        cause=text(required(found, "cause"), "cause", most=MOST_CAUSE),
        kind=WaveKind(one_of(found.get("kind", WaveKind.ASKED.value), "kind", KINDS)),
        members=_members(found),
        policy=_optional(found, "policy", 64),
        provider=None if provider is None else one_of(provider, "provider", providers),
        pricing_pack_id=_optional(found, "pricing_pack_id", LONGEST_MEMBER),
        as_of=None if "as_of" not in found else read_date(found["as_of"], "as_of"),
        deadline=_optional(found, "deadline", MOST_TIME),
        zone=text(found.get("zone", "UTC"), "zone", most=MOST_ZONE),
        await_approval=flag(found.get("await_approval", False), "await_approval"),
    )


def _members(found: dict[str, Any]) -> tuple[Member, ...] | None:
    every = flag(found.get("all", False), "all")
    named = list_of(found.get("portfolios", []), "portfolios", most=MOST_MEMBERS)
    if every and named:
        raise InvalidValue("portfolios", len(named), "are named beside all", fix="name them, or say all")
    if not every and not named:
        raise MissingInput("no portfolio is named", field="portfolios", fixes=["name portfolios", "say all: true"])
    return None if every else tuple(_member(one, f"portfolios[{i}]") for i, one in enumerate(named))


def _member(value: Any, where: str) -> Member:
    if isinstance(value, str):
        return Member(text(value, where, most=LONGEST_MEMBER))
    found = {name: one for name, one in object_of(value, where, MEMBER).items() if one is not None}
    portfolio_id = text(required(found, "portfolio_id", where), f"{where}.portfolio_id", most=LONGEST_MEMBER)
    return Member(portfolio_id, _optional(found, "policy", 64, where), _optional(found, "deadline", MOST_TIME, where))


def _optional(found: dict[str, Any], name: str, most: int, where: str = "") -> str | None:
    return text(found[name], f"{where}.{name}" if where else name, most=most) if name in found else None


def _approval(item: WaveItem, now: datetime) -> dict[str, Any] | None:
    """How its proposal stands with people; None where nobody was asked."""
    approval = item.approval
    if approval is None:
        return None
    told = {"state": approval.state_at(now).value, "needs_reason": approval.needs_reason}
    return {**told, "expires_at": plain(approval.expires_at), "held_until": plain(approval.held_until)}


def item_data(item: WaveItem, now: datetime) -> dict[str, Any]:
    """An item, with the whole problem where there is no proposal."""
    return {
        "number": item.number,
        "portfolio_id": item.portfolio_id,
        "policy": item.policy,
        "state": item.state.value,
        "deadline": plain(item.deadline),
        "late": item.is_late(now),
        "attempts": item.attempts,
        "run_id": item.run_id,
        "status": None if item.status is None else item.status.value,
        "approval": _approval(item, now),
        "seconds": item.seconds,
        "gap": item.gap,
        "ended_at": plain(item.ended_at),
        "problem": plain(item.problem),
    }
