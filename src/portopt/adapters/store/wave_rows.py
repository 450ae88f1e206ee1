"""Waves and their items to rows and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portopt.adapters.store.records import fits
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue, PortoptError
from portopt.domain.wave import ENDED, ItemEnd, ItemState, Wave, WaveItem, WaveKind

LONGEST_CAUSE = 500


def wave_row(wave: Wave) -> dict[str, Any]:
    """Raises InvalidValue for a cause that says nothing, or too much."""
    if not wave.cause.strip() or len(wave.cause) > LONGEST_CAUSE or "\x00" in wave.cause:
        raise InvalidValue("cause", wave.cause[:40], f"say in 1 to {LONGEST_CAUSE} characters why", fix='"the month ended"')
    return {
        "wave_id": wave.wave_id,
        "cause": wave.cause,
        "kind": wave.kind.value,
        "policies": plain(wave.policies),
        "provider": wave.provider,
        "as_of": wave.as_of,
        "await_approval": wave.await_approval,
        "asked_by": wave.asked_by,
        "created_at": wave.created_at,
        "ended_at": wave.ended_at,
    }


def wave_from(row: Mapping[str, Any]) -> Wave:
    return Wave(**{**row, "kind": WaveKind(row["kind"])})


def item_row(item: WaveItem) -> dict[str, Any]:
    """Of an item that waits."""
    return {
        "wave_id": item.wave_id,
        "number": item.number,
        "portfolio_id": fits("portfolio_id", item.portfolio_id),
        "policy": fits("policy", item.policy),
        "deadline": item.deadline,
        "state": item.state.value,
    }


def item_from(row: Mapping[str, Any]) -> WaveItem:
    return WaveItem(**{**row, "state": ItemState(row["state"])})


def end_values(end: ItemEnd, now: datetime) -> dict[str, Any]:
    """What of an item's row its end says; one that waits again has a problem so far, and no end."""
    free = {"owner": None, "leased_until": None, "ended_at": now if end.state in ENDED else None}
    said = {"run_id": end.run_id, "problem": plain(end.problem), "seconds": end.seconds, "gap": end.gap}
    return {"state": end.state.value, **said, **free}


def never_ended(number: int, attempts: int) -> dict[str, Any]:
    """The problem of an item that ends whatever works on it."""
    said = f"item {number} was taken up {attempts} times and never ended: its book stays as it is"
    fixes = ["rebalance it by itself, and look at what ends the process", "ask again with a smaller universe"]
    return PortoptError(said, field="item", value=number, measured={"attempts": attempts}, fixes=fixes).problem()
