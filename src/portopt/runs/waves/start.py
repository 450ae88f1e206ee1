"""Putting a wave on record: which portfolios, under which policies, by when."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portopt.domain.canonical import digest
from portopt.domain.errors import InvalidValue, MissingInput, UnknownThing
from portopt.domain.request import Policy
from portopt.domain.wave import Wave, WaveItem, WaveKind

if TYPE_CHECKING:
    from portopt.runtime import Runtime

NAMED = 10  # portfolios that a refusal names


@dataclass(frozen=True, slots=True)
class Asked:
    """One portfolio of a wave, as it is asked for. policy, deadline: None is the wave's."""

    portfolio_id: str
    policy: str | None = None
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class WaveWish:
    """What a wave is asked for with. policy: for every portfolio that names none; None is each portfolio's own."""

    cause: str
    policy: str | None = None
    provider: str | None = None
    as_of: date | None = None
    deadline: datetime | None = None
    await_approval: bool = False
    asked_by: str = ""
    kind: WaveKind = WaveKind.ASKED


def all_portfolios(runtime: Runtime) -> list[Asked]:
    """Every portfolio whose holdings are on record, by id."""
    return [Asked(portfolio_id) for portfolio_id, (_, is_held) in runtime.waves.portfolios().items() if is_held]


def start(asked: Sequence[Asked], wish: WaveWish, policies: Mapping[str, Policy], runtime: Runtime, now: datetime) -> Wave:
    """The wave on record, with its items. policies: those there are, by id.

    Raises MissingInput for a wave of nothing, InvalidValue for a portfolio asked for twice and where a policy wants four eyes
    that the wave would not wait for, UnknownThing for a portfolio that is not on record and for a policy that is none.
    """
    from portopt.dialects.policies import write_policy

    named = named_policies(asked, wish, policies, runtime)
    used: dict[str, Any] = {policy_id: write_policy(policies[policy_id]) for policy_id in sorted(set(named.values()))}
    wave_id = f"wave-{now:%Y%m%d}-{digest(wish.cause, sorted(named.items()), now.isoformat(), secrets.token_hex(8))[:20]}"
    wave = Wave(
        wave_id, wish.cause, used, now, wish.provider, wish.as_of, wish.await_approval, wish.asked_by, kind=wish.kind
    )  # fmt: skip
    items = [
        WaveItem(wave_id, number, a.portfolio_id, named[a.portfolio_id], a.deadline or wish.deadline)
        for number, a in enumerate(asked)
    ]
    return runtime.waves.start(wave, items)


def named_policies(asked: Sequence[Asked], wish: WaveWish, policies: Mapping[str, Policy], runtime: Runtime) -> dict[str, str]:
    """Under which policy each portfolio would be worked out. Raises what `start` raises."""
    if not asked:
        raise MissingInput(
            "a wave needs portfolios, and none are on record with holdings", field="portfolios",
            fixes=["PUT /api/v1/portfolios/ID/holdings, or `portopt rebalance` with a holdings file, puts one on record"],
        )  # fmt: skip
    _require_each_once(asked)
    own = _own_policies(asked, runtime)
    named = {a.portfolio_id: a.policy or wish.policy or own[a.portfolio_id] for a in asked}
    for policy_id in named.values():
        if policy_id not in policies:
            raise UnknownThing("policy", policy_id, fixes=[f"one of {', '.join(sorted(policies))}"])
    if not wish.await_approval:
        _require_no_four_eyes(own, named, policies)
    return named


def _require_each_once(asked: Sequence[Asked]) -> None:
    seen = set[str]()
    for a in asked:
        if a.portfolio_id in seen:
            raise InvalidValue("portfolios", a.portfolio_id, "is asked for twice: two proposals cannot both be right")
        seen.add(a.portfolio_id)


def _require_no_four_eyes(own: Mapping[str, str], named: Mapping[str, str], policies: Mapping[str, Policy]) -> None:
    """Where a portfolio's own policy wants a second person, so does whatever is named in its place."""
    for portfolio_id, policy_id in named.items():
        for wants in (policy_id, own[portfolio_id]):
            if wants in policies and policies[wants].wants_four_eyes:
                why = f"is too few: {portfolio_id!r} is under the policy {wants!r}, which wants four eyes"
                raise InvalidValue("await_approval", False, why, fix="let the wave wait for approval: await_approval true")


def _own_policies(asked: Sequence[Asked], runtime: Runtime) -> dict[str, str]:
    """Each portfolio's own policy. Raises UnknownThing, naming the first few that are not on record."""
    found = {portfolio_id: policy for portfolio_id, (policy, _) in runtime.waves.portfolios().items()}
    unknown = sorted({a.portfolio_id for a in asked} - found.keys())
    if unknown:
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        raise UnknownThing("portfolio", ", ".join(unknown[:NAMED]) + more, field="portfolios")
    return found


def deadline_of(text: str | None, zone: str, now: datetime) -> datetime | None:
    """An instant: `2026-12-01T07:00+01:00`, or `07:00`, which is the next one on the clocks of `zone`.

    Raises InvalidValue.
    """
    if text is None:
        return None
    try:
        there = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidValue("zone", zone, "is no time zone", fix='use a name as in "America/New_York"') from None
    try:
        if "T" in text or " " in text.strip():
            at = datetime.fromisoformat(text.strip())
            return at if at.tzinfo else at.replace(tzinfo=there)
        clock = time.fromisoformat(text.strip())
    except ValueError:
        raise InvalidValue("deadline", text, "is no time", fix='write "07:00", or "2026-12-01T07:00+01:00"') from None
    today = now.astimezone(there).date()
    at = datetime.combine(today, clock, there)
    return at if at > now else datetime.combine(today + timedelta(days=1), clock, there)
