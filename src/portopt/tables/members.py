"""Who belonged to a universe when: a row a stay, from valid_from to before valid_to, as was known from known_from on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

from portopt.domain.backtest import Membership
from portopt.tables.account import Account
from portopt.tables.actions import days_of_rows
from portopt.tables.delivered import Delivered
from portopt.tables.names import ASSET
from portopt.tables.rows import Wanted, file_name, read_rows

MEMBERS = Wanted(
    {
        "asset": (*ASSET, "wertpapier", "kürzel"),
        "valid_from": ("valid_from", "from", "start", "start_date", "added", "date_added", "entry", "entry_date", "von"),
        "valid_to": ("valid_to", "to", "until", "end", "end_date", "removed", "date_removed", "exit", "exit_date", "bis"),
        "known_from": ("known_from", "announced", "announcement_date", "published"),
    },
    required=("asset", "valid_from"), numbers=(), beside=("name", "sector", "weight", "reason", "index"), what="members",
)  # fmt: skip


def read_members(path: str | Path | Delivered, notes: list[str] | None = None) -> tuple[Membership, ...]:
    """Every stay of a CSV, TSV, XLSX, Parquet or JSON file, or of a body; by asset and day of entry.

    An empty valid_to is still a member; on the day valid_to itself it is none any more. Errors as read_actions.
    """
    said = Account(file_name(path))
    rows = read_rows(path, MEMBERS, said)
    days = days_of_rows(rows, ("valid_from", "valid_to", "known_from"), said)
    found: dict[Membership, int] = {}
    for row in rows:
        asset, begins = row.get("asset"), days.get(row.get("valid_from") or "")
        ends, known = (days.get(row.get(name) or "") for name in ("valid_to", "known_from"))
        if asset is None or row.get("valid_from") is None:
            said.wrong(
                f"row {row.number}: a member without {'an asset' if asset is None else 'a day of entry'}", "fill the row"
            )
        elif begins is not None:
            _require_order(row.number, asset, begins, ends, said)
            member = Membership(asset, begins, ends, known)
            if member in found:
                said.note(f"row {row.number} repeats row {found[member]} and was not read again")
            found.setdefault(member, row.number)
    stays = sorted(found, key=lambda member: (member.asset_id, member.valid_from))
    _require_apart(stays, found, said)
    said.finish("members")
    if notes is not None:
        notes += said.notes
    return tuple(stays)


def _require_order(number: int, asset: str, begins: date, ends: date | None, said: Account) -> None:
    if ends is not None and ends <= begins:
        said.wrong(f"row {number}: {asset} leaves on {ends}, not after it came on {begins}", "correct one of the two dates")


def _require_apart(stays: Sequence[Membership], rows: dict[Membership, int], said: Account) -> None:
    """Stays of one asset that overlap say two things of one day."""
    for one, other in pairwise(stays):
        if one.asset_id == other.asset_id and (one.valid_to is None or other.valid_from < one.valid_to):
            until = f"until {one.valid_to}" if one.valid_to else "without an end"
            both = f"rows {rows[one]} and {rows[other]}: {one.asset_id} is a member from {one.valid_from} {until}"
            said.wrong(f"{both}, and comes again on {other.valid_from}", "write when the first stay ended")
