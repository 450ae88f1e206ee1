"""A model portfolio, and what funds are made of, from files people keep: JSON, or a table, a row for each target or share."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from portopt.domain.errors import FileNotReadable
from portopt.domain.universe import CASH
from portopt.tables.account import Account
from portopt.tables.names import ASSET
from portopt.tables.rows import Row, Wanted, file_name, read_rows

GROUPS = ("sector", "asset_class")
NEVER = ("never", "null", "none", "never sold")
KINDS = {"asset": "asset", "name": "asset", "holding": "asset", "sector": "sector", "asset_class": "asset_class",
         "asset class": "asset_class", "class": "asset_class"}  # fmt: skip
MODEL = Wanted(
    {"asset": ASSET, "target": ("target", "target_weight", "weight"), "band": ("band", "tolerance"), "sector": ("sector",),
     "asset_class": ("asset_class", "class")},
    required=("target",), numbers=("target",), beside=("name", "description", "shares", "price"), what="model",
    percent=("target",),
)  # fmt: skip
PARTS = Wanted(
    {"fund": ("fund", *ASSET), "share": ("share", "weight"), "kind": ("kind", "of"), "part": ("part", "name", "holding")},
    required=("fund", "share", "kind", "part"), numbers=("share",), beside=("description", "as_of", "date"), what="composition",
    percent=("share",),
)  # fmt: skip


def read_model(path: str | Path, notes: list[str] | None = None) -> Any:
    """A JSON model as it stands; of a table, a row for each target: asset (or sector, or asset_class), target, band.

    band: 0.05, 25%, 5/25, or "never" for what is never sold; an empty cell has the usual one. Raises FileNotReadable,
    MalformedDocument; DataError naming row and column of everything wrong at once.
    """
    if str(path).endswith(".json"):
        return _json(path)
    said = Account(file_name(path))
    found: dict[str, dict[str, Any]] = {"weights": {}, **{group: {} for group in GROUPS}}
    for row in read_rows(path, MODEL, said):
        place, name = _whose(row)
        target = row.get("target")
        if not name or target is None:
            said.wrong(f"row {row.number}: names no {'target' if name else 'asset'}", f"fill the rows named in {said.where}")
        elif name in found[place]:
            said.wrong(f"row {row.number}: {name} has a target already", f"keep one row of {name}")
        else:
            found[place][name] = {"target": float(Decimal(target)), **_band(row)}
    said.finish("model")
    _tell(said, notes)
    return {place: targets for place, targets in found.items() if targets}


def read_composition(path: str | Path, notes: list[str] | None = None) -> Any:
    """A JSON composition as it stands; of a table, a row for each share: fund, kind (asset, sector, class), part, share."""
    if str(path).endswith(".json"):
        return _json(path)
    said = Account(file_name(path))
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in read_rows(path, PARTS, said):
        fund, part, share, kind = (row.get(name) for name in ("fund", "part", "share", "kind"))
        of = KINDS.get((kind or "").lower())
        if not fund or not part or share is None or of is None:
            why = "says no fund, part and share" if of else f"kind {kind!r} is none of asset, sector, asset_class"
            said.wrong(f"row {row.number}: {why}", f"correct the rows named in {said.where}")
            continue
        parts = found.setdefault(fund, {}).setdefault(of, {})
        parts[part] = parts.get(part, 0.0) + float(Decimal(share))
    said.finish("composition")
    _tell(said, notes)
    return found


def _whose(row: Row) -> tuple[str, str | None]:
    asset = row.get("asset")
    if asset:
        return "weights", CASH if asset.upper() == CASH else asset
    return next(((group, row.get(group)) for group in GROUPS if row.get(group)), ("weights", None))


def _band(row: Row) -> dict[str, Any]:
    text = row.get("band")
    if text is None:
        return {}
    if text.lower() in NEVER:
        return {"band": None}
    try:
        return {"band": float(text)}
    except ValueError:
        return {"band": text}


def _json(path: str | Path) -> Any:
    from portopt.dialects.reading import parse_json

    try:
        return parse_json(Path(path).read_bytes())
    except OSError as error:
        why = error.strerror or str(error)
        raise FileNotReadable(f"cannot read {str(path)!r}: {why}", field="model", value=str(path)) from None


def _tell(said: Account, notes: list[str] | None) -> None:
    if notes is not None:
        notes += [note for note in said.notes if note not in notes]
