"""Which portfolios get a deployment of their own: a table, a row each, or every portfolio on record."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError

from portopt.domain.errors import DataError, FileNotReadable, UnknownField
from portopt.doors.form import RebalanceForm
from portopt.doors.form_fields import ShippedPolicy

if TYPE_CHECKING:
    from portopt.adapters.jobs.deployments import Wanted
    from portopt.runtime import Runtime

WHEN = ("cron", "timezone", "active")
MOST = 5_000  # portfolios; a deployment each is a row and a schedule on the workflow server
FIELD = "--portfolios"


def wanted_from(path: Path) -> list[Wanted]:
    """In the order of the file. Columns: the fields of the run form, and cron, timezone, active; an empty cell is the default.

    Raises FileNotReadable, UnknownField, and DataError that names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise FileNotReadable(f"{path}: {why}", field=FIELD, value=str(path), fixes=["name a CSV file"]) from None
    reader = csv.reader(io.StringIO(text))
    header = [cell.strip().lower() for cell in next(reader, [])]
    known = (*RebalanceForm.model_fields, *WHEN)
    for name in header:
        if name not in known:
            raise UnknownField(name, known, path=FIELD, value=name)
    if "portfolio_id" not in header:
        raise DataError(f"{path}: no column is called portfolio_id", field=FIELD, fixes=[f"columns: {', '.join(known)}"])
    found = [_wanted(path, line, row) for line, row in _rows(path, reader, header)]
    _require_once(path, found)
    return found


def wanted_of_all(runtime: Runtime, cron: str | None, timezone: str) -> list[Wanted]:
    """Every portfolio on record whose holdings are, under its own policy, from its own holdings."""
    from portopt.adapters.jobs.deployments import Wanted

    kept = runtime.waves.portfolios()
    return [
        Wanted(name, {"portfolio_id": name, "holdings": "store", **_policy(policy)}, cron, timezone)
        for name, (policy, held) in sorted(kept.items())
        if held
    ]


def _policy(name: str) -> dict[str, str]:
    return {"policy": name} if name in get_args(ShippedPolicy) else {"custom_policy": name}


def _rows(path: Path, reader: Any, header: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    for count, row in enumerate(row for row in reader if any(cell.strip() for cell in row)):
        line = reader.line_num
        if count >= MOST:
            raise DataError(f"{path}, line {line}: more than {MOST} portfolios", field=FIELD, value=line)
        if any(cell.strip() for cell in row[len(header) :]):
            raise DataError(f"{path}, line {line}: has more cells than the first row names", field=FIELD, value=line)
        yield line, {name: cell.strip() for name, cell in zip(header, row, strict=False) if cell.strip()}


def _wanted(path: Path, line: int, row: Mapping[str, str]) -> Wanted:
    from portopt.adapters.jobs.deployments import Wanted

    order = {name: value for name, value in row.items() if name not in WHEN}
    if "portfolio_id" not in order:
        raise DataError(f"{path}, line {line}: there is no portfolio_id", field=FIELD, value=line)
    try:
        form = RebalanceForm.model_validate(order)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(
            f"{path}, line {line}: {'.'.join(str(part) for part in first['loc'])} = {first.get('input')!r}: {first['msg']}",
            field=FIELD, value=line,
        ) from None  # fmt: skip
    said = form.model_dump(mode="json", include=set(order))
    cron, timezone = row.get("cron"), row.get("timezone", "UTC")
    _require_time(path, line, cron, timezone)
    return Wanted(form.portfolio_id, said, cron, timezone, _truth(path, line, row.get("active", "true")))


def _require_time(path: Path, line: int, cron: str | None, timezone: str) -> None:
    """Raises DataError for what is no cron line, or no place's time."""
    from portopt.adapters.jobs.deployments import wrong_in_schedule

    wrong = wrong_in_schedule(cron, timezone)
    if wrong is not None:
        fixes = ["cron: minute hour day month weekday, as in 30 17 * * 1-5", "timezone: a place, as in America/New_York"]
        raise DataError(f"{path}, line {line}: {wrong}", field=FIELD, value=line, fixes=fixes)


def _truth(path: Path, line: int, said: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if said.lower() not in words:
        raise DataError(f"{path}, line {line}: active = {said!r}; true or false", field=FIELD, value=line)
    return words[said.lower()]


def _require_once(path: Path, found: list[Wanted]) -> None:
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: {', '.join(twice[:5])} is named more than once", field=FIELD, value=twice[0])
