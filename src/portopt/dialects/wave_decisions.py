"""One decision about the proposals of a wave as a body says it, and what became of it; a wave before it begins."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from portopt.dialects.reading import list_of, object_of, one_of, required, text
from portopt.dialects.records import MAX_TEXT
from portopt.dialects.waves import LONGEST_MEMBER, MOST_MEMBERS, MOST_TIME
from portopt.domain.approval import DECISIONS, REASONS, Said
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.wave import WaveItem
from portopt.domain.wave_decision import Foreseen, Left, WaveDecided, WaveDecision

REASON = ("name", "status", "detail", "figures", "fix")
BODY = ("decision", "except", "portfolios", "reason", "note", "until")


def read_decision(doc: Any, by: str) -> WaveDecision:
    """Raises UnknownField, InvalidValue or MissingInput with the dotted path."""
    found = {name: value for name, value in object_of(doc, "", BODY).items() if value is not None}
    kind = one_of(required(found, "decision"), "decision", DECISIONS)
    only = _names(found, "portfolios")
    if only is not None and found.get("except"):
        fix = "name those that are decided, or those that are not"
        raise InvalidValue("except", len(found["except"]), "is given beside portfolios", fix=fix)
    reason = None if "reason" not in found else one_of(found["reason"], "reason", tuple(REASONS))
    note = "" if found.get("note", "") == "" else text(found["note"], "note", most=MAX_TEXT)
    return WaveDecision(kind, by, Said(reason, note), _until(found, kind), _names(found, "except") or (), only)


def _names(found: dict[str, Any], name: str) -> tuple[str, ...] | None:
    if name not in found:
        return None
    given = list_of(found[name], name, most=MOST_MEMBERS)
    return tuple(text(one, f"{name}[{i}]", most=LONGEST_MEMBER) for i, one in enumerate(given))


def _until(found: dict[str, Any], kind: str) -> datetime | None:
    given = found.get("until")
    if kind != "hold":
        if given is not None:
            raise InvalidValue("until", given, f"means nothing with {kind}: it is how long a hold lasts")
        return None
    if given is None:
        raise MissingInput("a hold lasts until an instant", field="until", fixes=["name one, as 2026-11-20T12:00:00Z"])
    try:
        at = datetime.fromisoformat(text(given, "until", most=MOST_TIME))
    except ValueError:
        raise InvalidValue("until", given, "is no instant", fix="write it as 2026-11-20T12:00:00Z") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def decided_data(decision: WaveDecision, found: WaveDecided) -> dict[str, Any]:
    """already: of those decided, which stood so before. causes: why others are left, the commonest first."""
    causes = Counter(_cause(left) for left in found.left)
    return {
        "decision": decision.kind,
        "decided_by": decision.by,
        "decided": len(found.decided),
        "already": found.already,
        "left": len(found.left),
        "not_reached": found.not_reached,
        "causes": [{"cause": cause, "items": count} for cause, count in causes.most_common()],
        "items": [*map(_decided, found.decided), *map(_left, found.left)],
    }


def _cause(left: Left) -> str:
    return left.why if left.problem is None else str(left.problem.get("title") or left.problem.get("code"))


def _decided(item: WaveItem) -> dict[str, Any]:
    return {**_item(item.portfolio_id, item.run_id), "decided": True, "why": None, "problem": None}


def _left(left: Left) -> dict[str, Any]:
    told = {"decided": False, "why": left.why, "problem": plain(left.problem)}
    return {**_item(left.item.portfolio_id, left.item.run_id), **told}


def _item(portfolio_id: str, run_id: str | None) -> dict[str, Any]:
    return {"portfolio_id": portfolio_id, "run_id": run_id}


def foreseen_data(one: Foreseen) -> dict[str, Any]:
    reasons = [{name: plain(getattr(reason, name)) for name in REASON} for reason in one.reasons]
    about = {"portfolio_id": one.portfolio_id, "policy": one.policy, "deadline": plain(one.deadline)}
    return {**about, "ready": one.is_ready, "reasons": reasons}
