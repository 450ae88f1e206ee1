"""Waves and their items to rows and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from portopt.adapters.store.approval_rows import approval_from
from portopt.adapters.store.records import fits
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue, PortoptError
from portopt.domain.run import RunStatus
from portopt.domain.wave import ENDED, ItemEnd, ItemState, Wave, WaveItem, WaveKind, WaveTrade

LONGEST_CAUSE = 500
ITEM = (
    "wave_id", "number", "portfolio_id", "policy", "deadline", "state", "attempts", "owner", "leased_until", "run_id",
    "problem", "ended_at", "seconds", "gap",
)  # fmt: skip


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
    """row: of ITEM, beside that of its run's status and approval."""
    found = {name: row[name] for name in ITEM}
    status = row["run_status"]
    return WaveItem(
        **{**found, "state": ItemState(row["state"])}, status=None if status is None else RunStatus(status),
        approval=approval_from(row),
    )  # fmt: skip


def trades_data(trades: Sequence[WaveTrade]) -> list[list[str]]:
    """Decimals as texts: no digit passes through a binary fraction."""
    return [[t.asset_id, t.side, str(t.shares), str(t.value), str(t.cost)] for t in trades]


def trades_from(rows: Sequence[Sequence[str]]) -> list[WaveTrade]:
    return [WaveTrade(asset_id, side, *map(Decimal, amounts)) for asset_id, side, *amounts in rows]


def end_values(end: ItemEnd, now: datetime) -> dict[str, Any]:
    """What of an item's row its end says; one that waits again has a problem so far, and no end."""
    free = {"owner": None, "leased_until": None, "ended_at": now if end.state in ENDED else None}
    said = {"run_id": end.run_id, "problem": plain(end.problem), "seconds": end.seconds, "gap": end.gap}
    said |= {"trades": trades_data(end.trades) if end.state is ItemState.PROPOSED else None}
    return {"state": end.state.value, **said, **free}


def never_ended(number: int, attempts: int) -> dict[str, Any]:
    """The problem of an item that ends whatever works on it."""
    said = f"item {number} was taken up {attempts} times and never ended: its book stays as it is"
    fixes = ["rebalance it by itself, and look at what ends the process", "ask again with a smaller universe"]
    return PortoptError(said, field="item", value=number, measured={"attempts": attempts}, fixes=fixes).problem()
