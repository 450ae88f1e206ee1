"""Waves: proposals for many portfolios that the service keeps. Put on record here, carried out by the workers.

A wave is seen by who asked for it, and by who sees every portfolio in it; of its items nobody sees one of a foreign portfolio.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from portopt.dialects.reading import one_of
from portopt.dialects.wave_decisions import decided_data, foreseen_data, read_decision
from portopt.dialects.waves import Member, WaveBody, item_data, read_wave
from portopt.domain.errors import Conflict, InvalidValue, PortoptError, UnknownThing
from portopt.domain.wave import ItemState, Wave
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.options import names_of
from portopt.doors.wire.pages import PAGED, cursor_of, page, require_told, size_of
from portopt.doors.wire.places import place_of
from portopt.doors.wire.standing import PACK
from portopt.questions.policies import policies
from portopt.questions.wave import put_on_record
from portopt.runs.waves.deciding import decide as decide_together
from portopt.runs.waves.preview import preview as look_ahead
from portopt.runs.waves.report import document_of, line_of, report
from portopt.runs.waves.start import Asked as Portfolio
from portopt.runs.waves.start import WaveWish, all_portfolios, deadline_of
from portopt.runs.waves.trades import document_of as trades_document
from portopt.runs.waves.trades import wave_trades
from portopt.runtime import PROVIDERS

STATES = tuple(state.value for state in ItemState)


def create(asked: Asked) -> Answered:
    """202 with the wave on record: nothing of it is worked out yet."""
    asked.only()
    body, now = read_wave(asked.data(), PROVIDERS), datetime.now(UTC)
    wave = put_on_record(_portfolios(asked, body, now), _wish(asked, body, now), asked.runtime, now)
    return Answered(_told(asked, wave), 202, headers={"Location": place_of("get_wave", wave_id=wave.wave_id)})


def preview(asked: Asked) -> Answered:
    """What the same body would begin, and what stands in the way of each: nothing is put on record."""
    asked.only()
    body, now, runtime = read_wave(asked.data(), PROVIDERS), datetime.now(UTC), asked.runtime
    known = {policy.id: policy for policy in policies(runtime)}
    foreseen = look_ahead(_portfolios(asked, body, now), _wish(asked, body, now), known, runtime, now)
    ready = sum(one.is_ready for one in foreseen)
    return Answered({
        "kind": body.kind.value, "cause": body.cause, "portfolios": len(foreseen), "ready": ready,
        "not_ready": len(foreseen) - ready, "items": [foreseen_data(one) for one in foreseen],
    })  # fmt: skip


def _wish(asked: Asked, body: WaveBody, now: datetime) -> WaveWish:
    return WaveWish(
        body.cause, body.policy, _provider(asked, body), body.as_of, deadline_of(body.deadline, body.zone, now),
        body.await_approval, asked.call.who.subject, body.kind,
    )  # fmt: skip


def listed(asked: Asked) -> Answered:
    """The newest first: every wave for who sees every portfolio, else those that who asks asked for."""
    asked.only(*PAGED)
    who, size, cursor = asked.call.who, size_of(asked), cursor_of(asked)
    require_told(cursor, cursor is None or _is_seen(asked, cursor))
    own = None if who.portfolios is None else who.subject
    found = asked.runtime.waves.list(size + 1, asked_by=own, after=cursor)
    return Answered(page("waves", found, size, line_of, lambda wave: wave.wave_id))


def get(asked: Asked) -> Answered:
    """Items by state, deadlines, times, and the causes of refusals with the first portfolio of each."""
    asked.only()
    wave = _wave(asked)
    return Answered(_told(asked, wave), headers={} if wave.ended_at else {"Retry-After": "1"})


def items(asked: Asked) -> Answered:
    """In the order in which they were asked for; of the states that are named."""
    asked.only("state", *PAGED)
    wave, size, cursor, now = _wave(asked), size_of(asked), cursor_of(asked), datetime.now(UTC)
    states = [ItemState(one_of(name, "state", STATES)) for name in names_of(asked, "state") or ()] or None
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise InvalidValue("cursor", cursor, "is not the end of a page", fix="use next_cursor as it was told")
    after = -1 if cursor is None else int(cursor)
    found = asked.runtime.waves.items(wave.wave_id, states=states, after=after, limit=size + 1)
    seen = [item for item in found if asked.call.who.sees(item.portfolio_id)]
    told = page("items", seen, size, lambda item: item_data(item, now), lambda item: str(item.number))
    more = str(found[size - 1].number) if len(found) > size else None
    return Answered({**told, "next_cursor": more})


def cancel(asked: Asked) -> Answered:
    """What is not ended is not worked out; proposals that are there stay. 409 for a wave that is at its end."""
    asked.only()
    wave, who = _wave(asked), asked.call.who.subject
    why = PortoptError(f"{who} ended the wave before this portfolio was worked out", field="wave", value=wave.wave_id,
                       fixes=["ask for the portfolio by itself, or in another wave"])  # fmt: skip
    if not asked.runtime.waves.cancel(wave.wave_id, why.problem()):
        raise Conflict(f"{wave.wave_id} is at its end: there is nothing to cancel", field="wave", value=wave.wave_id)
    return Answered(_told(asked, wave))


def trades(asked: Asked) -> Answered:
    """Of the proposals that stand, added up by asset, the largest value first."""
    asked.only()
    wave = _wave(asked)
    found = wave_trades(wave.wave_id, asked.runtime, asked.call.who.sees)
    return Answered({"wave_id": wave.wave_id, **trades_document(found)})


def decide(asked: Asked) -> Answered:
    """One decision about its proposals, but for exceptions; each is decided, or left with why."""
    asked.only()
    wave, decision = _wave(asked), read_decision(asked.data(), asked.call.who.subject)
    found = decide_together(wave.wave_id, decision, asked.runtime, asked.call.who.sees, asked.until)
    return Answered({"wave_id": wave.wave_id, **decided_data(decision, found)})


def _told(asked: Asked, wave: Wave) -> dict[str, Any]:
    return document_of(report(wave.wave_id, asked.runtime))


def _portfolios(asked: Asked, body: WaveBody, now: datetime) -> Sequence[Portfolio]:
    """Raises UnknownThing for one that who asks may not see, as for one that there is not."""
    if body.members is None:
        return [one for one in all_portfolios(asked.runtime) if asked.call.who.sees(one.portfolio_id)]
    return [_portfolio(asked, member, body.zone, now) for member in body.members]


def _portfolio(asked: Asked, member: Member, zone: str, now: datetime) -> Portfolio:
    return Portfolio(asked.portfolio(member.portfolio_id), member.policy, deadline_of(member.deadline, zone, now))


def _provider(asked: Asked, body: WaveBody) -> str | None:
    pack = body.pricing_pack_id
    if pack is not None and not asked.runtime.packs.has(pack):
        fix = "POST /api/v1/packs brings one, GET /api/v1/packs lists them"
        raise InvalidValue("pricing_pack_id", pack, "is the id of no pricing pack here", fix=fix)
    return body.provider if pack is None else PACK + pack


def _wave(asked: Asked) -> Wave:
    """Of the path. Raises UnknownThing, for a foreign one as for none."""
    wave = asked.runtime.waves.get(asked.call.place["wave_id"])
    if not _may_see(asked, wave):
        raise UnknownThing("wave", wave.wave_id)
    return wave


def _is_seen(asked: Asked, wave_id: str) -> bool:
    try:
        return _may_see(asked, asked.runtime.waves.get(wave_id))
    except UnknownThing:
        return False


def _may_see(asked: Asked, wave: Wave) -> bool:
    who = asked.call.who
    if who.portfolios is None or wave.asked_by == who.subject:
        return True
    items = asked.runtime.waves.items(wave.wave_id)
    return bool(items) and all(who.sees(item.portfolio_id) for item in items)
