"""Figures of whole days as Parquet, a folder a day and a file a figure, for questions that go back further than the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from portopt.domain.errors import DataError
from portopt.monitoring.catalog import CATALOG

if TYPE_CHECKING:
    from portopt.runtime import Runtime

DAYS_BACK = 35  # that may not be archived yet
MOST_A_DAY = 5_000_000  # figures of one name


def archive(runtime: Runtime, now: datetime, *, days: int = DAYS_BACK, until: datetime | None = None) -> dict[str, int]:
    """Put every whole day before today that has figures and is not there yet into the archive. Safe to repeat.

    until: days that begin after it are left for another time. Returns {"days", "figures"} that were written.
    Raises DataError for a day of more figures than one file may hold, which is then neither archived nor thinned.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    done = {"days": 0, "figures": 0}
    if not runtime.has_store:
        return done
    there = runtime.figure_archive.kept()
    for back in range(days, 0, -1):
        day = today - timedelta(days=back)
        if f"{day:%Y-%m-%d}" in there or (until is not None and day > until):
            continue
        written = _archive_day(runtime, day)
        done = {"days": done["days"] + bool(written), "figures": done["figures"] + written}
    return done


def _archive_day(runtime: Runtime, day: datetime) -> int:
    """Returns how many figures there were."""
    from portopt.reports.watch.files import figures_parquet

    tables: dict[str, bytes] = {}
    written = 0
    for name in CATALOG:
        found = runtime.figures.series(name, day, day + timedelta(days=1), limit=MOST_A_DAY + 1)
        if len(found) > MOST_A_DAY:
            raise DataError(f"{name} was measured more than {MOST_A_DAY:,} times on {day:%Y-%m-%d}: too many for one file",
                            field="figures", value=name)  # fmt: skip
        if found:
            tables[name] = figures_parquet(found)
            written += len(found)
    if tables:
        runtime.figure_archive.keep(f"{day:%Y-%m-%d}", tables)
    return written
